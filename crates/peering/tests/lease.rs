//! One execution at a time works on a pair: who doesn't hold it touches nothing.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::context::Context;
use isthmus_peering::failure::RolledBack;
use isthmus_peering::ledger::{LedgerItem, PairKey, Update};
use isthmus_peering::ports::{LedgerWrites, Updated};
use isthmus_peering::steps::{
    accept_in_peer_region, create_request, delete_peering, delete_routes, plan_teardown, roll_back, update_routes,
};
use isthmus_testing::pair::{CALLS, assert_peered, ends, network, peered, request};
use isthmus_testing::{Faulty, Memory, MemoryLedger, context, execute, stack, tear_down};
use serde_json::{Value, json};

fn key() -> PairKey {
    PairKey::of([&ends().0, &ends().1])
}

fn item(memory: &Memory) -> LedgerItem {
    memory.ledger.get(&key()).expect("an item")
}

#[tokio::test]
async fn who_finds_the_pair_held_touches_nothing() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    memory.drop_routes(&ends().0, "10.2.0.0/16");
    memory.ledger.set(&key(), "Holder", json!("somebody"));
    memory.take_calls();
    for ended in [execute(&memory, "second", &request()).await, tear_down(&memory, "third", &request()).await] {
        let (error, cause) = ended.expect_err("busy");
        assert_eq!((error.as_str(), &cause["Execution"]), ("PairBusy", &json!("somebody")));
    }
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    memory.ledger.close("somebody", 74);
    assert_eq!(execute(&memory, "early", &request()).await.expect_err("may still write").0, "PairBusy");
    memory.ledger.close("somebody", 75);
    execute(&memory, "fourth", &request()).await.expect("taken over from the dead");
    assert_peered(&memory);
}

#[tokio::test]
async fn an_execution_of_tags_that_gives_up_asks_for_another_one() {
    let memory = network();
    memory.ledger.set(&key(), "Holder", json!("somebody"));
    let mut by_tags = request();
    by_tags["RequestedBy"] = json!("tags");
    execute(&memory, "by tags", &by_tags).await.expect_err("busy");
    assert_eq!(item(&memory).again, Some(true));
}

/// The task of the states that follow the one in which the execution `first` took the pair and made the connection.
async fn created(context: Context<'_, Memory, MemoryLedger>) -> Value {
    let started = context.now * 1000;
    let task = json!({"Request": request(), "Execution": "first", "Attempt": 0, "Time": "now", "Started": started});
    let created = create_request(context, serde_json::from_value(task).expect("a task")).await.expect("created");
    json!({"Peering": created.peering, "Execution": "first", "Attempt": 0, "Time": "now", "Started": started})
}

/// It resumes with the `$peering` of long ago.
#[tokio::test]
async fn a_redriven_execution_touches_nothing() {
    let memory = network();
    let stack = stack();
    let context = context(&memory, &stack);
    let task = created(context).await;
    let task = || serde_json::from_value(task.clone()).expect("a task");
    let update = Update::release("first", &memory.ledger.get(&key()).expect("an item"));
    assert!(matches!(memory.ledger.update(&key(), &update).await, Ok(Updated::Done(_))));
    memory.take_calls();
    for outcome in
        [json!(null), json!({"By": "first", "Error": "AccessDenied", "Message": "no"}), json!({"By": "other"})]
    {
        memory.ledger.set(&key(), "Outcome", outcome);
        let accepted = accept_in_peer_region(context, task()).await.expect_err("no lease");
        let routed = update_routes(context, task(), || true).await.expect_err("no lease");
        assert_eq!([accepted, routed].map(|error| error.name_and_cause().0), ["PairBusy", "PairBusy"]);
    }
    assert_eq!(memory.take_calls(), [""; 0]);
}

