//! Two or three executions for one pair at once, in every order of their calls up to a bound, and after one that was killed.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use isthmus_peering::connection::Status;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{end, ends, network, request, routes_to_peerings, swapped};
use isthmus_testing::{Ended, Memory, Scenario, clean_up, execute, explore, kill_after, tear_down, until_free};
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

type Results = Rc<RefCell<Vec<(&'static str, Ended)>>>;

/// The pair, with a foreign connection and a foreign route beside it.
fn beside_foreign() -> Memory {
    let memory = network();
    let foreign = memory.add_connection(&ends().0, &end("vpc-0000000c", "us-east-1"), Status::Active);
    let destination = "10.9.0.0/16".parse().expect("a block");
    let route = Route { destination, target: Target::Peering(foreign), blackhole: false, propagated: false };
    memory.add_route(&ends().0, 0, route);
    memory
}

fn foreign_is_unchanged(memory: &Memory) {
    let foreign = &memory.connections()[0];
    assert_eq!((foreign.status, foreign.tags.len()), (Status::Active, 0));
    assert!(
        memory.tables(&ends().0)[0].routes.iter().any(|route| route.target == Target::Peering(foreign.id().clone()))
    );
}

fn own_connections(memory: &Memory) -> usize {
    memory.connections().iter().skip(1).filter(|connection| connection.status.is_live()).count()
}

/// What is recorded includes what was written, at every point.
fn recorded_includes_written(memory: &Memory) {
    let foreign = memory.connections()[0].id().clone();
    let item = memory.ledger.get(&PairKey::of([&ends().0, &ends().1]));
    for end in [ends().0, ends().1] {
        for table in memory.tables(&end) {
            for route in table.routes.iter().filter(|route| !route.blackhole) {
                let Target::Peering(id) = &route.target else { continue };
                let is_recorded =
                    item.as_ref().is_some_and(|item| item.routes_at(&end).contains(&table.id, route.destination));
                assert!(
                    *id == foreign || is_recorded,
                    "{} in {} is not recorded: {item:?}",
                    route.destination,
                    table.id
                );
            }
        }
    }
    for connection in memory.connections().iter().skip(1).filter(|connection| connection.status.is_live()) {
        let item = item.as_ref().expect("an item");
        let by_maker = connection.tags.get("isthmus:execution").is_some_and(|maker| item.makers.contains(maker));
        assert!(by_maker || item.own_connection() == Some(connection.id()), "{} is not recorded", connection.id());
    }
}

fn lease_is_free(memory: &Memory) {
    let item = memory.ledger.get(&PairKey::of([&ends().0, &ends().1]));
    assert!(item.as_ref().is_none_or(|item| item.holder.is_none() && item.makers.is_empty()), "{item:?}");
}

/// An execution of the peering machine, which waits while another one holds the pair.
fn set_up(memory: &Rc<Memory>, name: &'static str, request: Value, results: &Results) -> LocalBoxFuture<'static, ()> {
    let memory = memory.clone();
    noted(name, results, async move || execute(&*memory, name, &request).await)
}

/// An execution of the teardown machine, likewise.
fn teardown(memory: &Rc<Memory>, name: &'static str, results: &Results) -> LocalBoxFuture<'static, ()> {
    let memory = memory.clone();
    noted(name, results, async move || tear_down(&*memory, name, &request()).await)
}

fn noted(
    name: &'static str,
    results: &Results,
    call: impl AsyncFn() -> Ended + 'static,
) -> LocalBoxFuture<'static, ()> {
    let results = results.clone();
    async move {
        let ended = until_free(call).await;
        results.borrow_mut().push((name, ended));
    }
    .boxed_local()
}

fn always(memory: &Memory) {
    recorded_includes_written(memory);
    foreign_is_unchanged(memory);
    assert!(own_connections(memory) <= 1);
}

#[test]
fn two_set_ups_from_both_ends_end_in_one_peering_and_both_succeed() {
    let results = Results::default();
    let scenario = || {
        results.borrow_mut().clear();
        let memory = Rc::new(beside_foreign());
        let executions =
            vec![set_up(&memory, "one", request(), &results), set_up(&memory, "other", swapped(), &results)];
        Scenario { memory, executions }
    };
    let quiet = |memory: &Memory| {
        assert!(results.borrow().iter().all(|(_, ended)| ended.is_ok()), "{:?}", results.borrow());
        assert_eq!(own_connections(memory), 1);
        assert_eq!(routes_to_peerings(memory), 6 + 1);
        lease_is_free(memory);
    };
    let (schedules, _) = explore("two set-ups", 3, scenario, always, quiet);
    assert!(schedules > 250, "{schedules} schedules");
}

#[test]
fn a_set_up_beside_a_teardown_ends_whole_or_gone() {
    let results = Results::default();
    let scenario = || {
        results.borrow_mut().clear();
        let memory = Rc::new(beside_foreign());
        // In place already, for half of the calls of each to matter.
        run(execute(&*memory, "before", &request())).expect("peered");
        let executions = vec![set_up(&memory, "one", swapped(), &results), teardown(&memory, "gone", &results)];
        Scenario { memory, executions }
    };
    let quiet = |memory: &Memory| {
        assert!(results.borrow().iter().all(|(_, ended)| ended.is_ok()), "{:?}", results.borrow());
        let last = results.borrow().last().map(|(name, _)| *name).expect("two results");
        let (connections, routes) = if last == "gone" { (0, 0) } else { (1, 6) };
        assert_eq!((own_connections(memory), routes_to_peerings(memory)), (connections, routes + 1), "{last}");
        lease_is_free(memory);
    };
    let (schedules, _) = explore("set-up and teardown", 3, scenario, always, quiet);
    assert!(schedules > 50, "{schedules} schedules");
}

#[test]
fn three_at_once_end_in_turn() {
    let results = Results::default();
    let scenario = || {
        results.borrow_mut().clear();
        let memory = Rc::new(beside_foreign());
        let executions = vec![
            set_up(&memory, "one", request(), &results),
            set_up(&memory, "other", swapped(), &results),
            teardown(&memory, "gone", &results),
        ];
        Scenario { memory, executions }
    };
    let quiet = |memory: &Memory| {
        assert!(results.borrow().iter().all(|(_, ended)| ended.is_ok()), "{:?}", results.borrow());
        assert!([0, 1].contains(&own_connections(memory)));
        let routes = 6 * own_connections(memory);
        assert_eq!(routes_to_peerings(memory), routes + 1);
        lease_is_free(memory);
    };
    let (schedules, _) = explore("three at once", 1, scenario, always, quiet);
    assert!(schedules > 100, "{schedules} schedules");
}

/// One is killed at each of its calls; then the clean-up after it and a set-up from the other end run at once.
#[test]
fn after_a_killed_one_clean_up_and_the_next_set_up_agree() {
    let (mut killed, mut schedules) = (0, 0);
    for calls in 0.. {
        let results = Results::default();
        let scenario = || {
            results.borrow_mut().clear();
            let memory = Rc::new(beside_foreign());
            let ignored = Results::default();
            kill_after(calls, set_up(&memory, "dead", request(), &ignored));
            memory.ledger.close("dead", 100);
            let cleaner = memory.clone();
            let clean = async move {
                let _reported = clean_up(&*cleaner, "clean-up", "dead", &request()).await;
            };
            let executions = vec![clean.boxed_local(), set_up(&memory, "next", swapped(), &results)];
            Scenario { memory, executions }
        };
        let quiet = |memory: &Memory| {
            assert!(results.borrow().iter().all(|(_, ended)| ended.is_ok()), "call {calls}: {:?}", results.borrow());
            assert_eq!((own_connections(memory), routes_to_peerings(memory)), (1, 6 + 1), "call {calls}");
            lease_is_free(memory);
        };
        schedules += explore(&format!("after call {calls} of a killed one"), 1, scenario, always, quiet).0;
        let memory = Rc::new(beside_foreign());
        if !kill_after(calls, set_up(&memory, "dead", request(), &Results::default())) {
            break;
        }
        killed += 1;
    }
    assert!(killed > 15 && schedules > 100, "killed at {killed} calls: {schedules} schedules");
}

/// The clean-up alone leaves nothing of a killed set-up.
#[test]
fn the_clean_up_leaves_nothing_of_a_killed_set_up() {
    for calls in 0.. {
        let memory = Rc::new(beside_foreign());
        let was_killed = kill_after(calls, set_up(&memory, "dead", request(), &Results::default()));
        if !was_killed {
            assert!(calls > 15, "{calls}");
            return;
        }
        memory.ledger.close("dead", 100);
        let (error, cause) = run(clean_up(&*memory, "clean-up", "dead", &request())).expect_err("a report");
        assert_eq!((error.as_str(), cause["Code"].as_str()), ("ServiceFault", Some("Aborted")), "call {calls}");
        let is_settled = memory.ledger.all().iter().any(|item| item.asked_by.is_some());
        let (connections, routes) = if is_settled { (1, 6) } else { (0, 0) };
        assert_eq!((own_connections(&memory), routes_to_peerings(&memory)), (connections, routes + 1), "call {calls}");
        foreign_is_unchanged(&memory);
        lease_is_free(&memory);
    }
}

#[test]
fn a_killed_teardown_is_finished_by_the_next_one() {
    for calls in 0.. {
        let memory = Rc::new(beside_foreign());
        run(execute(&*memory, "before", &request())).expect("peered");
        let was_killed = kill_after(calls, teardown(&memory, "dead", &Results::default()));
        memory.ledger.close("dead", 100);
        run(tear_down(&*memory, "next", &request())).expect("torn down");
        assert_eq!((own_connections(&memory), routes_to_peerings(&memory)), (0, 1), "call {calls}");
        foreign_is_unchanged(&memory);
        lease_is_free(&memory);
        if !was_killed {
            return;
        }
    }
}

/// The result of what never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
