//! With the parameter Mode `report` nothing is written to EC2, whatever asks for it.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::error::Error;
use isthmus_peering::stack::{Mode, Stack};
use isthmus_peering::steps::{
    Sweep, accept_in_peer_region, create_request, delete_peering, delete_routes, plan_teardown, record_failure,
    roll_back, sweep, update_routes,
};
use isthmus_testing::pair::{assert_peered, ends, network, peered, request};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Machines, Memory, context, execute, scope, stack};
use serde_json::{Value, json};

fn reporting() -> Stack {
    Stack { mode: Mode::Report, ..stack() }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a task")
}

fn create_task(request: &Value) -> Value {
    json!({"Request": request, "Execution": "an execution", "Attempt": 0, "Time": "now", "Started": 1_800_000_000_000_i64})
}

fn teardown_task(request: &Value) -> Value {
    json!({"Request": request, "Execution": "a teardown", "Time": "now"})
}

/// Runs `step` and asserts that nothing was written.
async fn only_reads<T>(memory: &Memory, step: impl Future<Output = T>) -> T {
    memory.take_calls();
    let (ledger, tags) = (memory.ledger.all(), [ends().0, ends().1].map(|end| memory.tags(&end)));
    let result = step.await;
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    assert_eq!((memory.ledger.all(), [ends().0, ends().1].map(|end| memory.tags(&end))), (ledger, tags));
    result
}

#[tokio::test]
async fn an_execution_plans_and_its_plan_is_published() {
    let (memory, of_stack) = (network(), reporting());
    let created = only_reads(&memory, create_request(context(&memory, &of_stack), read(create_task(&request())))).await;
    let created = serde_json::to_value(created.expect("planned")).expect("JSON");
    assert_eq!((&created["Peering"], &created["Publish"]), (&Value::Null, &json!(true)));
    assert_eq!(
        (&created["Output"]["Status"], created["Output"]["Routes"].as_array().map(Vec::len)),
        (&json!("planned"), Some(6))
    );
    let mut dry = request();
    dry["DryRun"] = json!(true);
    let created = create_request(context(&memory, &of_stack), read(create_task(&dry))).await.expect("planned");
    assert!(!created.publish, "a dry run is its caller's alone");
}

#[tokio::test]
async fn the_plan_of_a_dry_run_is_published_where_an_event_asked_for_it() {
    for of_stack in [reporting(), stack()] {
        for (by, is_published) in [("execution", false), ("tags", false), ("event", true)] {
            let memory = network();
            let mut dry = request();
            (dry["DryRun"], dry["RequestedBy"]) = (json!(true), json!(by));
            let planning = create_request(context(&memory, &of_stack), read(create_task(&dry)));
            let created = only_reads(&memory, planning).await.expect("planned");
            assert_eq!((created.publish, created.peering.is_none()), (is_published, true), "{by}");
            assert_eq!(created.output.expect("a plan").status, "planned");
        }
    }
}

#[tokio::test]
async fn a_teardown_plans_and_its_plan_is_published() {
    let (memory, of_stack) = (peered().await, reporting());
    for by in ["execution", "tags"] {
        let mut input = request();
        input["RequestedBy"] = json!(by);
        let planned =
            only_reads(&memory, plan_teardown(context(&memory, &of_stack), read(teardown_task(&input)))).await;
        let planned = serde_json::to_value(planned.expect("planned")).expect("JSON");
        assert_eq!((&planned["Teardown"], &planned["NotBefore"]), (&Value::Null, &Value::Null));
        let is_told = by == "execution"; // which asked for it, so that tags keep it
        assert_eq!(
            (&planned["Publish"], &planned["Output"]["Status"]),
            (&json!(is_told), &json!(if is_told { "planned" } else { "kept" }))
        );
    }
    assert_peered(&memory);
}

/// The mode was changed while an execution was under way.
#[tokio::test]
async fn later_steps_write_nothing_and_say_why() {
    let (memory, of_stack) = (network(), reporting());
    let applying = stack();
    let created = create_request(context(&memory, &applying), read(create_task(&request()))).await.expect("created");
    let mut task = json!({"Peering": serde_json::to_value(created).expect("JSON")["Peering"], "Attempt": 0});
    task.as_object_mut().expect("an object").extend(create_task(&request()).as_object().expect("an object").clone());
    let context = context(&memory, &of_stack);
    let refused = [
        only_reads(&memory, accept_in_peer_region(context, read(task.clone()))).await.map(drop),
        only_reads(&memory, update_routes(context, read(task.clone()), || true)).await.map(drop),
    ];
    assert_refused(refused);
    task["Failure"] = json!({"State": "AcceptInPeerRegion", "Error": {"Error": "InvalidRequest", "Cause": ""}});
    let undone = only_reads(&memory, roll_back(context, read(task.clone()), || true)).await.expect("nothing is undone");
    assert_eq!(undone.left_behind, ["everything: the stack's parameter Mode is report"]);
    task["RolledBack"] = serde_json::to_value(&undone).expect("JSON");
    record_failure(context, read(task)).await.expect("recorded");
    assert_eq!(memory.ledger.all()[0].holder, None);
    execute(&memory, "applied again", &request()).await.expect("it goes on with what was left behind");
    assert_peered(&memory);
}

#[tokio::test]
async fn later_steps_of_a_teardown_write_nothing_either() {
    let (memory, of_stack) = (peered().await, reporting());
    let applying = stack();
    let planned = plan_teardown(context(&memory, &applying), read(teardown_task(&request()))).await.expect("planned");
    let task = json!({"Teardown": serde_json::to_value(planned).expect("JSON")["Teardown"], "Execution": "a teardown", "Time": "now"});
    let context = context(&memory, &of_stack);
    assert_refused([
        only_reads(&memory, delete_routes(context, read(task.clone()), || true)).await.map(drop),
        only_reads(&memory, delete_peering(context, read(task))).await.map(drop),
    ]);
    assert_peered(&memory);
}

fn assert_refused(results: [Result<(), Error>; 2]) {
    for result in results {
        let (name, cause) = result.expect_err("refused").name_and_cause();
        assert_eq!((name.as_str(), &cause["Field"]), ("InvalidRequest", &json!("Mode")));
    }
}

/// Tags that are to be withdrawn, set up, and are invalid: the triggers start executions, and write no status.
#[tokio::test]
async fn triggers_start_executions_that_plan_and_write_no_status() {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1 vpc-oops");
    let of_stack = reporting();
    let machines = Machines::default();
    let event = isthmus_peering::steps::StartTask { end: ends().0, ..task("vpc-00000000", TAGS) };
    only_reads(&memory, start_as(&memory, &machines, &of_stack, event.clone())).await.expect("started");
    let how = Sweep { scope: scope(), id: "a sweep".into(), time: "now".into() };
    let swept = only_reads(&memory, sweep(context(&memory, &of_stack), &machines, &how, json!({}), || true)).await;
    assert_eq!((swept.expect("swept").started.len(), machines.peerings.take().len()), (1, 2));

    execute(&memory, "applied", &json!({"RequestedBy": "tags", "VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a", "PeerRegion": "eu-west-1"}))
        .await
        .expect("peered");
    memory.drop_tag(&ends().0, "isthmus:peer");
    only_reads(&memory, start_as(&memory, &machines, &of_stack, event)).await.expect("started");
    only_reads(&memory, sweep(context(&memory, &of_stack), &machines, &how, json!({}), || true)).await.expect("swept");
    assert_eq!(machines.teardowns.take().len(), 2);
    assert_peered(&memory);
}
