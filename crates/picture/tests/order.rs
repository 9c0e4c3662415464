//! The same network is the same picture.

mod networks;

use isthmus_picture::topology::{Topology, Vpc};
use isthmus_picture::{Theme, page, svg, widget};
use networks::network;
use proptest::prelude::*;

fn drawn(topology: &Topology) -> [String; 3] {
    [svg(topology), page(topology), widget(topology, Theme::Light)]
}

fn shuffled(size: usize) -> impl Strategy<Value = Topology> {
    let Topology { vpcs, peerings, .. } = network(size);
    (Just(vpcs).prop_shuffle(), Just(peerings).prop_shuffle(), any::<bool>()).prop_map(move |(vpcs, peerings, turn)| {
        let mut topology = Topology { vpcs, peerings, ..network(size) };
        if turn {
            topology.vpcs.iter_mut().for_each(|vpc: &mut Vpc| vpc.cidr_blocks.reverse());
            // AWS answers some lists twice where pages overlap.
            topology.vpcs.extend(topology.vpcs.first().cloned());
        }
        topology
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_order_of_the_lists(one in shuffled(30), of_two in shuffled(2)) {
        prop_assert!(drawn(&one) == drawn(&network(30)));
        prop_assert!(drawn(&of_two) == drawn(&network(2)));
    }
}
