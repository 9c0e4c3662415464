//! What a failed execution leaves behind: nothing that it made, and all that it found.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{
    CALLS, assert_peered, ends, foreign, network, peered, request, routed, routes_to_peerings,
};
use isthmus_testing::{Faulty, Memory, When, execute, execute_with_time_for, tear_down};
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn whatever_call_fails_for_good_nothing_half_made_is_left() {
    for when in [When::Before, When::After] {
        for calls in 0..CALLS {
            let memory = network();
            // The failing network serves the steps; the roll-back finds it working again.
            let ended = execute_with_recovery(&memory, calls, when).await;
            match ended {
                Ok(_) => assert_peered(&memory),
                Err((name, cause)) => {
                    assert_eq!(name, "AccessDenied", "call {calls}, {when:?}: {cause}");
                    assert!(
                        memory.connections().iter().all(|c| !c.status.is_live()),
                        "call {calls}, {when:?}: {:?}",
                        memory.connections()
                    );
                    assert_eq!(routes_to_peerings(&memory), 0, "call {calls}, {when:?}");
                }
            }
        }
    }
}

/// The first `calls` calls work, one is denied, and the network works again.
async fn execute_with_recovery(memory: &Memory, calls: usize, when: When) -> isthmus_testing::Ended {
    execute(&Faulty::once(memory, calls, when, CallErrorKind::Denied), "the execution", &request()).await
}

#[tokio::test]
async fn a_roll_back_that_is_throttled_tries_again() {
    // Eleven calls until two routes are written and the next is refused; then the roll-back's own calls, each in its turn.
    for throttled in 0..12 {
        let memory = network();
        let denied = Faulty::once(&memory, 9 + 2, When::Before, CallErrorKind::Denied);
        let network = Faulty::once(&denied, 9 + 2 + 1 + throttled, When::Before, CallErrorKind::Unavailable);
        let (name, cause) = execute(&network, "the execution", &request()).await.expect_err("denied");
        assert_eq!(name, "AccessDenied", "call {throttled}: {cause}");
        assert_eq!(cause["RolledBack"]["LeftBehind"], json!(null), "call {throttled}: {cause}");
        assert!(memory.connections().iter().all(|connection| !connection.status.is_live()), "call {throttled}");
        assert_eq!(routes_to_peerings(&memory), 0, "call {throttled}");
    }
}

#[tokio::test]
async fn an_adopted_connection_stays_when_a_later_step_fails() {
    let memory = network();
    let (one, other) = ends();
    let id = memory.add_connection(&one, &other, Status::Active);
    let ended =
        execute(&Faulty::once(&memory, 5 + 2, When::Before, CallErrorKind::Denied), "the execution", &request()).await;
    let (name, cause) = ended.expect_err("denied");
    assert_eq!(name, "AccessDenied");
    assert!(cause["RolledBack"]["RoutesDeleted"].as_u64() > Some(0), "{cause}");
    assert_eq!(routes_to_peerings(&memory), 0);
    let connection = &memory.connections()[0];
    assert_eq!((connection.id(), connection.status), (&id, Status::Active));
}

#[tokio::test]
async fn a_roll_back_that_is_short_of_time_goes_on_too() {
    let memory = network();
    // Nine calls until the connection is active; the sixteenth comes after four routes, written two by two.
    let network = Faulty::once(&memory, 9 + 6, When::After, CallErrorKind::Denied);
    let ended = execute_with_time_for(2, &network, "the execution", &request()).await;
    assert_eq!(ended.expect_err("denied").0, "AccessDenied");
    assert_eq!(routes_to_peerings(&memory), 0);
    assert!(memory.connections().iter().all(|connection| !connection.status.is_live()));
}

/// Somebody requests the opposite direction after us, and we can't have ours accepted.
#[tokio::test]
async fn a_connection_that_somebody_makes_meanwhile_stays() {
    let (one, other) = ends();
    let memory = network();
    memory.deny_accepter_tags();
    let makes = |memory: &Memory| drop(memory.add_connection(&one, &other, Status::Active));
    // Five reads and the creation of ours.
    let meanwhile = Faulty::interrupted(&memory, 6, &makes);
    assert_eq!(execute(&meanwhile, "the execution", &request()).await.expect_err("denied").0, "AccessDenied");
    let live: Vec<_> = memory.connections().into_iter().filter(|connection| connection.status.is_live()).collect();
    assert_eq!((live.len(), &live[0].identity.requester, memory.connections().len()), (1, &one, 2));
}

/// The peerings of which a change failed, at the call of that number: it was to route one more block.
async fn failed_changes() -> Vec<(usize, Memory)> {
    let mut failed = Vec::new();
    for calls in 0..CALLS {
        let memory = peered().await;
        memory.add_block(&ends().1, "10.3.0.0/16");
        let denied = Faulty::once(&memory, calls, When::Before, CallErrorKind::Denied);
        if execute(&denied, "the second", &request()).await.is_err() {
            failed.push((calls, memory));
        }
    }
    assert!(failed.len() > 5, "{failed:?}");
    failed
}

#[tokio::test]
async fn a_peering_that_stood_before_a_failed_change_stands_after_it() {
    for (_, memory) in failed_changes().await {
        assert_peered(&memory);
    }
}

/// What is undone isn't ours any more: whoever writes it later keeps it.
#[tokio::test]
async fn a_route_that_was_rolled_back_and_is_then_made_by_hand_is_not_ours() {
    let (one, _) = ends();
    for (calls, memory) in failed_changes().await {
        let target = Target::Peering(memory.connections()[0].id().clone());
        memory.add_route(&one, 0, Route { target, ..foreign("10.3.0.0/16") });
        tear_down(&memory, "a teardown", &request()).await.expect("torn down");
        assert_eq!(routed(&memory, &one), BTreeSet::from([(0, "10.3.0.0/16".into())]), "call {calls}");
    }
}
