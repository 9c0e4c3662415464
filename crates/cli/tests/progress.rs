//! The progress of an execution, from its events to what a terminal shows.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use indicatif::{InMemoryTerm, ProgressDrawTarget};
use isthmus_cli::execution::{Event, Execution, Happened, PAUSES, STATES};
use isthmus_cli::progress::Drawn;
use isthmus_cli::stack::Machine;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

fn events(happened: Vec<Happened>) -> Vec<Event> {
    let numbered = (1..).zip(happened);
    numbered.map(|(id, happened)| Event { id, time: f64::from(i32::try_from(id).unwrap()) / 2.0, happened }).collect()
}

fn entered(state: &str) -> Happened {
    Happened::Entered(state.to_owned())
}

fn left(state: &str) -> Happened {
    Happened::Left(state.to_owned())
}

/// As Lambda reports an error of a function.
fn failed(error: &str, cause: &Value) -> Happened {
    let report = json!({"errorType": error, "errorMessage": cause.to_string()});
    Happened::TaskFailed(error.to_owned(), report.to_string())
}

fn created() -> Happened {
    let end = |vpc_id: &str, region: &str, table: &str, action: &str| {
        json!({
            "VpcId": vpc_id, "Region": region, "OwnerId": "222222222222", "Standing": [], "AllowDnsResolution": false,
            "Status": null,
            "Routes": [{"Action": action, "Destinations": ["10.9.0.0/16"], "RouteTableIds": [table]}],
        })
    };
    let peering = json!({
        "VpcPeeringConnectionId": "pcx-0123456789abcdef0", "Status": "pending-acceptance", "Created": true,
        "Requester": end("vpc-0aaaaaaa", "us-east-1", "rtb-0a1b2c3d", "Created"),
        "Accepter": end("vpc-0bbbbbbb", "eu-west-1", "rtb-0a1b2c3e", "Repaired"),
        "Swapped": false, "Tags": {}, "Made": true, "Established": false, "Replaced": [], "Withdrawal": null,
        "AskedBy": {}, "DnsResolution": false, "Warnings": [], "RequestedByTags": false,
    });
    Happened::TaskSucceeded(json!({"Payload": {"Peering": peering}}).to_string())
}

fn pending() -> Happened {
    failed(
        "PeeringPending",
        &json!({"Message": "…", "Status": "provisioning", "VpcPeeringConnectionId": "pcx-0a1b2c3d"}),
    )
}

#[test]
fn each_state_says_how_long_it_took_and_what_is_known() {
    let mut execution = Execution::default();
    execution.apply(events(vec![
        Happened::Other,
        entered("CreateRequest"),
        created(),
        left("CreateRequest"),
        entered("FollowPlan"),
        left("FollowPlan"),
        entered("AcceptInPeerRegion"),
        left("AcceptInPeerRegion"),
        entered("WaitActive"),
        pending(),
        pending(),
        pending(),
    ]));
    let said: Vec<_> =
        execution.visits.iter().map(|visit| (visit.state.as_str(), visit.took, visit.detail.as_str())).collect();
    assert_eq!(
        said,
        [
            ("CreateRequest", Some(1.0), "pcx-0123456789abcdef0, 1 route to create, 1 to repair"),
            ("AcceptInPeerRegion", Some(0.5), "eu-west-1 of 222222222222"),
            ("WaitActive", None, "provisioning, looked 3 times"),
        ]
    );
    assert!(execution.ended.is_none());
    execution.apply(vec![Event { id: 13, time: 9.0, happened: Happened::Ended(Ok(json!({}))) }]);
    assert_eq!((execution.visits[2].took, execution.last), (Some(4.5), 13));
    assert_eq!(execution.ended, Some(Ok(json!({}))));
}

#[test]
fn a_state_that_caught_an_error_has_failed() {
    let mut execution = Execution::default();
    let overlap = failed("OverlappingCidrs", &json!({"Message": "10.1.0.0/16 overlaps 10.1.0.0/16"}));
    execution.apply(events(vec![entered("CreateRequest"), overlap, entered("RecordFailure")]));
    let [first, second] = execution.visits.as_slice() else { panic!("{:?}", execution.visits) };
    assert_eq!((first.has_failed, first.detail.as_str(), first.took), (true, "OverlappingCidrs", Some(1.0)));
    assert!(!second.has_failed);
}

#[test]
fn what_is_retried_says_why() {
    for (error, cause, said) in [
        ("PairBusy", json!({"Execution": "arn"}), "another execution works on it"),
        ("RoutesRemaining", json!({"Remaining": 120}), "120 routes remain"),
        ("Throttled", json!({"Code": "RequestLimitExceeded"}), "AWS has no room yet: RequestLimitExceeded"),
        ("Sandbox.Timedout", json!(null), "Sandbox.Timedout"),
    ] {
        let mut execution = Execution::default();
        execution.apply(events(vec![entered("UpdateRoutes"), failed(error, &cause)]));
        assert_eq!(execution.visits[0].detail, said);
    }
}

#[test]
fn a_terminal_shows_what_is_done_what_goes_on_and_what_is_to_come() {
    let terminal = InMemoryTerm::new(20, 100);
    let mut drawn = Drawn::new(Some(Machine::Peering), ProgressDrawTarget::term_like(Box::new(terminal.clone())));
    let mut execution = Execution::default();
    execution.apply(events(vec![
        entered("CreateRequest"),
        created(),
        left("CreateRequest"),
        entered("WaitActive"),
        pending(),
    ]));
    drawn.show(&execution);
    let shown = terminal.contents();
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "  ✓ CreateRequest          1.0 s   pcx-0123456789abcdef0, 1 route to create, 1 to repair");
    assert!(lines[1].contains(" WaitActive ") && lines[1].ends_with("provisioning, looked 1 time"), "{shown}");
    assert_eq!(lines[2], "  · UpdateRoutes");
    assert_eq!(lines.len(), 3, "what was skipped is not shown: {shown}");
}

#[test]
fn once_it_is_over_nothing_is_to_come() {
    let terminal = InMemoryTerm::new(20, 100);
    let mut drawn = Drawn::new(Some(Machine::Teardown), ProgressDrawTarget::term_like(Box::new(terminal.clone())));
    let mut execution = Execution::default();
    execution.apply(events(vec![entered("PlanTeardown"), Happened::Ended(Ok(json!({})))]));
    drawn.show(&execution);
    assert_eq!(terminal.contents().trim_end(), "  ✓ PlanTeardown           0.5 s");
}

#[test]
fn the_states_shown_are_those_that_call_a_function_or_wait() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../statemachine");
    let (mut tasks, mut waits) = (BTreeSet::new(), BTreeSet::new());
    for machine in Machine::ALL {
        let text = std::fs::read_to_string(directory.join(format!("{}.asl.json", machine.suffix()))).unwrap();
        let definition: Value = serde_json::from_str(&text).unwrap();
        let states = definition["States"].as_object().unwrap();
        for (name, state) in states {
            if state["Resource"].as_str().is_some_and(|resource| resource.ends_with(":lambda:invoke")) {
                tasks.insert(name.clone());
            }
            if ["Wait", "Map"].contains(&state["Type"].as_str().unwrap()) {
                waits.insert(name.clone());
            }
        }
        assert!(machine.main_line().iter().all(|state| states.contains_key(*state)), "{machine:?}");
    }
    assert_eq!(tasks, STATES.map(str::to_owned).into());
    assert_eq!(waits, PAUSES.map(str::to_owned).into());
}
