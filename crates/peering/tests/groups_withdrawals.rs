//! What a group's removals count for, and what of them is no removal.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::stack::{Mode, Stack};
use isthmus_testing::grouped::{join, leave, peered, star};
use isthmus_testing::{HasLedger, Memory, RunOfGroups, run_groups, stack};
use serde_json::json;

fn run(memory: &Memory, stack: &Stack, name: &str) -> RunOfGroups {
    run_groups(memory, stack, name, &json!({})).expect("it ends")
}

#[test]
fn what_a_run_has_torn_down_counts_for_an_hour() {
    let (memory, ends) = star(14);
    leave(&memory, &ends[1..11]);
    run(&memory, &stack(), "ten");
    assert_eq!(peered(&memory, &ends), 4);
    leave(&memory, &ends[11..12]);
    let held = run(&memory, &stack(), "one more");
    assert_eq!((peered(&memory, &ends), held.held.len()), (4, 1), "the eleventh within the hour is held");
}

#[test]
fn what_is_left_of_connections_that_are_gone_is_not_held() {
    let (memory, ends) = star(12);
    memory.connections().iter().for_each(|connection| memory.delete(connection));
    leave(&memory, &ends);
    let gone = run(&memory, &stack(), "gone");
    assert!(gone.held.is_empty(), "{:?}", gone.held);
    assert!(ends.iter().all(|end| memory.tables(end)[0].routes.len() == 1), "its own route alone");
}

#[test]
fn what_the_brake_holds_goes_once_its_connections_are_gone() {
    let (memory, ends) = star(12);
    leave(&memory, &ends);
    let held = run(&memory, &stack(), "held");
    assert_eq!((peered(&memory, &ends), held.held.len()), (12, 1));
    memory.connections().iter().for_each(|connection| memory.delete(connection));
    run(&memory, &stack(), "gone");
    assert!(ends.iter().all(|end| memory.tables(end)[0].routes.len() == 1), "its own route alone");
}

/// A person tears them down, say. What the tags of their VPCs take away meanwhile is neither marked nor told.
#[test]
fn nothing_is_decided_about_pairs_that_other_executions_work_on() {
    let (memory, ends) = star(12);
    for item in memory.ledger().all() {
        memory.ledger().set(&item.pair, "Holder", json!("arn:of:an:execution"));
    }
    let before = memory.ledger().all();
    leave(&memory, &ends);
    let left = run(&memory, &stack(), "left");
    assert!(left.held.is_empty(), "{:?}", left.held);
    assert_eq!(memory.ledger().all(), before);
}

/// Another group asks for it. The mark of the first one goes, and leaves nothing that counts.
#[test]
fn what_is_asked_for_again_was_not_withdrawn() {
    let (memory, ends) = star(1);
    let delayed = Stack { teardown_delay: 300, ..stack() };
    leave(&memory, &ends[1..]);
    run(&memory, &delayed, "waits");
    assert!(memory.ledger().all()[0].withdrawal.is_some());
    join(&memory, "billing:hub", &ends[..1]);
    join(&memory, "billing:spoke", &ends[1..]);
    run(&memory, &delayed, "back");
    assert_eq!(peered(&memory, &ends), 1);
    let item = &memory.ledger().all()[0];
    assert_eq!((item.withdrawal, &item.withdrawn_by), (None, &None), "{item:?}");
}

#[test]
fn in_report_mode_a_run_writes_nothing() {
    let (memory, ends) = star(2);
    leave(&memory, &ends[1..2]);
    memory.drop_routes(&ends[2], "10.1.0.0/16");
    memory.take_calls();
    let before = memory.ledger().writes();
    let reporting = Stack { mode: Mode::Report, ..stack() };
    assert_eq!(run(&memory, &reporting, "reports").rounds, 0);
    assert!(Memory::writes(&memory.take_calls()).is_empty());
    assert_eq!(memory.ledger().writes(), before);
}
