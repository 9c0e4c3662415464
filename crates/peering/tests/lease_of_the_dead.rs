//! A pair is taken over from an execution that has ended, once nothing of it can write any more, and not before.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::ledger::PairKey;
use isthmus_testing::pair::{assert_peered, ends, network, peered, request, routes_to_peerings};
use isthmus_testing::sweeping::try_sweep;
use isthmus_testing::{Machines, Memory, clean_up, execute, groups_arn};
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

/// Sweeps, so long after the holder was closed. Answers how many clean-ups are under way then.
async fn sweep_after(memory: &Memory, machines: &Machines, holder: &str, seconds: u64) -> usize {
    memory.ledger.close(holder, seconds);
    try_sweep(memory, machines, json!({})).await.expect("swept");
    machines.clean_ups.borrow().len()
}

/// DynamoDB fails for longer than the first one is retried.
#[tokio::test]
async fn a_clean_up_that_did_nothing_is_repeated_by_a_sweep_an_hour_later() {
    let (memory, machines) = (peered().await, Machines::default());
    let holder = || memory.ledger.get(&key()).expect("an item").holder;
    memory.ledger.set(&key(), "Holder", json!("dead"));
    assert_eq!(sweep_after(&memory, &machines, "dead", 75).await, 1);
    assert_eq!(sweep_after(&memory, &machines, "dead", 3_599).await, 1, "it is under way");
    memory.ledger.fail(true);
    for (name, dead) in machines.clean_ups.take() {
        clean_up(&memory, &name, &dead, &request()).await.expect_err("a report");
    }
    memory.ledger.fail(false);
    assert_eq!(holder().as_deref(), Some("dead"));
    assert_eq!(sweep_after(&memory, &machines, "dead", 3_599).await, 0, "another one has that hour's name");
    assert_eq!(sweep_after(&memory, &machines, "dead", 3_600).await, 1);
    for (name, dead) in machines.clean_ups.take() {
        clean_up(&memory, &name, &dead, &request()).await.expect_err("a report");
    }
    assert_eq!(holder(), None);
    assert_peered(&memory);
}

/// A second clean-up finds that the first one has taken the pair over.
#[tokio::test]
async fn two_clean_ups_after_one_execution_do_no_more_than_one() {
    let memory = peered().await;
    memory.ledger.set(&key(), "Holder", json!("dead"));
    memory.ledger.close("dead", 7_200);
    clean_up(&memory, "the first", "dead", &request()).await.expect_err("a report");
    memory.ledger.set(&key(), "Holder", json!("the first"));
    let before = memory.ledger.all();
    memory.take_calls();
    clean_up(&memory, "the second", "dead", &request()).await.expect_err("a report");
    assert_eq!((memory.ledger.all(), Memory::writes(&memory.take_calls()).len()), (before, 0));
}

/// A name has 80 characters at most, as the names of these executions do.
#[tokio::test]
async fn executions_whose_names_begin_alike_have_clean_ups_of_their_own() {
    let (memory, machines) = (peered().await, Machines::default());
    let holders = ["x", "y"].map(|last| {
        format!("arn:aws:states:us-east-1:123456789012:execution:isthmus-peering:{}{last}", "n".repeat(79))
    });
    for (number, holder) in holders.iter().enumerate() {
        memory.ledger.set(&key(), "Holder", json!(holder));
        assert_eq!(sweep_after(&memory, &machines, holder, 90 * 24 * 3_600).await, number + 1);
    }
    memory.ledger.set(&key(), "Since", json!("2026-11-26T14:00:00Z"));
    assert_eq!(
        sweep_after(&memory, &machines, &holders[1], 90 * 24 * 3_600).await,
        3,
        "it took the pair again, redriven"
    );
}
