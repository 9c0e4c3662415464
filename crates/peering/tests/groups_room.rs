//! Groups: who is left out where EC2's quotas have no room for all.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::groups::{Role, RouteRoom};
use isthmus_testing::members::{Pairs, name, numbered, planned, planned_among, refused};

#[test]
fn a_full_hub_refuses_a_spoke_and_a_full_member_leaves_the_mesh() {
    let star = numbered(5, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    let plan = planned(&star, &Pairs::new(), 3);
    assert_eq!(refused(&plan), [((0, 4), "QuotaExceeded")].into());
    let mesh = numbered(5, |_| Role::Mesh);
    let plan = planned(&mesh, &Pairs::new(), 3);
    assert_eq!(plan.pairs.len(), 6, "a mesh of four");
    assert!(refused(&plan).into_iter().all(|((_, other), error)| (other, error) == (4, "QuotaExceeded")));
}

#[test]
fn a_member_without_room_is_left_out_and_the_rest_of_the_mesh_is_done() {
    for (number, full) in [(0, "first"), (1, "middle"), (2, "last")] {
        let mut small = numbered(4, |_| Role::Mesh);
        small[number].room = RouteRoom { v4: 1, v6: 0 };
        let plan = planned(&small, &Pairs::new(), 50);
        assert_eq!(plan.pairs.len(), 3, "{full}: a mesh of the three others");
        assert!(plan.pairs.iter().all(|(one, other)| *one != number && *other != number), "{full}");
        assert_eq!(refused(&plan).len(), 3, "{full}");
    }
    let mut used = numbered(3, |_| Role::Mesh);
    used[0].peerings = 50;
    let plan = planned(&used, &Pairs::new(), 50);
    assert_eq!(plan.pairs, [(1, 2)].into());
    let reasons: Vec<&str> = plan.groups[&name("payments")].refused.iter().map(|each| &*each.reason).collect();
    assert!(reasons.iter().all(|reason| reason.starts_with("vpc-00000000 has no room for 2 more")), "{reasons:?}");
}

#[test]
fn a_newcomer_is_left_out_where_one_that_stands_has_no_room_for_it() {
    let mut mesh = numbered(4, |_| Role::Mesh);
    mesh[1].room = RouteRoom { v4: 0, v6: 0 };
    let live: Pairs = [(1, 2), (1, 3), (2, 3)].into();
    let plan = planned(&mesh, &live, 50);
    assert_eq!(plan.pairs, live, "the one with the smallest id is new");
    assert!(refused(&plan).into_iter().all(|((one, _), error)| (one, error) == (0, "QuotaExceeded")));
}

#[test]
fn a_mesh_member_is_left_out_with_its_hub_too() {
    let mut members = numbered(4, |number| if number == 0 { Role::Hub } else { Role::Mesh });
    members[0].peerings = 48;
    let plan = planned(&members, &Pairs::new(), 50);
    assert_eq!(plan.pairs, [(0, 1), (0, 2), (1, 2)].into());
    assert_eq!(
        refused(&plan),
        [((0, 3), "QuotaExceeded"), ((1, 3), "QuotaExceeded"), ((2, 3), "QuotaExceeded")].into()
    );
}

#[test]
fn mesh_members_come_before_spokes() {
    let mut members = numbered(3, |number| [Role::Spoke, Role::Mesh, Role::Hub][number]);
    members[2].peerings = 49;
    assert_eq!(planned(&members, &Pairs::new(), 50).pairs, [(1, 2)].into());
}

#[test]
fn members_with_a_connection_come_before_those_without() {
    let mut members = numbered(4, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    members[3].groups.insert(name("ledger"), Role::Mesh);
    members[2].groups.insert(name("ledger"), Role::Mesh);
    members[0].peerings = 48;
    let live: Pairs = [(2, 3)].into();
    assert_eq!(planned(&members, &live, 50).pairs, [(0, 2), (0, 3), (2, 3)].into(), "not 1, whose id is smaller");
}

#[test]
fn what_peer_tags_ask_for_comes_before_groups() {
    let members = numbered(4, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    let plan = planned_among(&members, &Pairs::new(), &[(0, 3), (2, 3)].into(), &Pairs::new(), 2);
    assert_eq!(plan.pairs, [(0, 1), (0, 3), (2, 3)].into());
    assert_eq!(plan.groups[&name("payments")].pairs, [(0, 1), (0, 3)].into(), "two spokes are no pair of the group");
}
