//! A teardown that tags ask for waits, and isn't made if the pair is asked for again by then.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::ledger::PairKey;
use isthmus_peering::request::Moment;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::plan_teardown;
use isthmus_testing::pair::{assert_peered, ends, network, request, routed};
use isthmus_testing::sweeping::{run_started, sweep_and_run, try_sweep_as};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Machines, Memory, context, execute, stack, tear_down};
use serde_json::{Value, json};

/// When the invocations of these tests began, in seconds since 1970.
const NOW: i64 = 1_800_000_000;

async fn peered_by_tags() -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    sweep_and_run(&memory).await;
    assert_peered(&memory);
    memory
}

fn teardown(fields: Value) -> Value {
    let mut input = request();
    let fields = fields.as_object().expect("an object").clone();
    input.as_object_mut().expect("an object").extend(fields);
    input
}

fn moment(seconds: i64) -> Value {
    serde_json::to_value(Moment(seconds)).expect("a time")
}

#[tokio::test]
async fn until_then_it_holds_no_pair_and_looks_at_nothing() {
    let memory = peered_by_tags().await;
    memory.drop_tag(&ends().0, "isthmus:peer");
    memory.take_calls();
    let (of_stack, not_before) = (stack(), moment(NOW + 300));
    let input = teardown(json!({"NotBefore": not_before, "RequestedBy": "tags"}));
    let task =
        serde_json::from_value(json!({"Request": input, "Execution": "a teardown", "Time": "now"})).expect("a task");
    let planned = plan_teardown(context(&memory, &of_stack), task).await.expect("it waits");
    let planned = serde_json::to_value(planned).expect("JSON");
    assert_eq!(
        (&planned["NotBefore"], &planned["Teardown"], &planned["Output"]),
        (&not_before, &Value::Null, &Value::Null)
    );
    assert_eq!(memory.take_calls(), [""; 0]);
    let item = memory.ledger.get(&PairKey::of([&ends().0, &ends().1])).expect("an item");
    assert_eq!(item.holder, None);
    execute(&memory, "another", &request()).await.expect("nobody has to wait for it");
}

#[tokio::test]
async fn when_it_is_due_it_is_made() {
    let memory = peered_by_tags().await;
    memory.drop_tag(&ends().0, "isthmus:peer");
    let input = teardown(json!({"NotBefore": moment(NOW), "RequestedBy": "tags"}));
    assert_eq!(tear_down(&memory, "due", &input).await.expect("torn down")["Status"], "deleted");
}

#[tokio::test]
async fn tags_that_come_back_keep_it() {
    let memory = peered_by_tags().await;
    let before = (memory.tags(&ends().0), memory.ledger.all());
    let output = tear_down(&memory, "due", &teardown(json!({"RequestedBy": "tags"}))).await.expect("kept");
    assert_eq!((&output["Status"], output["Routes"].as_array().map(Vec::len)), (&json!("kept"), Some(0)));
    assert_peered(&memory);
    assert_eq!(memory.tags(&ends().0), before.0);
    assert_eq!(memory.ledger.all()[0].connection, before.1[0].connection);
    let (error, _) = tear_down(&memory, "a person's", &request()).await.expect_err("a person is told");
    assert_eq!(error, "StillTagged");
}

/// A pipeline asked for it while it waited; a word that can't be understood may mean it.
#[tokio::test]
async fn what_somebody_else_wants_or_may_have_meant_is_kept() {
    let changes: [fn(&Memory); 2] = [
        |memory| memory.drop_tag(&ends().0, "isthmus:peer"),
        |memory| memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-oops"),
    ];
    for change in changes {
        let memory = peered_by_tags().await;
        change(&memory);
        if !memory.tags(&ends().0).contains_key("isthmus:peer") {
            execute(&memory, "a pipeline's", &request()).await.expect("it asks too");
        }
        let output = tear_down(&memory, "due", &teardown(json!({"RequestedBy": "tags"}))).await.expect("kept");
        assert_eq!(output["Status"], "kept");
        assert_peered(&memory);
    }
}

#[tokio::test]
async fn a_time_that_is_none_or_too_far_is_refused() {
    for not_before in [json!("tomorrow"), json!("2027-01-15"), json!(5), moment(NOW + 2 * 24 * 60 * 60)] {
        let memory = peered_by_tags().await;
        let input = teardown(json!({"NotBefore": not_before}));
        let (error, cause) = tear_down(&memory, "a teardown", &input).await.expect_err("refused");
        assert_eq!((error.as_str(), cause["Field"].as_str()), ("InvalidRequest", Some("NotBefore")), "{cause}");
    }
}

#[tokio::test]
async fn an_event_starts_it_with_the_stack_s_delay() {
    for delay in [0, 300] {
        let memory = peered_by_tags().await;
        memory.drop_tag(&ends().0, "isthmus:peer");
        let mut of_stack = stack();
        of_stack.teardown_delay = delay;
        let machines = Machines::default();
        let task = isthmus_peering::steps::StartTask { end: ends().0, ..task("vpc-00000000", TAGS) };
        start_as(&memory, &machines, &of_stack, task).await.expect("started");
        assert!(machines.groups.borrow().is_empty(), "it is no group's");
        let input = machines.teardowns.take().into_values().next().expect("a teardown");
        assert_eq!(input.not_before, (delay > 0).then_some(Moment(NOW + delay)));
        let spelled = serde_json::to_value(&input).expect("JSON");
        assert_eq!(spelled.get("NotBefore").is_some(), delay > 0, "{spelled}");
        assert_eq!(spelled["RequestedBy"], "tags");
    }
}

/// Nothing is torn down by it, and another selection brings the routes back.
#[tokio::test]
async fn a_selection_that_leaves_no_route_waits_for_no_delay() {
    let memory = peered_by_tags().await;
    let delayed = Stack { teardown_delay: 300, ..stack() };
    memory.tag_vpc(&ends().0, "isthmus:routes", "none");
    try_sweep_as(&memory, &Machines::default(), &delayed, json!({})).await.expect("swept");
    assert_eq!(routed(&memory, &ends().0).len(), 4, "what that started has failed");
    let machines = Machines::default();
    let swept = try_sweep_as(&memory, &machines, &delayed, json!({})).await.expect("swept");
    assert_eq!((swept.started.len(), swept.waiting), (1, 0));
    run_started(&memory, &machines).await;
    assert!(routed(&memory, &ends().0).is_empty());
}
