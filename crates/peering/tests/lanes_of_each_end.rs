//! Which lane does what: the requester's makes the connection and deletes it, the accepter's accepts it, each writes its own routes.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::groups::Work;
use isthmus_peering::ledger::{PairKey, Update};
use isthmus_peering::ports::{LedgerWrites, Location};
use isthmus_testing::grouped::{leave, peered, planned_for, two_lanes};
use isthmus_testing::{Memory, groups_arn, in_virtual_time, run_groups, stack, work_at};
use serde_json::json;
use std::slice::from_ref;

/// Two members of a group in two lanes, the requester first, whose pair a run holds and nobody has worked on.
fn held() -> (Memory, [End; 2], PairKey) {
    let (memory, ends) = two_lanes();
    let stack = stack();
    let (requester, accepter) = stack.direction(&ends[0], &ends[1]);
    let pair = PairKey::of([requester, accepter]);
    let acquire = Update::acquire(&groups_arn("a run"), "now", None);
    in_virtual_time(memory.ledger.update(&pair, &acquire)).expect("an answer");
    (memory, [requester.clone(), accepter.clone()], pair)
}

fn set_up(memory: &Memory, end: &End, pair: &PairKey) -> Vec<&'static str> {
    work_at(memory, "a run", from_ref(end), pair, Work::SetUp)
}

/// What the plan of that run tells each lane to do.
fn told(memory: &Memory, run: &str) -> Vec<(Location, Vec<(Work, PairKey)>)> {
    let planned = in_virtual_time(planned_for(memory, &stack(), run, json!({}))).expect("planned");
    planned.lanes.iter().map(|lane| (lane.at(), lane.pairs())).collect()
}

#[test]
fn the_lane_of_the_requester_alone_makes_the_connection() {
    let (memory, [requester, accepter], pair) = held();
    assert_eq!(set_up(&memory, &accepter, &pair), [""; 0]);
    assert_eq!(set_up(&memory, &requester, &pair)[0], "create_connection");
}

#[test]
fn the_lane_of_the_accepter_alone_accepts_it() {
    let (memory, [requester, accepter], pair) = held();
    assert_eq!(set_up(&memory, &requester, &pair), ["create_connection"]);
    assert_eq!(memory.connections()[0].status, Status::PendingAcceptance);
    assert_eq!(set_up(&memory, &accepter, &pair), ["tag_connection", "accept_connection", "create_route"]);
    assert_eq!(set_up(&memory, &requester, &pair), ["create_route"]);
    assert_eq!(peered(&memory, &[requester, accepter]), 1);
}

#[test]
fn the_lanes_of_both_ends_delete_their_routes_and_that_of_the_requester_the_connection() {
    let (memory, ends) = two_lanes();
    run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    let requester = memory.connections()[0].identity.requester.clone();
    let pair = PairKey::of([&ends[0], &ends[1]]);
    leave(&memory, &ends);

    let routes = told(&memory, "gone");
    assert_eq!(
        routes.iter().map(|(_, work)| work.clone()).collect::<Vec<_>>(),
        [[(Work::DeleteRoutes, pair.clone())], [(Work::DeleteRoutes, pair.clone())]]
    );
    work_at(&memory, "gone", &ends, &pair, Work::DeleteRoutes);
    assert!(ends.iter().all(|end| memory.tables(end)[0].routes.len() == 1), "its own route alone");

    assert_eq!(told(&memory, "gone"), [(Location::from(&requester), vec![(Work::DeleteConnection, pair)])]);
}

/// Nothing asks for it any more, and no Region shows it yet: it is deleted by its id, and not forgotten.
#[test]
fn the_lane_of_the_requester_deletes_a_connection_that_is_not_shown_yet() {
    let (memory, ends, pair) = held();
    memory.hide_new_connections(usize::MAX);
    set_up(&memory, &ends[0], &pair);
    leave(&memory, &ends);
    assert_eq!(told(&memory, "a run"), [(Location::from(&ends[0]), vec![(Work::DeleteConnection, pair.clone())])]);
    let item = memory.ledger.get(&pair).expect("an item");
    assert_eq!(item.own_connection(), Some(memory.connections()[0].id()));
}
