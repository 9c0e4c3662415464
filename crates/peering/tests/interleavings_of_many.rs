//! Lanes of a run of groups, the brake, a tag that comes back, and two hubs: in every order of the calls up to a bound.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use isthmus_peering::connection::{Connection, End, Status};
use isthmus_peering::ledger::PairKey;
use isthmus_peering::route_tables::Target;
use isthmus_peering::steps::{Pace, work_lane};
use isthmus_testing::grouped::{peered, planned_for, two_lanes, vpcs};
use isthmus_testing::owners::HUB;
use isthmus_testing::spokes::{self, event, withdraw, withdraw_each};
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::three::start_as;
use isthmus_testing::{
    Ended, HasLedger, Machines, Memory, Scenario, VirtualClock, context, execute, explore, groups_arn, in_virtual_time,
    run_groups, run_in, scope, stack, tear_down, until_free,
};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

type Results = Rc<RefCell<Vec<Ended>>>;

/// An execution that waits while another one holds its pair.
fn noted(results: &Results, call: impl AsyncFn() -> Ended + 'static) -> LocalBoxFuture<'static, ()> {
    let results = results.clone();
    async move {
        let ended = until_free(call).await;
        results.borrow_mut().push(ended);
    }
    .boxed_local()
}

fn set_up(memory: &Rc<Memory>, name: &'static str, request: Value, results: &Results) -> LocalBoxFuture<'static, ()> {
    let memory = memory.clone();
    noted(results, async move || execute(&*memory, name, &request).await)
}

fn teardown(memory: &Rc<Memory>, name: String, request: Value, results: &Results) -> LocalBoxFuture<'static, ()> {
    // The events of these tests have one id; the two machines' executions have different ARNs.
    let (memory, name) = (memory.clone(), format!("teardown of {name}"));
    noted(results, async move || tear_down(&*memory, &name, &request).await)
}

/// Every route to a connection, and every live connection, is known to the item of its pair before it is there.
fn recorded_includes_written(memory: &Memory) {
    let items = memory.ledger().all();
    for found in memory.connections().iter().filter(|found| found.status.is_live()) {
        let key = PairKey::of([&found.identity.requester, &found.identity.accepter]);
        let item = items.iter().find(|item| item.pair == key).expect("an item");
        let by_maker = found.tags.get("isthmus:execution").is_some_and(|maker| item.makers.contains(maker));
        assert!(by_maker || item.own_connection() == Some(found.id()), "{} is not recorded: {item:?}", found.id());
        for end in key.ends() {
            for table in memory.tables(end) {
                for route in table.routes.iter().filter(|route| route.target == Target::Peering(found.id().clone())) {
                    assert!(item.routes_at(end).contains(&table.id, route.destination), "{route:?}: {item:?}");
                }
            }
        }
    }
    let live = memory.connections().into_iter().filter(|found| found.status.is_live());
    let mut pairs: Vec<PairKey> =
        live.map(|found| PairKey::of([&found.identity.requester, &found.identity.accepter])).collect();
    pairs.sort();
    assert!(pairs.windows(2).all(|two| two[0] != two[1]), "one for each pair: {pairs:?}");
}

fn nothing_is_held(memory: &Memory) {
    for item in memory.ledger().all() {
        assert!(item.holder.is_none() && item.makers.is_empty(), "{item:?}");
    }
}

/// The lanes of the first round of a run.
fn lanes(memory: &Rc<Memory>, run: &str) -> Vec<LocalBoxFuture<'static, ()>> {
    let planned = in_virtual_time(planned_for(memory, &stack(), run, json!({}))).expect("planned");
    let answer = serde_json::to_value(&planned).expect("JSON");
    let lanes = answer["Lanes"].as_array().expect("lanes").clone();
    assert_eq!(lanes.len(), 2);
    let work = |lane: Value| {
        let task = json!({"Lane": lane, "Execution": groups_arn(run), "IsFirst": true});
        let (memory, task) = (memory.clone(), serde_json::from_value(task).expect("a task"));
        async move {
            let (stack, pace) = (stack(), Pace { clock: &VirtualClock, share: 80 });
            work_lane(context(&*memory, &stack), pace, task, || true).await.expect("worked");
        }
        .boxed_local()
    };
    lanes.into_iter().map(work).collect()
}

#[test]
fn lanes_agree_in_every_order() {
    let (_, ends) = two_lanes();
    let scenario = || {
        let memory = Rc::new(two_lanes().0);
        Scenario { executions: lanes(&memory, "first"), memory }
    };
    let quiet = |memory: &Memory| {
        run_groups(memory, &stack(), "first", &json!({})).expect("it ends");
        assert_eq!(peered(memory, &ends), 1);
        nothing_is_held(memory);
    };
    let (schedules, _) = explore("two lanes", 2, scenario, recorded_includes_written, quiet);
    assert!(schedules > 100, "{schedules} schedules");
}

#[test]
fn lanes_and_an_execution_for_the_same_pair_agree() {
    let (_, ends) = two_lanes();
    let results = Results::default();
    let request = json!({"VpcId": ends[0].vpc_id, "PeerVpcId": ends[1].vpc_id, "PeerRegion": ends[1].region});
    let scenario = || {
        results.borrow_mut().clear();
        let memory = Rc::new(two_lanes().0);
        let (lanes, running) = (lanes(&memory, "first"), memory.clone());
        let run = async move {
            join_all(lanes).await;
            // The rounds after it, which give the pair back.
            run_in(&*running, &stack(), &scope(), ("first", &json!({})), 80).await.expect("it ends");
        };
        let executions = vec![run.boxed_local(), set_up(&memory, "by hand", request.clone(), &results)];
        Scenario { memory, executions }
    };
    let quiet = |memory: &Memory| {
        assert!(results.borrow().iter().all(Result::is_ok), "{:?}", results.borrow());
        assert_eq!(peered(memory, &ends), 1);
        nothing_is_held(memory);
    };
    let (schedules, _) = explore("lanes and an execution", 1, scenario, recorded_includes_written, quiet);
    assert!(schedules > 50, "{schedules} schedules");
}

