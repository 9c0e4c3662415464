//! The connection is deleted by hand, and another one takes its place, ours or somebody else's.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{ends, foreign, network, request, routed, routes_to_peerings};
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::{Faulty, Memory, When, execute, tear_down};
use serde_json::{Value, json};

async fn peered_by_tags() -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    sweep_and_run(&memory).await;
    assert_eq!(routes_to_peerings(&memory), 6);
    memory
}

/// Somebody deletes ours, makes another connection, and routes the first table to it.
fn replace_by_hand(memory: &Memory) -> Target {
    let (one, other) = ends();
    memory.delete(&memory.connections()[0]);
    let theirs = Target::Peering(memory.add_connection(&other, &one, Status::Active));
    memory.drop_routes(&one, "10.2.0.0/16");
    memory.add_route(&one, 0, Route { target: theirs.clone(), ..foreign("10.2.0.0/16") });
    theirs
}

fn theirs_are_left(memory: &Memory, theirs: &Target) {
    let routes = memory.tables(&ends().0).into_iter().flat_map(|table| table.routes);
    let left: Vec<Route> = routes.filter(|route| matches!(route.target, Target::Peering(_))).collect();
    assert!(left.len() == 1 && left[0].target == *theirs, "{left:?}");
    assert!(memory.connections().iter().any(|connection| connection.status == Status::Active));
}

/// It is adopted; what leads to it already is somebody's own, though ours had the same place.
#[tokio::test]
async fn routes_to_somebody_else_s_connection_stay_theirs() {
    let memory = peered_by_tags().await;
    let theirs = replace_by_hand(&memory);
    for _ in 0..2 {
        sweep_and_run(&memory).await;
    }
    assert_eq!(routes_to_peerings(&memory), 6, "the rest is written");
    memory.drop_tag(&ends().0, "isthmus:peer");
    sweep_and_run(&memory).await;
    theirs_are_left(&memory, &theirs);
}

#[tokio::test]
async fn a_narrower_selection_leaves_them_too() {
    let memory = peered_by_tags().await;
    let theirs = replace_by_hand(&memory);
    memory.tag_vpc(&ends().0, "isthmus:routes", "none");
    for _ in 0..2 {
        sweep_and_run(&memory).await;
    }
    theirs_are_left(&memory, &theirs);
}

/// The tag goes before anybody adopts it: what is left of ours goes, their connection and route stay.
#[tokio::test]
async fn without_a_tag_only_what_is_left_of_ours_goes() {
    let memory = peered_by_tags().await;
    let theirs = replace_by_hand(&memory);
    memory.drop_tag(&ends().0, "isthmus:peer");
    sweep_and_run(&memory).await;
    theirs_are_left(&memory, &theirs);
    assert!(routed(&memory, &ends().1).is_empty(), "blackholes at the other end go");
    let swept = sweep_and_run(&memory).await;
    assert!(swept.started.is_empty() && swept.drift.is_empty(), "and that is all: {swept:?}");
}

/// A pipeline's pair: nobody asks by a tag, and its connection is deleted by hand.
#[tokio::test]
async fn blackholes_of_a_pipeline_s_pair_are_removed() {
    let memory = network();
    execute(&memory, "a pipeline's", &request()).await.expect("peered");
    memory.delete(&memory.connections()[0]);
    sweep_and_run(&memory).await;
    assert_eq!(routes_to_peerings(&memory), 0);
    assert!(sweep_and_run(&memory).await.started.is_empty());
}

/// Each call may fail once, so that the roll-back can do its work; or with all that follow, so that it can't.
fn failures() -> impl Iterator<Item = (usize, CallErrorKind, bool)> {
    let kinds = [CallErrorKind::Denied, CallErrorKind::Unavailable];
    let of_call = move |calls| {
        kinds.into_iter().flat_map(move |kind| [true, false].map(|is_for_good| (calls, kind, is_for_good)))
    };
    (0..25).flat_map(of_call)
}

fn by_tags() -> Value {
    let mut by_tags = request();
    by_tags["RequestedBy"] = json!("tags");
    by_tags
}

/// An execution of tags fails, and then the tag goes.
async fn fail_and_untag(memory: &Memory, (calls, kind, is_for_good): (usize, CallErrorKind, bool)) {
    let failing = match is_for_good {
        true => Faulty::new(memory, calls, When::Before, kind),
        false => Faulty::once(memory, calls, When::Before, kind),
    };
    let _ended = execute(&failing, "the second", &by_tags()).await;
    memory.ledger.close("the second", 100);
    memory.drop_tag(&ends().0, "isthmus:peer");
}

/// Making it anew fails half-way: the blackholes of the first one are not forgotten.
#[tokio::test]
async fn blackholes_are_remembered_when_the_next_connection_is_rolled_back() {
    for failure in failures() {
        let memory = peered_by_tags().await;
        memory.delete(&memory.connections()[0]);
        fail_and_untag(&memory, failure).await;
        let ended = tear_down(&memory, "a teardown", &request()).await;
        assert!(ended.is_ok(), "{failure:?}: {ended:?}");
        assert_eq!(routes_to_peerings(&memory), 0, "{failure:?}");
    }
}

/// To adopt theirs fails half-way: what leads to it already is not ours because ours had the same place.
#[tokio::test]
async fn routes_to_somebody_else_s_connection_stay_theirs_when_its_adoption_fails() {
    for failure in failures() {
        let memory = peered_by_tags().await;
        let theirs = replace_by_hand(&memory);
        fail_and_untag(&memory, failure).await;
        let ended = tear_down(&memory, "a teardown", &by_tags()).await;
        assert!(ended.is_ok(), "{failure:?}: {ended:?}");
        theirs_are_left(&memory, &theirs);
    }
}
