//! What the ledger knows while a run works: before it is written, and where it changes after the run has planned.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{Connection, End, Status};
use isthmus_peering::error::Error;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::LedgerWrites;
use isthmus_peering::route_tables::Target;
use isthmus_testing::grouped::{join, peered, vpcs};
use isthmus_testing::three::end;
use isthmus_testing::{Faulty, HasLedger, Memory, groups_arn, in_virtual_time, run_groups, stack};
use serde_json::json;

/// Another execution has come and gone: what the run has planned is of no use, and the next one plans anew.
#[test]
fn a_pair_that_was_changed_since_it_was_read_is_given_back_untouched() {
    let mut left = 0;
    for calls in 0..12 {
        let (memory, ends) = vpcs(2);
        join(&memory, "payments", &ends);
        let pair = PairKey::of([&ends[0], &ends[1]]);
        let outcome = json!({"By": "another", "Error": "RouteConflict", "Message": "a message"});
        let changed = |memory: &Memory| {
            if memory.ledger().get(&pair).is_none_or(|item| item.holder.is_none() && item.outcome.is_none()) {
                memory.ledger().set(&pair, "Outcome", outcome.clone());
            }
        };
        let during = Faulty::interrupted(&memory, calls, &changed);
        let first = run_groups(&during, &stack(), "first", &json!({})).expect("it ends");
        let item = memory.ledger().get(&pair).expect("an item");
        assert_eq!(item.holder, None, "call {calls}");
        if first.report.left > 0 {
            left += 1;
            assert_eq!((peered(&memory, &ends), item.outcome.map(|outcome| outcome.by)), (0, Some("another".into())));
            assert!(item.makers.is_empty() && memory.connections().is_empty(), "call {calls}");
        }
        run_groups(&memory, &stack(), "second", &json!({})).expect("it ends");
        assert_eq!(peered(&memory, &ends), 1, "call {calls}");
    }
    assert!(left > 0, "it was changed in between at least once");
}

/// Both have looked, and found that nobody works.
#[test]
fn of_two_runs_that_begin_at_once_one_does_nothing() {
    let mut busy = 0;
    for calls in 0..12 {
        let (memory, ends) = vpcs(2);
        join(&memory, "payments", &ends);
        let taken = |memory: &Memory| {
            if memory.ledger().groups_run().is_none() {
                let other = groups_arn("another");
                let answer = in_virtual_time(memory.ledger().take_groups(&other, None));
                answer.expect("an answer").expect("free");
            }
        };
        let during = Faulty::interrupted(&memory, calls, &taken);
        let first = run_groups(&during, &stack(), "first", &json!({}));
        if let Err(error) = first {
            busy += 1;
            assert!(matches!(error, Error::PairBusy { .. }), "{error:?}");
            assert!(Memory::writes(&memory.take_calls()).is_empty(), "call {calls}");
        }
    }
    assert!(busy > 0, "it was taken in between at least once");
}

/// What is written and not recorded would be nobody's, if the lane were killed now.
fn check_recorded(memory: &Memory, ends: &[End], what: &str) {
    let item = memory.ledger().get(&PairKey::of([&ends[0], &ends[1]]));
    let is_accepted = |found: &&Connection| matches!(found.status, Status::Provisioning | Status::Active);
    for found in memory.connections().iter().filter(is_accepted) {
        assert!(item.as_ref().is_some_and(|item| item.records(found.id())), "{what}: {found:?}");
    }
    for end in ends {
        let routes = memory
            .tables(end)
            .into_iter()
            .flat_map(|table| table.routes.into_iter().map(move |route| (table.id.clone(), route)));
        for (table, route) in routes.filter(|(_, route)| matches!(route.target, Target::Peering(_))) {
            let recorded = item.as_ref().map(|item| item.routes_at(end)).unwrap_or_default();
            assert!(recorded.contains(&table, route.destination), "{what}: {route:?}");
        }
    }
}

#[test]
fn at_every_call_what_is_written_is_recorded() {
    for calls in 0..40 {
        let (memory, mut ends) = vpcs(1);
        ends.push(End { region: "eu-west-1".parse().expect("a Region"), ..end("vpc-000000a1") });
        memory.add_vpc(&ends[1], &["10.201.0.0/16"], 3);
        join(&memory, "payments", &ends);
        let check = |memory: &Memory| check_recorded(memory, &ends, &format!("call {calls}"));
        let checked = Faulty::interrupted(&memory, calls, &check);
        run_groups(&checked, &stack(), "first", &json!({})).expect("it ends");
        assert_eq!(peered(&memory, &ends), 1);
    }
}

/// Two members, and the run that a person has started and that works.
fn beside_a_run() -> (Memory, Vec<End>, String) {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments", &ends);
    let works = groups_arn("by-hand");
    in_virtual_time(memory.ledger().take_groups(&works, None)).expect("an answer").expect("free");
    (memory, ends, works)
}

/// Each minute in which tags change starts one; the last one reads what all of them were started for.
#[test]
fn of_the_runs_of_tags_that_wait_only_the_last_one_does() {
    let (memory, ends, works) = beside_a_run();
    let run = |name: &str| run_groups(&memory, &stack(), name, &json!({}));
    let is_busy = |name: &str| matches!(run(name), Err(Error::PairBusy { execution }) if execution == works);
    let [first, second, last] = ["00", "01", "02"].map(|minute| format!("tags-2026-11-26T12-{minute}-00Z"));
    assert!(is_busy(&first) && is_busy(&first), "it waits alone");
    assert!(is_busy(&second) && is_busy("by-hand-too"), "whoever starts one by hand waits for its report");
    let left = run(&first).expect("it ends").report;
    assert!(left.groups.is_empty() && left.warnings[0].contains(&second), "{left:?}");
    assert!(is_busy(&last) && run(&second).expect("it ends").report.warnings[0].contains(&last));

    // Who has ended will read nothing.
    memory.ledger().close(&groups_arn(&last), 1);
    assert!(is_busy(&second));
    in_virtual_time(memory.ledger().leave_groups(&works)).expect("an answer");
    run(&second).expect("it ends");
    assert_eq!(peered(&memory, &ends), 1);
}

/// It isn't told apart by how its name begins: a run of tags would leave to it what it was started for.
#[test]
fn a_run_that_a_person_has_given_a_name_like_that_is_none_of_tags() {
    for named in ["tags-rollout", "tags-payments-release-01x", "tags-2026-11-26T12-00-01Z", "tags-2026-11-31T12-00-00Z"]
    {
        let (memory, _, works) = beside_a_run();
        let run = |name: &str| run_groups(&memory, &stack(), name, &json!({}));
        let is_busy = |name: &str| matches!(run(name), Err(Error::PairBusy { execution }) if execution == works);
        assert!(is_busy(named) && is_busy("tags-2026-11-26T12-00-00Z"), "{named}");
    }
}