/// Nine are gone within the hour; of three more that go at once, one may.
#[test]
fn the_brake_lets_no_more_pass_however_many_come_at_once() {
    let results = Results::default();
    let scenario = || {
        results.borrow_mut().clear();
        let (memory, spokes) = in_virtual_time(spokes::peered(14, HUB));
        in_virtual_time(withdraw_each(&memory, &spokes[..9]));
        let machines = Machines::default();
        for spoke in &spokes[9..12] {
            withdraw(&memory, spoke);
            in_virtual_time(start_as(&memory, &machines, &stack(), event(spoke))).expect("started");
        }
        let memory = Rc::new(memory);
        let started = machines.teardowns.take().into_iter();
        let executions = started
            .map(|(name, input)| teardown(&memory, name, serde_json::to_value(&input).expect("JSON"), &results))
            .collect();
        Scenario { memory, executions }
    };
    let quiet = |memory: &Memory| {
        assert!(spokes::live(memory) >= 4, "ten in an hour");
        let held = results.borrow().iter().filter(|ended| ended.is_err()).count();
        assert_eq!(spokes::live(memory), 2 + held, "{:?}", results.borrow());
        let is_held = |ended: &Ended| ended.as_ref().is_err_and(|(error, _)| error == "TeardownHeld");
        assert_eq!(results.borrow().iter().filter(|ended| is_held(ended)).count(), held);
        nothing_is_held(memory);
    };
    let (schedules, _) = explore("three withdrawals", 1, scenario, recorded_includes_written, quiet);
    assert!(schedules > 20, "{schedules} schedules");
}

/// The event of its removal has started a teardown; it comes back at any moment, with its own event.
#[test]
fn a_tag_that_comes_back_is_peered_whenever_it_does() {
    let results = Results::default();
    let scenario = || {
        results.borrow_mut().clear();
        let (memory, spokes) = in_virtual_time(spokes::peered(1, HUB));
        withdraw(&memory, &spokes[0]);
        let machines = Machines::default();
        in_virtual_time(start_as(&memory, &machines, &stack(), event(&spokes[0]))).expect("started");
        let memory = Rc::new(memory);
        let (name, input) = machines.teardowns.take().pop_first().expect("a teardown");
        let gone = teardown(&memory, name, serde_json::to_value(&input).expect("JSON"), &results);
        let (network, spoke, more) = (memory.clone(), spokes[0].clone(), results.clone());
        let back = async move {
            // The first look of the trigger may come at any time after the tag.
            spokes::ask(&network, &spoke);
            let machines = Machines::default();
            start_as(&*network, &machines, &stack(), event(&spoke)).await.expect("started");
            for (name, input) in machines.peerings.take() {
                let input = serde_json::to_value(&input).expect("JSON");
                let ended = until_free(async || execute(&*network, &name, &input).await).await;
                more.borrow_mut().push(ended);
            }
        };
        Scenario { memory, executions: vec![gone, back.boxed_local()] }
    };
    let quiet = |memory: &Memory| {
        in_virtual_time(sweep_and_run(memory));
        let live = memory.connections().into_iter().filter(|found| found.status == Status::Active).count();
        assert_eq!(live, 1, "{:?}", results.borrow());
        let swept = in_virtual_time(sweep_and_run(memory));
        assert_eq!((swept.in_place, swept.drift.len()), (1, 0), "{swept:?}");
        nothing_is_held(memory);
    };
    let (schedules, _) = explore("a tag comes back", 3, scenario, recorded_includes_written, quiet);
    assert!(schedules > 50, "{schedules} schedules");
}

/// Both write into the spoke's table.
#[test]
fn a_spoke_of_two_hubs_is_peered_with_both() {
    let (_, ends) = vpcs(3);
    let results = Results::default();
    let scenario = || {
        results.borrow_mut().clear();
        let memory = Rc::new(vpcs(3).0);
        let request = |hub: &End| json!({"VpcId": ends[2].vpc_id, "PeerVpcId": hub.vpc_id});
        let executions = vec![
            set_up(&memory, "one", request(&ends[0]), &results),
            set_up(&memory, "other", request(&ends[1]), &results),
        ];
        Scenario { memory, executions }
    };
    let quiet = |memory: &Memory| {
        assert!(results.borrow().iter().all(Result::is_ok), "{:?}", results.borrow());
        assert_eq!(peered_with(memory, &ends), 2);
        nothing_is_held(memory);
    };
    let (schedules, _) = explore("two hubs", 2, scenario, recorded_includes_written, quiet);
    assert!(schedules > 100, "{schedules} schedules");
}

/// How many hubs the spoke, the last of these, has an active connection and routes on both sides with.
fn peered_with(memory: &Memory, ends: &[End]) -> usize {
    let leads = |end: &End, found: &Connection| {
        let to = Target::Peering(found.id().clone());
        memory.tables(end).iter().all(|table| table.routes.iter().any(|route| route.target == to))
    };
    let is_of_spoke = |found: &Connection| {
        [&found.identity.requester, &found.identity.accepter].iter().all(|end| leads(end, found))
            && [&found.identity.requester, &found.identity.accepter].contains(&&ends[2])
    };
    memory.connections().iter().filter(|found| found.status == Status::Active && is_of_spoke(found)).count()
}
