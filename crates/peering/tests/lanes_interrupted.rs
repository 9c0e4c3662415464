//! A run that is killed, throttled or denied anywhere: the next round, or the next run, goes on. Nothing is lost, nothing half made
//! stays, and nothing foreign is changed.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::error::Error;
use isthmus_peering::ledger::LedgerItem;
use isthmus_peering::ports::{CallErrorKind, Network};
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Sweep, sweep};
use isthmus_testing::grouped::{check_whole, counts, peered, three_lanes};
use isthmus_testing::{
    FaultKind, Faulty, HasLedger, Machines, Memory, PlannedFault, RunOfGroups, Scripted, When, context, groups_arn,
    in_virtual_time, run_groups, scope,
};
use serde_json::json;

fn run(network: &(impl Network + HasLedger), stack: &Stack, name: &str) -> Result<RunOfGroups, Error> {
    run_groups(network, stack, name, &json!({}))
}

const FAULTS: [(When, CallErrorKind); 6] = [
    (When::Before, CallErrorKind::Throttled),
    (When::After, CallErrorKind::Unavailable),
    (When::Before, CallErrorKind::Denied),
    (When::After, CallErrorKind::Denied),
    (When::Before, CallErrorKind::NoSuchConnection),
    (When::Before, CallErrorKind::Other),
];

#[test]
fn whatever_fails_once_the_next_run_makes_whole() {
    for (when, kind) in FAULTS {
        for calls in 0.. {
            let what = format!("{kind:?} {when:?} call {calls}");
            let (memory, ends, stack) = three_lanes();
            let faulty = Faulty::once(&memory, calls, when, kind);
            let first = run(&faulty, &stack, "first");
            let is_over = !faulty.has_failed();
            if first.is_ok() {
                // What nothing is recorded to ask for is kept for the next run.
                let is_free = |item: &LedgerItem| item.holder.is_none() || item.asked_by.is_none();
                assert!(memory.ledger().all().iter().all(is_free), "{what}: {first:?}");
            }
            memory.ledger().close(&groups_arn("first"), 316);
            forget_retries(&memory);
            let second = run(&memory, &stack, "second").expect("it ends");
            assert_eq!(peered(&memory, &ends), 3, "{what}: {second:#?}");
            check_whole(&memory, &ends, 2, &what);
            if is_over {
                assert!(calls > 30, "{calls}");
                break;
            }
        }
    }
}

#[test]
fn a_run_that_is_killed_anywhere_is_gone_on_with() {
    for when in [When::Before, When::After] {
        for calls in 0.. {
            let what = format!("{when:?} call {calls}");
            let (memory, ends, stack) = three_lanes();
            let killed = Faulty::new(&memory, calls, when, CallErrorKind::Unavailable);
            let first = run(&killed, &stack, "first");
            let is_over = !killed.has_failed();
            memory.ledger().close(&groups_arn("first"), 316);
            forget_retries(&memory);
            let second = run(&memory, &stack, "second").expect("it ends");
            assert_eq!(peered(&memory, &ends), 3, "{what}: {first:?} {second:#?}");
            check_whole(&memory, &ends, 2, &what);
            if is_over {
                break;
            }
        }
    }
}

#[test]
fn a_teardown_that_is_killed_anywhere_is_gone_on_with() {
    for when in [When::Before, When::After] {
        for calls in 0.. {
            let what = format!("{when:?} call {calls}");
            let (memory, ends, stack) = three_lanes();
            run(&memory, &stack, "first").expect("it ends");
            ends.iter().for_each(|end| memory.drop_tag(end, "isthmus:group"));
            let killed = Faulty::new(&memory, calls, when, CallErrorKind::Unavailable);
            let gone = run(&killed, &stack, "gone");
            let is_over = !killed.has_failed();
            memory.ledger().close(&groups_arn("gone"), 316);
            forget_retries(&memory);
            run(&memory, &stack, "again").expect("it ends");
            assert!(memory.connections().iter().all(|found| !found.status.is_live()), "{what}: {gone:?}");
            check_whole(&memory, &ends, 0, &what);
            if is_over {
                break;
            }
        }
    }
}

/// The time of the next attempt has come.
fn forget_retries(memory: &Memory) {
    for item in memory.ledger().all() {
        if let Some(mut outcome) = item.outcome {
            outcome.retry_at = None;
            memory.ledger().set(&item.pair, "Outcome", json!(outcome));
        }
    }
}

