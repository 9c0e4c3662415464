//! A place in a route table that somebody else takes: before the plan, or between the plan and the call that writes it.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::ids::VpcPeeringConnectionId;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{end, ends, foreign, network, peered, request, routed, routes_to_peerings};
use isthmus_testing::{Faulty, Memory, execute};
use serde_json::json;
use std::cell::Cell;

/// A third VPC's connection with the first one.
fn of_third(memory: &Memory, status: Status) -> VpcPeeringConnectionId {
    let third = end("vpc-0000000c", "us-east-1");
    memory.add_vpc(&third, &["10.9.0.0/16"], 1);
    memory.add_connection(&ends().0, &third, status)
}

fn to(id: &VpcPeeringConnectionId, blackhole: bool) -> Route {
    Route { target: Target::Peering(id.clone()), blackhole, ..foreign("10.2.0.0/16") }
}

fn leads_to(memory: &Memory, end: &End, table: usize, id: &VpcPeeringConnectionId) -> bool {
    memory.tables(end)[table].routes.iter().any(|route| route.target == Target::Peering(id.clone()))
}

/// It is a blackhole until the connection is accepted, which may be in a moment.
#[tokio::test]
async fn a_blackhole_to_a_connection_that_may_become_active_is_a_conflict() {
    let memory = network();
    let pending = of_third(&memory, Status::PendingAcceptance);
    memory.add_route(&ends().0, 0, to(&pending, true));
    let (error, _) = execute(&memory, "new", &request()).await.expect_err("a conflict");
    assert_eq!(error, "RouteConflict");
    assert!(leads_to(&memory, &ends().0, 0, &pending));
}

/// At whichever call of a set-up somebody's route to another connection appears: it stays, and the set-up is undone.
#[tokio::test]
async fn a_new_peering_is_undone_where_somebody_was_faster() {
    let (one, _) = ends();
    let is_free = |memory: &Memory| !routed(memory, &one).contains(&(1, "10.2.0.0/16".into()));
    for calls in 0..20 {
        let memory = network();
        let theirs = of_third(&memory, Status::Active);
        let appears = |memory: &Memory| {
            if is_free(memory) {
                memory.add_route(&one, 1, to(&theirs, false));
            }
        };
        let during = Faulty::interrupted(&memory, calls, &appears);
        let ended = execute(&during, "new", &request()).await;
        if leads_to(&memory, &one, 1, &theirs) {
            assert_eq!(ended.expect_err("a conflict").0, "RouteConflict", "call {calls}");
            assert_eq!(routes_to_peerings(&memory), 1, "call {calls}: theirs alone");
        } else {
            ended.expect("peered");
        }
    }
}

/// At whichever call of a repair the blackhole of ours gives way to one that isn't ours: that one stays.
#[tokio::test]
async fn a_blackhole_is_looked_at_once_more_before_it_is_deleted() {
    let (one, _) = ends();
    for calls in 0..20 {
        let memory = peered().await;
        memory.delete(&memory.connections()[0]);
        let theirs = of_third(&memory, Status::PendingAcceptance);
        let gone = memory.connections()[0].id().clone();
        let is_replaced = Cell::new(false);
        let replaced = |memory: &Memory| {
            if leads_to(memory, &one, 1, &gone) {
                is_replaced.set(true);
                memory.drop_routes(&one, "10.2.0.0/16");
                memory.add_route(&one, 1, to(&theirs, true));
            }
        };
        let during = Faulty::interrupted(&memory, calls, &replaced);
        let _whatever = execute(&during, "again", &request()).await;
        assert_eq!(leads_to(&memory, &one, 1, &theirs), is_replaced.get(), "call {calls}");
    }
}

/// In one table, both count.
#[tokio::test]
async fn what_tags_and_an_execution_route_in_one_table_counts_together() {
    let (one, _) = ends();
    let memory = network();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    let mut narrower = request();
    narrower["Routes"] = json!({"Destinations": ["10.2.128.0/17"]});
    execute(&memory, "new", &narrower).await.expect("peered");
    let blocks: Vec<String> =
        routed(&memory, &one).into_iter().filter(|(table, _)| *table == 0).map(|(_, block)| block).collect();
    assert_eq!(blocks, ["10.2.0.0/16", "10.2.128.0/17", "fd00:2::/56"]);
}

/// It is theirs, also if they lead it to our connection one day.
#[tokio::test]
async fn a_place_that_leads_to_another_connection_is_recorded_no_longer() {
    let (one, _) = ends();
    let memory = peered().await;
    let theirs = of_third(&memory, Status::Active);
    memory.drop_routes(&one, "10.2.0.0/16");
    memory.add_route(&one, 0, to(&theirs, false));
    execute(&memory, "again", &request()).await.expect("repaired");
    assert!(leads_to(&memory, &one, 0, &theirs), "it is kept");
    let (item, tables) = (memory.ledger.all().remove(0), memory.tables(&one));
    let is_recorded = [0, 1]
        .map(|table: usize| item.routes_at(&one).contains(&tables[table].id, "10.2.0.0/16".parse().expect("a block")));
    assert_eq!(is_recorded, [false, true]);
}
