//! Requests that are far too long are refused by name, in a few words; and whatever isn't refused fits into what a machine passes on.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::request::{PeeringRequest, TeardownRequest};
use isthmus_peering::steps::{RequestedTask, accept_in_peer_region, create_request, start_requested, update_routes};
use isthmus_testing::grouped::{planned, vpcs};
use isthmus_testing::owners::{HUB, two};
use isthmus_testing::pair::foreign;
use isthmus_testing::sweeping::try_sweep;
use isthmus_testing::{Machines, Memory, context, execute, stack};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Step Functions cuts a cause that is longer. <https://docs.aws.amazon.com/step-functions/latest/apireference/API_FailStateMachine.html>
const CAUSE: usize = 32_768;
/// What passes from state to state.
const DATA: usize = 262_144;
/// Far below the first, for Step Functions escapes it once more.
const SHORT: usize = 8_000;

fn assert_short(error: &Error, field: &str) {
    let (name, cause) = error.name_and_cause();
    assert_eq!(name, "InvalidRequest");
    let told = cause["Field"].as_str().expect("a field");
    assert!(told.starts_with(field), "{told:.100} is not {field}");
    assert!(!cause["Message"].as_str().expect("a message").is_empty());
    let cause = Value::Object(cause).to_string();
    assert!(cause.len() < SHORT && json!(cause).to_string().len() < CAUSE, "{} characters", cause.len());
}

fn with(field: &str, value: &Value) -> Value {
    let mut request = json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b"});
    request[field] = value.clone();
    request
}

/// Characters that are one byte, three bytes, escaped in JSON, not seen, and their own escape. A megabyte of the first ones.
fn long_texts() -> [String; 6] {
    ["x", "語", "\u{0}", "\u{202e}", "\"", "\\"]
        .map(|character| character.repeat(if character == "x" { 1_000_000 } else { 20_000 }))
}

#[test]
fn a_long_text_in_any_field_is_refused_in_a_few_words() {
    let of_both = ["VpcId", "Region", "OwnerId", "PeerVpcId", "PeerRegion", "PeerOwnerId", "DryRun", "RequestedBy"];
    let of_peering = ["Name", "Tags", "Routes", "PeerRoutes", "DnsResolution", "TakeOver"];
    for text in long_texts() {
        let value = json!(text);
        for field in of_both.iter().chain(&of_peering) {
            assert_short(&PeeringRequest::parse(&with(field, &value), &stack()).expect_err(field), field);
        }
        for field in of_both.iter().chain(&["NotBefore"]) {
            assert_short(&TeardownRequest::parse(&with(field, &value), &stack()).expect_err(field), field);
        }
        // As the name of a field that there isn't.
        assert_short(&PeeringRequest::parse(&with(&text, &json!(1)), &stack()).expect_err("unknown"), "");
        assert_short(&TeardownRequest::parse(&with(&text, &json!(1)), &stack()).expect_err("unknown"), "");
    }
}

#[test]
fn a_long_text_within_a_field_is_refused_in_a_few_words() {
    for text in long_texts() {
        for (field, value) in [
            ("Tags", json!({&text: "a value"})),
            ("Tags.team", json!({"team": text})),
            ("Routes", json!({&text: 1})),
            ("Routes", json!({"Tables": text})),
            ("Routes", json!({"Tables": [text]})),
            ("Routes", json!({"Tables": {&text: 1}})),
            ("Routes", json!({"Subnets": [text]})),
            ("Routes", json!({"TableTags": {&text: "a value"}})),
            ("Routes", json!({"TableTags": {"tier": text}})),
            ("Routes", json!({"Destinations": [text]})),
        ] {
            let name = field.split('.').next().expect("a name");
            assert_short(&PeeringRequest::parse(&with(name, &value), &stack()).expect_err(field), field);
        }
    }
}

#[test]
fn ten_thousand_elements_are_refused_by_name() {
    let many = |format: fn(usize) -> String| (0..10_000).map(format).collect::<Vec<String>>();
    let tags: BTreeMap<String, String> = (0..10_000).map(|number| (format!("k{number}"), "v".to_owned())).collect();
    for (field, value, told) in [
        ("Tags", json!(tags), "at most 47"),
        ("Routes", json!({"Tables": many(|number| format!("rtb-{number:08x}"))}), "10000 elements"),
        ("Routes", json!({"Subnets": many(|number| format!("subnet-{number:08x}"))}), "10000 elements"),
        (
            "PeerRoutes",
            json!({"Destinations": many(|number| format!("10.{}.{}.0/24", number / 256, number % 256))}),
            "10000 elements",
        ),
        ("PeerRoutes", json!({"TableTags": tags}), "10000 tags"),
        ("VpcId", json!(many(|number| format!("vpc-{number:08x}"))), "expected"),
    ] {
        let error = PeeringRequest::parse(&with(field, &value), &stack()).expect_err(field);
        assert_short(&error, field);
        assert!(error.to_string().contains(told), "{error}");
    }
}

/// A sender could fill the log and the answer with it.
#[tokio::test]
async fn what_an_event_asks_for_is_told_in_a_few_words() {
    for text in long_texts() {
        let machines = Machines::default();
        let task =
            RequestedTask { sender: HUB.into(), event_id: "an event".into(), request: with("VpcId", &json!(text)) };
        let requested = start_requested(&machines, &stack(), task).await.expect("answered");
        assert!(requested.invalid.expect("invalid").len() < SHORT && machines.peerings.take().is_empty());
    }
}

