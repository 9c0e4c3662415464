//! What a lane that deletes leaves alone: its task was planned a while ago.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::groups::Work;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::Location;
use isthmus_testing::grouped::{join, leave, two_lanes};
use isthmus_testing::{Memory, groups_arn, run_groups, stack, work_at};
use serde_json::json;

/// Two VPCs in two Regions, set up by a group of which they are no longer members; a run holds the pair.
fn left() -> (Memory, Vec<End>, PairKey) {
    let (memory, ends) = two_lanes();
    run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    leave(&memory, &ends);
    let pair = PairKey::of([&ends[0], &ends[1]]);
    memory.ledger.set(&pair, "Holder", json!(groups_arn("second")));
    (memory, ends, pair)
}

/// Has the lanes of both ends do that, and answers what they wrote.
fn work(memory: &Memory, ends: &[End], pair: &PairKey, work: Work) -> Vec<&'static str> {
    work_at(memory, "second", ends, pair, work)
}

const DELETIONS: [Work; 2] = [Work::DeleteRoutes, Work::DeleteConnection];

#[test]
fn what_it_is_told_it_deletes() {
    let (memory, ends, pair) = left();
    assert_eq!(work(&memory, &ends, &pair, Work::DeleteRoutes), ["delete_route"; 2]);
    assert_eq!(work(&memory, &ends[..], &pair, Work::DeleteConnection)[0], "delete_connection");
}

#[test]
fn nothing_of_a_pair_that_another_execution_holds_by_now() {
    for deletion in DELETIONS {
        let (memory, ends, pair) = left();
        memory.ledger.set(&pair, "Holder", json!("another execution"));
        assert_eq!(work(&memory, &ends, &pair, deletion), [""; 0], "{deletion:?}");
    }
}

#[test]
fn nothing_that_tags_ask_for_again() {
    for deletion in DELETIONS {
        let (memory, ends, pair) = left();
        join(&memory, "payments", &ends);
        assert_eq!(work(&memory, &ends, &pair, deletion), [""; 0], "{deletion:?}");
    }
}

#[test]
fn nothing_of_a_vpc_that_its_owner_has_excluded() {
    for deletion in DELETIONS {
        let (memory, ends, pair) = left();
        memory.tag_vpc(&ends[1], "isthmus:exclude", "true");
        assert_eq!(work(&memory, &ends, &pair, deletion), [""; 0], "{deletion:?}");
    }
}

#[test]
fn nothing_of_a_connection_that_took_the_place_of_ours() {
    let (memory, ends, pair) = left();
    memory.delete(&memory.connections()[0]);
    memory.add_connection(&ends[0], &ends[1], Status::Active);
    assert_eq!(work(&memory, &ends, &pair, Work::DeleteConnection), [""; 0]);
    assert_eq!(memory.connections()[1].status, Status::Active);
}

/// Tags select no table by now. The plan of the next round asks the brake about that.
#[test]
fn no_side_loses_all_its_routes_without_a_withdrawal_that_may_be_carried_out() {
    for (withdrawal, deleted) in [(None, 0), (Some("Pair"), 0), (Some("Routes"), 1)] {
        let (memory, ends, pair) = left();
        join(&memory, "payments", &ends);
        memory.tag_vpc(&ends[0], "isthmus:routes", "none");
        if let Some(of) = withdrawal {
            memory.ledger.set(&pair, "WithdrawnBy", json!("123456789012"));
            memory.ledger.set(&pair, "Withdrawal", json!({"At": 0, "State": "Waiting", "Of": of}));
        }
        let writes = work(&memory, &ends, &pair, Work::SetUp);
        assert_eq!(
            writes.iter().filter(|call| **call == "delete_route").count(),
            deleted,
            "{withdrawal:?}: {writes:?}"
        );
    }
}

/// It has the rights to delete it there alone.
#[test]
fn the_connection_goes_in_the_lane_of_its_requester() {
    let (memory, ends, _) = left();
    let requester = memory.connections()[0].identity.requester.clone();
    let other = ends.iter().find(|end| **end != requester).expect("the accepter");
    memory.ledger.set(&PairKey::of([&ends[0], &ends[1]]), "Holder", json!(null));
    let broken = isthmus_testing::Faulty::lane(
        &memory,
        &Location::from(&requester),
        isthmus_peering::ports::CallErrorKind::Denied,
    );
    let _whatever = run_groups(&broken, &stack(), "gone", &json!({}));
    assert_eq!(memory.connections()[0].status, Status::Active);
    assert_eq!(memory.tables(other)[0].routes.len(), 1, "the routes of the other end are gone");
}
