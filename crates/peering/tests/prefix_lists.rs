//! Routes to prefix lists, beside which ours are written: a static block has priority over the same block of a list.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use ipnet::IpNet;
use isthmus_peering::route_tables::{PrefixListRoute, RouteTable, Target};
use isthmus_peering::routes::{Action, DesiredRoutes, RoutePlan, plan_routes};
use std::collections::BTreeSet;

fn block(text: &str) -> IpNet {
    text.parse().expect("a block")
}

fn list(blocks: &[&str], size: usize) -> PrefixListRoute {
    PrefixListRoute {
        id: "pl-0a1b2c3d".into(),
        target: Target::Other("igw-0a1b2c3d".into()),
        blocks: Some(blocks.iter().map(|text| block(text)).collect()),
        is_v6: blocks.first().is_some_and(|text| text.contains(':')),
        size,
    }
}

fn plan(lists: Vec<PrefixListRoute>, destination: &str, established: bool) -> RoutePlan {
    let table = RouteTable {
        id: "rtb-0a1b2c3d".parse().expect("an id"),
        main: true,
        edge: false,
        subnets: BTreeSet::new(),
        tags: Default::default(),
        routes: Vec::new(),
        prefix_lists: lists,
    };
    plan_routes(&DesiredRoutes {
        tables: &[(&table, [block(destination)].into())],
        connection: Some(&"pcx-0a1b2c3d".parse().expect("an id")),
        deleted: &BTreeSet::new(),
        routes_per_table: 500,
        established,
    })
}

#[test]
fn the_same_block_is_a_conflict_that_names_the_list() {
    for destination in ["10.2.0.0/16", "fd00:2::/56"] {
        let plan = plan(vec![list(&["192.168.0.0/24"], 10), list(&[destination], 10)], destination, false);
        assert_eq!(plan.routes, []);
        assert_eq!(plan.conflicts[0].destination_cidr_block, block(destination));
        assert_eq!(plan.conflicts[0].target, "igw-0a1b2c3d by the prefix list pl-0a1b2c3d");
    }
}

#[test]
fn in_an_established_peering_it_is_kept() {
    let plan = plan(vec![list(&["10.2.0.0/16"], 10)], "10.2.0.0/16", true);
    assert_eq!((plan.routes[0].action, plan.conflicts.len()), (Action::Kept, 0));
    assert!(plan.warnings[0].contains("pl-0a1b2c3d"), "{:?}", plan.warnings);
}

#[test]
fn a_list_that_leads_to_the_same_connection_is_none() {
    let mut same = list(&["10.2.0.0/16", "10.2.9.0/24"], 10);
    same.target = Target::Peering("pcx-0a1b2c3d".parse().expect("an id"));
    let plan = plan(vec![same], "10.2.0.0/16", false);
    assert_eq!((plan.routes[0].action, plan.conflicts.len(), plan.warnings), (Action::Created, 0, vec![]));
}

#[test]
fn more_specific_and_broader_blocks_are_warnings() {
    for (of_list, warning) in [
        (
            "10.2.3.0/24",
            "more specific route 10.2.3.0/24 to igw-0a1b2c3d by the prefix list pl-0a1b2c3d shadows part of 10.2.0.0/16",
        ),
        (
            "10.0.0.0/8",
            "route to 10.2.0.0/16 takes a part of 10.0.0.0/8, which leads to igw-0a1b2c3d by the prefix list",
        ),
    ] {
        let plan = plan(vec![list(&[of_list], 10)], "10.2.0.0/16", false);
        assert_eq!(plan.routes[0].action, Action::Created);
        assert!(plan.warnings.iter().any(|told| told.contains(warning)), "{:?}", plan.warnings);
    }
    let plan = plan(vec![list(&["10.3.0.0/16", "0.0.0.0/0"], 10)], "10.2.0.0/16", false);
    assert_eq!(plan.warnings, [""; 0]);
}

#[test]
fn a_list_counts_with_all_that_it_may_have() {
    for (size, is_full) in [(499, false), (500, true), (1000, true)] {
        assert_eq!(!plan(vec![list(&["10.9.0.0/16"], size)], "10.2.0.0/16", false).full.is_empty(), is_full, "{size}");
    }
    let of_v6 = plan(vec![list(&["fd00::/8"], 1000)], "10.2.0.0/16", false);
    assert_eq!(of_v6.full, [], "IPv6 is counted apart");
}

#[test]
fn one_that_can_t_be_read_is_a_warning() {
    let unread = PrefixListRoute { blocks: None, ..list(&["10.2.0.0/16"], 1) };
    let plan = plan(vec![unread], "10.2.0.0/16", false);
    assert_eq!((plan.routes[0].action, plan.conflicts.len()), (Action::Created, 0));
    assert!(plan.warnings[0].contains("ec2:GetManagedPrefixListEntries"), "{:?}", plan.warnings);
}
