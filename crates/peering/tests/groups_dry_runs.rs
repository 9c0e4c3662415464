//! A run that changes nothing answers what the run would: of what leaves its groups as well.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::stack::{Mode, Stack};
use isthmus_testing::grouped::{counts, leave, star};
use isthmus_testing::{HasLedger, Memory, RunOfGroups, groups_arn, run_groups, stack};
use serde_json::json;

/// The run, after a dry run and one in report mode have answered the same, and have written nothing.
fn run_after_dry_runs(memory: &Memory, of: &Stack) -> RunOfGroups {
    memory.take_calls();
    let before = memory.ledger().writes();
    let dry = run_groups(memory, of, "dry", &json!({"DryRun": true})).expect("it ends");
    let reporting = Stack { mode: Mode::Report, ..of.clone() };
    let told = run_groups(memory, &reporting, "report", &json!({})).expect("it ends");
    assert!(Memory::writes(&memory.take_calls()).is_empty() && memory.ledger().writes() == before);
    assert!(dry.held.is_empty() && told.held.is_empty(), "nothing is held yet");
    let run = run_groups(memory, of, "run", &json!({})).expect("it ends");
    assert_eq!(dry.report, run.report, "a dry run");
    assert_eq!(told.report, run.report, "in report mode");
    run
}

#[test]
fn what_a_member_that_leaves_takes_with_it_is_counted() {
    let (memory, ends) = star(3);
    leave(&memory, &ends[1..2]);
    let report = run_after_dry_runs(&memory, &stack()).report;
    assert_eq!((report.groups[0].torn_down, report.cost.calls["DeleteVpcPeeringConnection"]), (1, 1));
}

#[test]
fn what_the_brake_is_going_to_hold_is_told() {
    let (memory, ends) = star(12);
    leave(&memory, &ends[..1]);
    let run = run_after_dry_runs(&memory, &stack());
    assert_eq!((run.report.groups[0].torn_down, run.report.cost.calls.len(), run.held.len()), (0, 0, 1));
    let told = &run.report.warnings[0];
    assert!(told.contains("12 removals") && told.contains("are held: it was more than 10"), "{told}");
    let again = run_after_dry_runs(&memory, &stack());
    assert_eq!(&again.report.warnings[0], told, "what is held already");
}

#[test]
fn what_waits_for_the_delay_is_told() {
    let (memory, ends) = star(3);
    leave(&memory, &ends[1..2]);
    let report = run_after_dry_runs(&memory, &Stack { teardown_delay: 300, ..stack() }).report;
    assert_eq!((report.groups[0].torn_down, report.cost.calls.len()), (0, 0));
    assert_eq!(report.warnings, ["1 removals wait for TeardownDelay"]);
}

/// A run tries it at once; the sweep waits.
#[test]
fn what_failed_before_and_is_to_be_tried_later_is_set_up() {
    let (memory, ends) = star(2);
    let item = memory.ledger().all().remove(0);
    let outcome = json!({"By": "arn:of:a:run", "Error": "ServiceFault", "Message": "no", "RetryAt": i64::MAX});
    memory.ledger().set(&item.pair, "Outcome", outcome);
    let spoke = item.pair.ends().into_iter().find(|end| **end != ends[0]).expect("the spoke").clone();
    memory.drop_routes(&spoke, "10.1.0.0/16");
    let report = run_after_dry_runs(&memory, &stack()).report;
    assert_eq!((counts(&report.groups[0]), report.cost.calls["CreateRoute"]), ([2, 1, 1, 0], 1));
}

#[test]
fn what_a_run_that_has_died_holds_is_taken_over() {
    let (memory, ends) = star(2);
    leave(&memory, &ends[1..2]);
    let dead = groups_arn("dead");
    let leaving = memory.ledger().all().into_iter().find(|item| item.pair.ends().contains(&&ends[1])).expect("an item");
    memory.ledger().set(&leaving.pair, "Holder", json!(dead));
    memory.ledger().close(&dead, 3600);
    let report = run_after_dry_runs(&memory, &stack()).report;
    assert_eq!((report.groups[0].torn_down, report.cost.calls["DeleteVpcPeeringConnection"]), (1, 1));
}
