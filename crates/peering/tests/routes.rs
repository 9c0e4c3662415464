//! The route plan: idempotent, and careful with everything that isn't ours.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use ipnet::IpNet;
use isthmus_peering::connection::End;
use isthmus_peering::ids::{RouteTableId, VpcPeeringConnectionId};
use isthmus_peering::plan::SidePlan;
use isthmus_peering::route_tables::{Route, RouteTable, Target};
use isthmus_peering::routes::{Action, DesiredRoutes, PlannedRoute, RoutePlan, plan_routes};
use proptest::prelude::*;
use std::collections::BTreeSet;

const OURS: &str = "pcx-00000001";
const GONE: &str = "pcx-00000002";
const STRANGER: &str = "pcx-00000003";

fn pcx(id: &str) -> VpcPeeringConnectionId {
    id.parse().expect("an id")
}

fn destination() -> impl Strategy<Value = IpNet> {
    // Few, so that what is desired often has a route already.
    let v4 = (0_u8..4, 16_u8..=18).prop_map(|(net, bits)| format!("10.{net}.0.0/{bits}"));
    let v6 = (0_u8..3).prop_map(|net| format!("fd00:{net}::/64"));
    prop_oneof![v4, v6].prop_map(|text| text.parse().expect("a block"))
}

fn route() -> impl Strategy<Value = Route> {
    let target = prop_oneof![
        Just(Target::Peering(pcx(OURS))),
        Just(Target::Peering(pcx(GONE))),
        Just(Target::Peering(pcx(STRANGER))),
        Just(Target::Other("igw-0a1b2c3d".into())),
        Just(Target::Other("local".into())),
    ];
    (destination(), target, any::<bool>(), any::<bool>())
        .prop_map(|(destination, target, blackhole, propagated)| Route { destination, target, blackhole, propagated })
}

/// A table has one static route to a destination; a propagated one may stand beside it.
fn table(number: usize) -> impl Strategy<Value = RouteTable> {
    proptest::collection::vec(route(), 0..12).prop_map(move |routes| {
        let mut seen = BTreeSet::new();
        RouteTable {
            id: format!("rtb-{number:08x}").parse().expect("an id"),
            main: number == 0,
            edge: false,
            subnets: BTreeSet::new(),
            tags: Default::default(),
            routes: routes.into_iter().filter(|r| seen.insert((r.destination, r.propagated))).collect(),
            prefix_lists: Vec::new(),
        }
    })
}

fn tables() -> impl Strategy<Value = Vec<RouteTable>> {
    (table(0), table(1), table(2)).prop_map(|(a, b, c)| vec![a, b, c])
}

fn decide(tables: &[RouteTable], destinations: &BTreeSet<IpNet>, limit: u32) -> RoutePlan {
    let tables: Vec<_> = tables.iter().map(|table| (table, destinations.clone())).collect();
    let gone = BTreeSet::from([pcx(GONE)]);
    plan_routes(&DesiredRoutes {
        tables: &tables,
        connection: Some(&pcx(OURS)),
        deleted: &gone,
        routes_per_table: limit,
        established: false,
    })
}

/// Carries out a plan as `UpdateRoutes` does.
fn apply(tables: &mut [RouteTable], plan: &RoutePlan) {
    for PlannedRoute { table, destination, action } in &plan.routes {
        let table = tables.iter_mut().find(|t| t.id == *table).expect("a planned table");
        if *action == Action::Repaired {
            table.routes.retain(|r| r.destination != *destination || r.propagated);
        }
        if *action != Action::Unchanged {
            let target = Target::Peering(pcx(OURS));
            table.routes.push(Route { destination: *destination, target, blackhole: false, propagated: false });
        }
    }
}

/// What belongs to others: everything but routes to our connection and blackholes to one that is gone.
fn foreign(tables: &[RouteTable]) -> Vec<(RouteTableId, Route)> {
    let is_foreign = |route: &Route| match &route.target {
        Target::Peering(id) if *id == pcx(OURS) => false,
        Target::Peering(id) if *id == pcx(GONE) => !route.blackhole || route.propagated,
        _ => true,
    };
    tables.iter().flat_map(|t| t.routes.iter().filter(|r| is_foreign(r)).map(|r| (t.id.clone(), r.clone()))).collect()
}