#[tokio::test]
async fn so_is_what_a_sweep_and_a_run_of_groups_are_asked_for() {
    let (memory, _) = vpcs(1);
    for text in long_texts() {
        for event in [json!({&text: 1}), json!({"DryRun": text}), json!({"Release": text}), json!(text), json!([text])]
        {
            let refused = try_sweep(&memory, &Machines::default(), event).await.expect_err("refused");
            assert_short(&refused, "");
        }
        for input in [json!({&text: 1}), json!({"DryRun": text}), json!({"Groups": [text]}), json!({"Groups": text})] {
            assert_short(&planned(&memory, &stack(), input).await.expect_err("refused"), "");
        }
    }
    let groups: Vec<String> = (0..10_000).map(|number| format!("group-{number}")).collect();
    let report = planned(&memory, &stack(), json!({"Groups": groups, "DryRun": true})).await.expect("planned").report;
    let report = serde_json::to_string(&report.expect("a report")).expect("JSON");
    assert!(report.len() < DATA / 2, "{} bytes", report.len());
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
}

/// A request that is valid, with tags of 54 KB and so many destinations on each side.
fn long_request(memory: &Memory, [one, other]: [&End; 2], destinations: usize) -> Value {
    for (end, block) in [(one, "fd00:1::/32"), (other, "fd00:2::/32")] {
        memory.add_block(end, block);
    }
    let blocks = |start: &str| {
        (0..destinations).map(|number| format!("{start}:1111:2222:3333:4444:5555:{number:x}/128")).collect::<Vec<_>>()
    };
    let tags: BTreeMap<String, String> =
        (0..47).map(|number| (format!("{number:02}{}", "語".repeat(126)), "語".repeat(256))).collect();
    json!({
        "VpcId": one.vpc_id, "PeerVpcId": other.vpc_id, "Name": "語".repeat(256), "Tags": tags,
        "Routes": {"Destinations": blocks("fd00:2")}, "PeerRoutes": {"Destinations": blocks("fd00:1")},
    })
}

/// The roll-back gets the request, what was planned, and the failure.
#[tokio::test]
async fn a_long_request_passes_from_state_to_state() {
    let (memory, one, other) = two(HUB);
    let request = long_request(&memory, [&one, &other], 200);
    let task = json!({"Request": request, "Execution": "an execution", "Time": "2026-11-25T12:00:00Z",
                      "Started": 1_800_000_000_000_i64, "Attempt": 0});
    let task = serde_json::from_value(task).expect("a task");
    let created = create_request(context(&memory, &stack()), task).await.expect("planned");
    let bytes = json!(created).to_string().len() + request.to_string().len() + CAUSE;
    assert!(bytes < DATA, "{bytes}");
}

/// Its execution would end between two states, by no name of ours, with a connection made.
#[tokio::test]
async fn one_that_is_too_long_to_be_passed_on_is_refused_before_anything_is_made() {
    let (memory, one, other) = two(HUB);
    let request = long_request(&memory, [&one, &other], 490);
    memory.take_calls();
    let (error, cause) = execute(&memory, "an execution", &request).await.expect_err("refused");
    assert_eq!((error.as_str(), &cause["Field"]), ("InvalidRequest", &json!("Routes")));
    assert!(cause["Message"].as_str().is_some_and(|message| message.contains("select fewer")), "{cause}");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
}

/// A table that is named and can't be had is one reason; five hundred are not five hundred.
#[tokio::test]
async fn five_hundred_mistakes_are_told_by_the_first() {
    let (memory, one, other) = two(HUB);
    for selection in [
        json!({"Tables": (0..500).map(|number| format!("rtb-{number:08x}")).collect::<Vec<_>>()}),
        json!({"Subnets": (0..500).map(|number| format!("subnet-{number:08x}")).collect::<Vec<_>>()}),
        json!({"Destinations": (0..500).map(|number| format!("10.9.{}.{}", number / 256, number % 256)).collect::<Vec<_>>()}),
    ] {
        let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id, "Routes": selection});
        let (error, cause) = execute(&memory, "an execution", &request).await.expect_err("refused");
        assert_eq!(error, "InvalidRequest");
        assert!(cause.to_string().len() < SHORT, "{cause}");
    }
    let calls = memory.take_calls();
    assert!(calls.len() < 40 && Memory::writes(&calls).is_empty(), "{calls:?}");
}

/// Routes of somebody else's that appear in every table after the plan.
#[tokio::test]
async fn hundreds_of_conflicts_are_told_by_the_first_hundred() {
    let (memory, one, other) = two(HUB);
    (2..150).for_each(|_| memory.add_table(&one));
    let (stack, time) = (stack(), "2026-11-25T12:00:00Z");
    let context = context(&memory, &stack);
    let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id});
    let mut task = json!({"Request": request, "Execution": "an execution", "Attempt": 0, "Time": time,
                          "Started": 1_800_000_000_000_i64});
    let created =
        create_request(context, serde_json::from_value(task.clone()).expect("a task")).await.expect("created");
    task["Peering"] = json!(created.peering);
    let step = |task: &Value| serde_json::from_value(task.clone()).expect("a task");
    accept_in_peer_region(context, step(&task)).await.expect("accepted");
    update_routes(context, step(&task), || false).await.expect_err("there is no time");
    task["Attempt"] = json!(1);
    let is_routed = |number: &usize| memory.tables(&one)[*number].routes.len() > 1;
    for number in (0..150).filter(|number| !is_routed(number)) {
        memory.add_route(&one, number, foreign("10.2.0.0/16"));
    }
    let error = update_routes(context, step(&task), || true).await.expect_err("in conflict");
    let (name, cause) = error.name_and_cause();
    assert_eq!((name.as_str(), cause["Conflicts"].as_array().map(Vec::len)), ("RouteConflict", Some(100)));
    assert!(json!(Value::Object(cause).to_string()).to_string().len() < CAUSE);
}