#[test]
fn tags_that_go_in_the_middle_leave_nothing_half_made() {
    for calls in 0.. {
        let (memory, ends, stack) = three_lanes();
        let leave = |memory: &Memory| ends.iter().for_each(|end| memory.drop_tag(end, "isthmus:group"));
        let changing = Faulty::interrupted(&memory, calls, &leave);
        run(&changing, &stack, "first").expect("it ends");
        let is_over = !changing.has_failed();
        run(&memory, &stack, "second").expect("it ends");
        if !is_over {
            assert!(memory.connections().iter().all(|found| !found.status.is_live()), "call {calls}");
            check_whole(&memory, &ends, 0, &format!("call {calls}"));
            continue;
        }
        break;
    }
}

#[test]
fn what_is_refused_after_it_was_requested_is_undone_and_told() {
    let (memory, ends, stack) = three_lanes();
    let accepter = ends.iter().max().expect("ends").clone();
    memory.refuse_acceptances(&accepter);
    let refused = run(&memory, &stack, "first").expect("it ends");
    assert_eq!(counts(&refused.report.groups[0])[3], 2, "{refused:#?}");
    assert_eq!(refused.report.groups[0].refused[0].error, "QuotaExceeded");
    assert_eq!(
        (peered(&memory, &ends), memory.connections().iter().filter(|found| found.status.is_live()).count()),
        (1, 1)
    );
    check_whole(&memory, std::slice::from_ref(&accepter), 0, "undone");
    let status = &memory.tags(&accepter)["isthmus:status:group:payments"];
    assert!(status.starts_with("failed QuotaExceeded "), "{status}");
}

#[test]
fn a_lane_that_never_works_is_given_up_and_the_others_are_done() {
    let (memory, ends, stack) = three_lanes();
    let broken = Faulty::lane(&memory, &(&ends[2]).into(), CallErrorKind::Unavailable);
    let given_up = run(&broken, &stack, "first").expect("it ends");
    assert_eq!(peered(&memory, &ends), 1, "{given_up:#?}");
    assert_eq!(memory.ledger().groups_run(), None);
    memory.ledger().close(&groups_arn("first"), 316);
    forget_retries(&memory);
    run(&memory, &stack, "second").expect("it ends");
    assert_eq!(peered(&memory, &ends), 3);
    check_whole(&memory, &ends, 2, "then");
}

#[test]
fn the_sweep_starts_a_run_after_one_that_died() {
    let (memory, ends, stack) = three_lanes();
    let killed = Faulty::new(&memory, 40, When::Before, CallErrorKind::Unavailable);
    let _died = run(&killed, &stack, "first");
    assert!(memory.ledger().all().iter().any(|item| item.holder.is_some()), "it holds something");
    let sweep_now = || {
        let machines = Machines::default();
        let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
        in_virtual_time(sweep(context(&memory, &stack), &machines, &how, json!({}), || true)).expect("swept");
        assert!(machines.clean_ups.borrow().is_empty(), "no clean-up machine knows what to do about it");
        machines.groups.take().len()
    };
    memory.ledger().close(&groups_arn("first"), 316);
    assert_eq!(sweep_now(), 1);
    run(&memory, &stack, "second").expect("it ends");
    assert_eq!(peered(&memory, &ends), 3);
}

/// The ledger has no bucket that paces a lane.
#[test]
fn a_lane_whose_ledger_fails_for_ever_waits_between_its_calls() {
    let (memory, _, stack) = three_lanes();
    let network = Scripted::new(&memory, None);
    run(&network, &stack, "first").expect("it ends");
    let calls = network.calls();
    let created = calls.iter().position(|call| *call == "CreateVpcPeeringConnection").expect("a lane works");
    let next = calls[created..].iter().position(|call| *call == "dynamodb:UpdateItem").expect("it records");
    let (memory, _, stack) = three_lanes();
    let fault = PlannedFault { call: created + next, kind: FaultKind::Denied, times: usize::MAX };
    let failing = Scripted::new(&memory, Some(fault));
    let _ended = run(&failing, &stack, "first");
    // Three lanes of a round wait for a minute each, and look at what happens every second.
    assert!(failing.calls().len() < 20 * calls.len(), "{} calls and not {}", failing.calls().len(), calls.len());
}
