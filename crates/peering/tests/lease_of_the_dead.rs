//! A pair is taken over from an execution that has ended, once nothing of it can write any more, and not before.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_peering::ledger::PairKey;
use isthmus_testing::pair::{assert_peered, ends, network, peered, request, routes_to_peerings};
use isthmus_testing::{Memory, clean_up, execute, groups_arn};
use serde_json::json;

fn key() -> PairKey {
    PairKey::of([&ends().0, &ends().1])
}

/// The error of an execution that comes while `holder` has been closed for so long.
async fn refused(memory: &Memory, holder: &str, seconds: u64) -> Option<String> {
    memory.ledger.set(&key(), "Holder", json!(holder));
    memory.ledger.close(holder, seconds);
    execute(memory, "next", &request()).await.err().map(|(error, _)| error)
}

#[tokio::test]
async fn a_function_writes_for_75_seconds_and_a_lane_for_315() {
    for (holder, seconds) in [("an execution".to_owned(), 75), (groups_arn("a run"), 315)] {
        let memory = network();
        assert_eq!(refused(&memory, &holder, seconds - 1).await.as_deref(), Some("PairBusy"), "{holder}");
        assert_eq!(refused(&memory, &holder, seconds).await, None, "{holder}");
        assert_peered(&memory);
    }
}

#[tokio::test]
async fn an_execution_that_step_functions_no_longer_knows_holds_nothing() {
    let memory = network();
    memory.ledger.set(&key(), "Holder", json!("of last year"));
    memory.ledger.forget("of last year");
    execute(&memory, "next", &request()).await.expect("taken over");
    assert_peered(&memory);
}

/// The clean-up machine waits 75 seconds by its own clock. If that was too short, it does nothing.
#[tokio::test]
async fn a_clean_up_that_comes_too_early_touches_nothing() {
    let memory = peered().await;
    let routes = memory.ledger.get(&key()).map(|item| serde_json::to_value(item.routes_a).expect("JSON"));
    memory.ledger.set(&key(), "PendingA", routes.expect("routes"));
    memory.ledger.set(&key(), "Holder", json!("dead"));
    for (seconds, left) in [(74, 6), (75, 4)] {
        memory.ledger.close("dead", seconds);
        memory.take_calls();
        clean_up(&memory, "clean-up", "dead", &request()).await.expect_err("a report");
        assert_eq!(routes_to_peerings(&memory), left, "{seconds} seconds after");
        assert_eq!(Memory::writes(&memory.take_calls()).is_empty(), left == 6);
    }
}