/// Its failure is rolled back by whoever holds the pair.
#[tokio::test]
async fn a_roll_back_without_the_lease_touches_nothing() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    let routes = memory.ledger.get(&key()).map(|item| serde_json::to_value(item.routes_a).expect("JSON"));
    memory.ledger.set(&key(), "PendingA", routes.expect("routes"));
    memory.ledger.set(&key(), "Makers", json!(["first", "somebody"]));
    for holder in [json!("somebody"), json!(null)] {
        memory.ledger.set(&key(), "Holder", holder);
        memory.take_calls();
        let failure = json!({"State": "UpdateRoutes", "Error": {"Error": "AccessDenied", "Cause": ""}});
        let task = json!({"Request": request(), "Execution": "first", "Failure": failure, "Attempt": 0, "Time": "now"});
        let task = serde_json::from_value(task).expect("a task");
        let undone = roll_back(context(&memory, &stack()), task, || true).await.expect("nothing to do");
        assert_eq!(undone, RolledBack::default());
        assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    }
    assert_peered(&memory);
}

#[tokio::test]
async fn past_ninety_minutes_no_step_goes_on() {
    let memory = network();
    let stack = stack();
    let started = (1_800_000_000_i64 - 90 * 60) * 1000;
    let task = json!({"Request": request(), "Execution": "late", "Attempt": 0, "Time": "now", "Started": started});
    let task = serde_json::from_value(task).expect("a task");
    let error = create_request(context(&memory, &stack), task).await.expect_err("late");
    let (name, cause) = error.name_and_cause();
    assert_eq!((name.as_str(), &cause["Code"]), ("ServiceFault", &json!("States.Timeout")));
    assert!(memory.take_calls().is_empty() && memory.ledger.all().is_empty());
}

#[tokio::test]
async fn a_redriven_teardown_touches_nothing() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    let stack = stack();
    let context = context(&memory, &stack);
    let task = json!({"Request": request(), "Execution": "long ago", "Time": "now"});
    let planned = plan_teardown(context, serde_json::from_value(task).expect("a task")).await.expect("planned");
    let teardown = serde_json::to_value(planned.teardown).expect("JSON");
    let released =
        memory.ledger.update(&key(), &Update::release("long ago", &memory.ledger.get(&key()).expect("an item"))).await;
    assert!(matches!(released, Ok(Updated::Done(_))));
    memory.ledger.set(&key(), "Outcome", json!({"By": "long ago", "Error": "AccessDenied", "Message": "no"}));
    memory.take_calls();
    let task = json!({"Teardown": teardown, "Execution": "long ago", "Time": "now"});
    let task = || serde_json::from_value(task.clone()).expect("a task");
    let routes = delete_routes(context, task(), || true).await.expect_err("no lease");
    let connection = delete_peering(context, task()).await.expect_err("no lease");
    assert_eq!([routes, connection].map(|error| error.name_and_cause().0), ["PairBusy", "PairBusy"]);
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    assert_peered(&memory);
}

/// Short of time, `UpdateRoutes` is called again; by then another execution has the pair.
#[tokio::test]
async fn who_has_lost_the_pair_between_two_calls_writes_no_more_routes() {
    let memory = network();
    let stack = stack();
    let context = context(&memory, &stack);
    let task = created(context).await;
    let task = || serde_json::from_value(task.clone()).expect("a task");
    accept_in_peer_region(context, task()).await.expect("accepted");
    update_routes(context, task(), || false).await.expect_err("there is more to write");
    memory.ledger.set(&key(), "Holder", json!("somebody"));
    memory.take_calls();
    let error = update_routes(context, task(), || true).await.expect_err("no lease");
    assert_eq!(error.name_and_cause().0, "PairBusy");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
}

/// Whichever call it makes when somebody else takes the pair: at the latest it notices when it records its end.
#[tokio::test]
async fn who_has_lost_the_pair_reports_no_success() {
    let lose = |memory: &Memory| memory.ledger.set(&key(), "Holder", json!("somebody"));
    for is_teardown in [false, true] {
        for calls in 0.. {
            let memory = if is_teardown { peered().await } else { network() };
            let losing = Faulty::interrupted(&memory, calls, &lose);
            let ended = match is_teardown {
                true => tear_down(&losing, "second", &request()).await,
                false => execute(&losing, "second", &request()).await,
            };
            if !losing.has_failed() {
                assert!(calls >= CALLS, "{calls}");
                break;
            }
            let (error, cause) = ended.expect_err("it has lost the pair");
            assert_eq!((error.as_str(), &cause["Execution"]), ("PairBusy", &json!("somebody")), "call {calls}");
            assert!(!item(&memory).records_end_of("second"), "call {calls}");
        }
    }
}
