//! One name, one thing: the error enum, the state machines, the template, the folders and the reference agree.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "contract/files.rs"]
mod files;

use files::{errors_equals, functions, groups, kebab, machine, reports, states_of, tasks, teardown, text};
use isthmus_peering::error::Error;
use isthmus_peering::tags::{ACCEPT, ADVERTISE, DNS, GROUP, PEER, ROUTES};
use serde_json::Value;
use std::collections::BTreeSet;
use strum::VariantNames;

/// These make the machine call again; an execution never ends with one.
const SIGNALS: [&str; 5] = ["PeeringNotVisible", "PeeringPending", "PlanAgain", "RoutesRemaining", "Throttled"];

#[test]
fn every_task_is_a_folder_a_step_a_resource_and_a_substitution() {
    let (template, makefile) = (text("template.yaml"), text("Makefile"));
    for (state, function) in tasks() {
        let folder = kebab(&function);
        assert!(functions().contains(&folder), "functions/{folder}");
        let step = text(&format!("crates/peering/src/steps/{}.rs", folder.replace('-', "_")));
        assert!(step.contains(&format!("`{state}`")), "the step says which state it is");
        assert!(
            template.contains(&format!("\n  {function}Function:\n    Type: AWS::Serverless::Function")),
            "{function}Function"
        );
        assert!(
            template.contains(&format!("{function}FunctionArn: !GetAtt {function}Function.Arn")),
            "substitution of {function}"
        );
        assert_eq!(state, function, "a state is named as its function");
    }
    let in_the_chain: BTreeSet<String> = tasks().values().map(|function| kebab(function)).collect();
    let beside_the_chain: BTreeSet<String> = functions().difference(&in_the_chain).cloned().collect();
    assert_eq!(
        beside_the_chain,
        BTreeSet::from(["start-peering", "start-requested", "sweep", "topology"].map(str::to_owned))
    );
    assert!(makefile.contains("build-%Function:"), "sam build finds its targets");
}

#[test]
fn the_main_line_reads_as_promised() {
    let machine = machine();
    let next = |state: &str| {
        machine["States"][state]["Next"].as_str().or(machine["States"][state]["Default"].as_str()).map(str::to_owned)
    };
    let line: Vec<String> =
        std::iter::successors(machine["StartAt"].as_str().map(str::to_owned), |state| next(state)).collect();
    assert_eq!(
        line,
        ["CreateRequest", "FollowPlan", "AcceptInPeerRegion", "WaitActive", "UpdateRoutes", "PeeringActive"]
    );
}

#[test]
fn each_ending_is_reported_on_the_bus() {
    let reports = reports();
    let reported: BTreeSet<(&str, &str)> =
        reports.iter().map(|(state, event)| (state.as_str(), event.as_str())).collect();
    assert_eq!(
        reported,
        BTreeSet::from([
            ("PeeringActive", "VPC Peering Active"),
            ("PeeringRemoved", "VPC Peering Removed"),
            ("PeeringPending", "VPC Peering Pending"),
            ("PeeringPlanned", "VPC Peering Planned"),
            ("RemovalPlanned", "VPC Peering Removal Planned"),
            ("PublishFailure", "VPC Peering Failed"),
            ("PublishHeld", "VPC Peering Teardowns Held"),
            ("TellGroups", "VPC Peering Group Settled"),
            ("TellHeld", "VPC Peering Teardowns Held"),
        ])
    );
}

#[test]
fn failed_means_failed() {
    let of_type = |machine: &Value, kind: &str| -> BTreeSet<String> {
        states_of(machine).into_iter().filter(|(_, state)| state["Type"] == kind).map(|(name, _)| name).collect()
    };
    let names = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    assert_eq!(of_type(&machine(), "Fail"), names(&["OverlappingCidrs", "PeeringFailed"]));
    assert_eq!(of_type(&machine(), "Succeed"), names(&["ReturnOutput"]));
    assert_eq!(of_type(&teardown(), "Fail"), names(&["TeardownFailed"]));
    assert_eq!(of_type(&teardown(), "Succeed"), names(&["ReturnOutput"]));
    let ends = |machine: &Value| -> BTreeSet<String> {
        states_of(machine).into_iter().filter(|(_, state)| state["End"] == true).map(|(name, _)| name).collect()
    };
    assert_eq!(ends(&machine()), names(&["PeeringActive", "PeeringPending", "PeeringPlanned"]));
    assert_eq!(ends(&teardown()), names(&["PeeringRemoved", "RemovalPlanned"]));
    assert_eq!(of_type(&groups(), "Fail"), names(&["GroupsFailed"]));
    assert_eq!((of_type(&groups(), "Succeed"), ends(&groups())), (names(&["GroupsSettled", "LaneWorked"]), names(&[])));
    for (machine, way_out) in [(machine(), "RollBack"), (teardown(), "RecordFailure"), (groups(), "GroupsFailed")] {
        for (name, state) in states_of(&machine).into_iter().filter(|(_, state)| state["Type"] == "Task") {
            let last = state["Catch"].as_array().and_then(|catches| catches.last()).expect("a Catch");
            assert_eq!(last["ErrorEquals"], serde_json::json!(["States.ALL"]), "{name}");
            let way_out = match name.as_str() {
                "RollBack" => "RecordFailure",
                "RecordFailure" => "PublishFailure",
                "PublishFailure" => "ChooseEnding",
                "PublishHeld" if way_out == "RollBack" => "PeeringFailed",
                "PublishHeld" => "TeardownFailed",
                "TellGroups" => "GroupsSettled",
                "TellHeld" => "FollowPlan",
                "WorkLane" => "LaneWorked",
                "PeeringActive" | "PeeringPending" | "PeeringRemoved" | "PeeringPlanned" | "RemovalPlanned" => {
                    "ReturnOutput"
                }
                _ => way_out,
            };
            assert_eq!(last["Next"], way_out, "{name}");
        }
    }
}

