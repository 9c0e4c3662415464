//! A topology as it is drawn: every text fit to be shown, and every list in one order, so that the same network is the same
//! picture, in whatever order AWS lists it.

use crate::text::clean;
use isthmus_topology::{End, Peering, RouteCounts, Topology, Unreachable, Vpc};
use std::net::IpAddr;

/// The same with clean texts, every list in order, and nothing listed twice.
pub(crate) fn presentable(topology: &Topology) -> Topology {
    let mut topology = topology.clone();
    clean_all([&mut topology.stack, &mut topology.tag_prefix, &mut topology.time]);
    topology.vpcs.iter_mut().for_each(Presentable::make_presentable);
    topology.peerings.iter_mut().for_each(Presentable::make_presentable);
    topology.unreachable.iter_mut().for_each(Presentable::make_presentable);
    sort(&mut topology.vpcs);
    topology.vpcs.dedup_by(|vpc, before| vpc.end == before.end);
    sort(&mut topology.peerings);
    sort(&mut topology.unreachable);
    topology
}

trait Presentable {
    fn make_presentable(&mut self);
}

impl Presentable for End {
    fn make_presentable(&mut self) {
        clean_all([&mut self.region, &mut self.owner_id, &mut self.vpc_id]);
    }
}

impl Presentable for Vpc {
    fn make_presentable(&mut self) {
        self.end.make_presentable();
        clean_all([&mut self.name]);
        clean_all(&mut self.cidr_blocks);
        self.cidr_blocks.sort_by_cached_key(|block| (address(block), block.clone()));
        self.cidr_blocks.dedup();
        for list in [&mut self.route_tables, &mut self.groups, &mut self.peers, &mut self.accepts] {
            clean_all(&mut *list);
            sort(list);
        }
    }
}

impl Presentable for Peering {
    fn make_presentable(&mut self) {
        self.requester.make_presentable();
        self.accepter.make_presentable();
        let texts = [&mut self.vpc_peering_connection_id, &mut self.status, &mut self.differs];
        clean_all(texts.into_iter().flatten());
        clean_all([&mut self.error, &mut self.message, &mut self.waits_for].into_iter().flatten());
        for list in [&mut self.requested_by.tags, &mut self.requested_by.groups] {
            clean_all(&mut *list);
            sort(list);
        }
        for RouteCounts { missing, .. } in self.routes.values_mut() {
            clean_all(
                missing.iter_mut().flat_map(|route| [&mut route.route_table_id, &mut route.destination_cidr_block]),
            );
            sort(missing);
        }
    }
}

impl Presentable for Unreachable {
    fn make_presentable(&mut self) {
        clean_all([&mut self.region, &mut self.owner_id].into_iter().flatten());
        clean_all([&mut self.message]);
    }
}

fn clean_all<'s>(texts: impl IntoIterator<Item = &'s mut String>) {
    texts.into_iter().for_each(|text| *text = clean(text));
}

fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort();
    list.dedup();
}

/// IPv4 before IPv6, each in the order of its numbers; what is no address comes last.
fn address(block: &str) -> (bool, Option<IpAddr>) {
    let address = block.split('/').next().and_then(|address| address.parse().ok());
    (address.is_none(), address)
}