proptest! {
    #[test]
    fn applied_once_there_is_nothing_left_to_do(before in tables(), desired in proptest::collection::btree_set(destination(), 0..6)) {
        let mut after = before.clone();
        let first = decide(&before, &desired, 1_000);
        apply(&mut after, &first);
        let second = decide(&after, &desired, 1_000);
        prop_assert!(second.routes.iter().all(|route| route.action == Action::Unchanged));
        prop_assert_eq!(second.conflicts, first.conflicts);
    }

    #[test]
    fn what_belongs_to_others_comes_out_identical(before in tables(), desired in proptest::collection::btree_set(destination(), 0..6)) {
        let mut after = before.clone();
        apply(&mut after, &decide(&before, &desired, 1_000));
        prop_assert_eq!(foreign(&before), foreign(&after));
    }

    #[test]
    fn every_desired_route_is_planned_or_in_conflict(before in tables(), desired in proptest::collection::btree_set(destination(), 0..6)) {
        let plan = decide(&before, &desired, 1_000);
        prop_assert_eq!(plan.routes.len() + plan.conflicts.len(), before.len() * desired.len());
        for conflict in plan.conflicts {
            let table = before.iter().find(|t| t.id == conflict.route_table_id).expect("its table");
            prop_assert!(table.routes.iter().any(|r| r.destination == conflict.destination_cidr_block && r.target.to_string() == conflict.target));
        }
    }

    #[test]
    fn no_table_ends_above_its_quota(before in tables(), desired in proptest::collection::btree_set(destination(), 0..6), limit in 1_u32..12) {
        let plan = decide(&before, &desired, limit);
        let mut after = before.clone();
        apply(&mut after, &plan);
        for (before, after) in before.iter().zip(&after).filter(|(before, _)| !plan.full.contains(&before.id)) {
            for v4 in [true, false] {
                let count = |t: &RouteTable| {
                    t.routes.iter().filter(|r| !r.propagated && matches!(r.destination, IpNet::V4(_)) == v4).count()
                };
                prop_assert!(count(after) <= limit as usize || count(after) == count(before));
            }
        }
    }

    #[test]
    fn the_compact_plan_says_the_same(before in tables(), desired in proptest::collection::btree_set(destination(), 0..6)) {
        let plan = decide(&before, &desired, 1_000);
        let end: End = serde_json::from_value(serde_json::json!({"VpcId": "vpc-00000001", "Region": "us-east-1", "OwnerId": "123456789012"})).expect("an end");
        let key = |r: &PlannedRoute| (r.table.clone(), r.destination);
        let mut straight = plan.routes.clone();
        straight.sort_by_key(key);
        let mut through: Vec<PlannedRoute> = SidePlan::new(end, plan.routes).routes().collect();
        through.sort_by_key(key);
        prop_assert_eq!(straight, through);
    }
}

#[test]
fn the_largest_legal_plan_is_small() {
    let end: End = serde_json::from_value(
        serde_json::json!({"VpcId": "vpc-0123456789abcdef0", "Region": "ap-southeast-2", "OwnerId": "123456789012"}),
    )
    .expect("an end");
    let destinations: Vec<IpNet> = (0..6).map(|n| format!("10.{}.0.0/16", 100 + n).parse().expect("a block")).collect();
    // The worst case: every table wants something else.
    let routes = (0..200_u32).flat_map(|table| {
        destinations.iter().enumerate().map(move |(bit, &destination)| PlannedRoute {
            table: format!("rtb-{table:017x}").parse().expect("an id"),
            destination,
            action: if table >> bit & 1 == 1 { Action::Created } else { Action::Unchanged },
        })
    });
    let plan = serde_json::to_string(&SidePlan::new(end, routes.collect())).expect("JSON");
    assert!(plan.len() < 40_000, "{} bytes a side", plan.len());
}

fn block(text: &str) -> IpNet {
    text.parse().expect("a block")
}

fn table_with(routes: Vec<Route>) -> RouteTable {
    RouteTable {
        id: "rtb-0a1b2c3d".parse().expect("an id"),
        main: true,
        edge: false,
        subnets: BTreeSet::new(),
        tags: Default::default(),
        routes,
        prefix_lists: Vec::new(),
    }
}

#[test]
fn a_route_to_somebody_else_s_connection_is_a_conflict() {
    let destination = block("10.2.0.0/16");
    for blackhole in [false, true] {
        let theirs = Route { destination, target: Target::Peering(pcx(STRANGER)), blackhole, propagated: false };
        let plan = decide(&[table_with(vec![theirs])], &BTreeSet::from([destination]), 500);
        assert_eq!((plan.conflicts.len(), plan.routes), (1, Vec::new()));
        assert_eq!(plan.conflicts[0].target, STRANGER);
    }
}

#[test]
fn a_propagated_route_gives_way_and_a_shadow_is_told() {
    let other = |destination, propagated| Route {
        destination: block(destination),
        target: Target::Other("vgw-0a1b2c3d".into()),
        blackhole: false,
        propagated,
    };
    let table = table_with(vec![other("10.2.0.0/16", true), other("10.2.7.0/24", false)]);
    let plan = decide(&[table], &BTreeSet::from([block("10.2.0.0/16")]), 500);
    assert_eq!(plan.conflicts, []);
    assert_eq!(
        plan.warnings,
        [
            "rtb-0a1b2c3d: the route to 10.2.0.0/16 overrides one propagated by vgw-0a1b2c3d",
            "rtb-0a1b2c3d: the more specific route 10.2.7.0/24 to vgw-0a1b2c3d shadows part of 10.2.0.0/16"
        ]
    );
}