#[test]
fn every_error_the_machine_knows_is_one_of_ours_or_of_aws() {
    for name in errors_equals("Retry").union(&errors_equals("Catch")) {
        let is_aws = ["Lambda.", "States.", "Runtime.", "Sandbox."].iter().any(|prefix| name.starts_with(prefix));
        assert!(is_aws || Error::VARIANTS.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_signal_makes_the_machine_call_again() {
    let (retried, machine) = (errors_equals("Retry"), machine());
    let again = &machine["States"]["WaitActive"]["Catch"][1];
    assert_eq!((&again["ErrorEquals"][0], &again["Next"]), (&"PlanAgain".into(), &"CreateRequest".into()));
    for signal in SIGNALS {
        let is_called_again = retried.contains(signal) || signal == "PlanAgain";
        assert!(Error::VARIANTS.contains(&signal) && is_called_again, "{signal}");
    }
}

#[test]
fn every_setting_that_a_function_reads_is_in_the_template() {
    let template = text("template.yaml");
    let sources = text("crates/aws/src/settings.rs") + &text("crates/aws/src/serve.rs");
    let read_by = |reader: &str| -> Vec<String> {
        let call = format!("{reader}(\"");
        sources.split(&call).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let names = [read_by("setting"), read_by("listed")].concat();
    assert!(names.len() > 12, "{names:?}");
    // Lambda's own begin with AWS_, which a template may not set.
    for name in names.into_iter().filter(|name| !name.starts_with("AWS_")) {
        assert!(
            template.contains(&format!("\n        {name}: ")) || template.contains(&format!("\n          {name}: ")),
            "{name}"
        );
    }
}

/// What only begins like one is told as invalid.
#[test]
fn a_change_of_every_key_and_of_what_begins_like_one_is_heard_here_and_in_members() {
    for template in [text("template.yaml"), text("member/template.yaml")] {
        for key in [PEER, ACCEPT, ROUTES, ADVERTISE, DNS, GROUP] {
            assert!(template.contains(&format!(" - !Sub ${{TagPrefix}}:{key}\n")), "{key}");
            assert!(template.contains(&format!(" - prefix: !Sub \"${{TagPrefix}}:{key}:\"")), "{key}");
        }
    }
}

#[test]
fn a_round_is_planned_for_as_many_lanes_as_work_at_once() {
    let (machine, template) = (groups(), text("template.yaml"));
    let planned = &machine["States"]["PlanGroups"]["Arguments"]["Payload"]["LanesAtOnce"];
    assert!(planned.as_str().is_some_and(|planned| planned.contains("${LanesAtOnce}")), "{planned}");
    assert_eq!(planned, &machine["States"]["WorkLanes"]["MaxConcurrency"]);
    assert!(template.contains("\n        LanesAtOnce: !Ref LanesAtOnce\n"));
}

/// A failure of overlapping blocks skips the roll-back, for nothing was made, and has a Fail state of its own.
#[test]
fn overlapping_blocks_have_their_own_branch() {
    let machine = machine();
    for state in ["CreateRequest", "AcceptInPeerRegion", "WaitActive"] {
        let first = &machine["States"][state]["Catch"][0];
        assert_eq!((&first["ErrorEquals"][0], &first["Next"]), (&"OverlappingCidrs".into(), &"RecordFailure".into()));
    }
    let choice = &machine["States"]["ChooseEnding"];
    assert!(choice["Choices"][0]["Condition"].as_str().expect("a condition").contains("'OverlappingCidrs'"));
    assert_eq!(
        (&choice["Choices"][0]["Next"], &choice["Default"]),
        (&"OverlappingCidrs".into(), &"PeeringFailed".into())
    );
}

/// The names that outsiders rely on.
#[test]
fn machines_functions_and_outputs_have_their_fixed_names() {
    let template = text("template.yaml");
    for name in [
        "Name: !Sub ${AWS::StackName}-peering",
        "Name: !Sub ${AWS::StackName}-teardown",
        "Name: !Sub ${AWS::StackName}-groups",
        "FunctionName: !Sub ${AWS::StackName}-sweep",
    ] {
        assert!(template.contains(&format!("      {name}\n")), "{name}");
    }
    for output in [
        "StateMachineArn",
        "TeardownStateMachineArn",
        "GroupsStateMachineArn",
        "EventBusArn",
        "InvokeRoleArn",
        "MemberRoleName",
        "SweepFunctionName",
        "Version",
    ] {
        assert!(template.contains(&format!("\n  {output}:\n    Description: ")), "{output}");
    }
}

#[test]
fn there_is_one_version() {
    let version = text("VERSION");
    let version = version.trim();
    assert_eq!(env!("CARGO_PKG_VERSION"), version);
    assert!(text("template.yaml").contains(&format!("    Value: {version}\n")), "the output Version");
}
