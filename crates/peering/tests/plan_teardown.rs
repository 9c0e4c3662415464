//! The teardown chain in memory: killed at every single call, and beside another one.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_peering::ports::CallErrorKind;
use isthmus_testing::pair::{ends, network, request, routes_to_peerings, swapped};
use isthmus_testing::{Faulty, INSTALLATION, Memory, When, execute, tear_down};

/// How many calls a teardown makes here: five to plan, two of tags, two of tables, one of each table directly before its
/// routes, six routes, three to look once more, the deletion.
const CALLS: usize = 5 + 2 + 2 + 4 + 6 + 3 + 1;

async fn peered() -> Memory {
    let memory = network();
    execute(&memory, "the set-up", &request()).await.expect("peered");
    memory.take_calls();
    memory
}

fn assert_gone(memory: &Memory, context: &str) {
    assert!(memory.connections().iter().all(|connection| connection.status == Status::Deleted), "{context}");
    assert_eq!(routes_to_peerings(memory), 0, "{context}");
}

#[tokio::test]
async fn it_makes_these_calls() {
    let memory = peered().await;
    tear_down(&memory, "a teardown", &request()).await.expect("torn down");
    assert_gone(&memory, "undisturbed");
    let calls = memory.take_calls();
    assert_eq!(calls.len(), CALLS, "{calls:?}");
}

#[tokio::test]
async fn killed_at_any_call_and_run_again_nothing_is_left() {
    for when in [When::Before, When::After] {
        for calls in 0..CALLS {
            let memory = peered().await;
            let network = Faulty::new(&memory, calls, when, CallErrorKind::Unavailable);
            let _killed = tear_down(&network, "a teardown", &request()).await;
            memory.ledger.close("a teardown", 100);
            let ended = tear_down(&memory, "another", &swapped()).await;
            assert!(ended.is_ok(), "call {calls}, {when:?}: {ended:?}");
            assert_gone(&memory, &format!("call {calls}, {when:?}"));
        }
    }
}

#[tokio::test]
async fn another_one_at_the_same_time_is_no_failure() {
    let quicker = |memory: &Memory| {
        memory.delete(&memory.connections()[0]);
        memory.drop_routes(&ends().0, "10.2.0.0/16");
        memory.drop_routes(&ends().1, "10.1.0.0/16");
    };
    for calls in 0..CALLS {
        let memory = peered().await;
        let ended = tear_down(&Faulty::interrupted(&memory, calls, &quicker), "a teardown", &request()).await;
        assert!(ended.is_ok(), "call {calls}: {ended:?}");
        assert_gone(&memory, &format!("call {calls}"));
    }
}

#[tokio::test]
async fn a_deletion_that_is_answered_as_a_failure_has_happened_all_the_same() {
    let memory = peered().await;
    let until_deletion = CALLS - 1;
    let ended = tear_down(
        &Faulty::once(&memory, until_deletion, When::After, CallErrorKind::WrongState),
        "a teardown",
        &request(),
    )
    .await;
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(memory.take_calls().iter().filter(|call| **call == "delete_connection").count(), 1);
    assert_gone(&memory, "answered as a failure");
}

/// Refused while the connection was provisioning, which it isn't any longer when it is looked at.
#[tokio::test]
async fn a_deletion_that_comes_a_moment_too_early_is_tried_again() {
    for too_early in [CallErrorKind::WrongState, CallErrorKind::NoSuchConnection] {
        let memory = peered().await;
        let refused = Faulty::once(&memory, CALLS - 1, When::Before, too_early);
        let (error, _) = tear_down(&refused, "a teardown", &request()).await.expect_err("too early");
        assert_eq!(error, "ServiceFault", "{too_early:?}: the machine tries again");
        let ended = tear_down(&refused, "a teardown", &request()).await;
        assert!(ended.is_ok(), "{too_early:?}: {ended:?}");
        assert_gone(&memory, "tried again");
    }
}

/// The tag may come back after the plan was made: nothing more is removed from then on.
#[tokio::test]
async fn a_pair_that_is_tagged_again_is_left_as_it_is() {
    let retag = |memory: &Memory| memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    let planned = 5;
    for calls in 0..CALLS {
        let memory = peered().await;
        let ended = tear_down(&Faulty::interrupted(&memory, calls, &retag), "a teardown", &request()).await;
        let is_live = memory.connections().iter().any(|connection| connection.status.is_live());
        // Before the last look at the tags.
        if calls < CALLS - 3 {
            let (error, _) = ended.expect_err("tagged again");
            assert_eq!((error.as_str(), is_live), ("StillTagged", true), "call {calls}");
        }
        if calls <= planned {
            assert_eq!(routes_to_peerings(&memory), 6, "call {calls}: no route was deleted");
        }
    }
}

/// A VPC whose tags can't be read may be tagged: it is no VPC without tags.
#[tokio::test]
async fn an_end_that_can_t_be_read_is_not_an_untagged_one() {
    for step in [0, 5, CALLS - 4] {
        for calls in step..step + 2 {
            let memory = peered().await;
            let denied = Faulty::once(&memory, calls, When::Before, CallErrorKind::Denied);
            let (error, _) = tear_down(&denied, "a teardown", &request()).await.expect_err("unread");
            assert_eq!(error, "AccessDenied", "call {calls}");
            assert!(memory.connections().iter().any(|connection| connection.status.is_live()), "call {calls}");
        }
    }
}

/// The policies let nothing be deleted without that tag, which somebody may take off.
#[tokio::test]
async fn a_connection_that_lost_the_stack_s_tag_gets_it_again_before_it_is_deleted() {
    for is_lost in [false, true] {
        let memory = peered().await;
        if is_lost {
            memory.clear_connection_tags();
        }
        tear_down(&memory, "a teardown", &request()).await.expect("torn down");
        assert_gone(&memory, "with or without its tag");
        let calls = memory.take_calls();
        let of_connection: Vec<_> =
            Memory::writes(&calls).into_iter().filter(|call| call.ends_with("_connection")).collect();
        assert_eq!(of_connection, ["tag_connection", "delete_connection"][usize::from(!is_lost)..]);
        assert_eq!(memory.connections()[0].tags["isthmus:stack"], INSTALLATION);
    }
}
