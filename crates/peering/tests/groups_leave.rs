//! What groups no longer ask for goes: routes first, after the delay, under the brake of the group.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::ledger::Withdrawer;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Sweep, Swept, VpcChange, sweep};
use isthmus_testing::grouped::{counts, join, leave, of_member, peered, star, vpcs};
use isthmus_testing::spokes::wait_an_hour;
use isthmus_testing::three::{start_as, task};
use isthmus_testing::{HasLedger, Machines, Memory, RunOfGroups, context, in_virtual_time, run_groups, scope, stack};
use serde_json::{Value, json};

fn run(memory: &Memory, stack: &Stack, name: &str) -> RunOfGroups {
    run_groups(memory, stack, name, &json!({})).expect("it ends")
}

fn live(memory: &Memory) -> usize {
    memory.connections().iter().filter(|connection| connection.status.is_live()).count()
}

fn swept(memory: &Memory, stack: &Stack, task: Value) -> (Swept, Machines) {
    let machines = Machines::default();
    let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
    let swept = in_virtual_time(sweep(context(memory, stack), &machines, &how, task, || true));
    (swept.expect("swept"), machines)
}

#[test]
fn a_member_that_leaves_takes_its_own_pairs_and_no_other() {
    let (memory, ends) = star(4);
    leave(&memory, &ends[1..2]);
    let gone = run(&memory, &stack(), "gone");
    assert_eq!((gone.report.groups[0].torn_down, counts(&gone.report.groups[0])), (1, [3, 3, 0, 0]));
    assert_eq!((live(&memory), peered(&memory, &ends)), (3, 3));
    assert_eq!(memory.tables(&ends[1])[0].routes.len(), 1, "its own route alone");
    assert!(!memory.tags(&ends[1]).keys().any(|key| key.starts_with("isthmus:status:")), "{:?}", memory.tags(&ends[1]));
    let removed = memory.ledger().all().into_iter().find(|item| item.removed.is_some()).expect("an item");
    assert!(removed.connection.is_none() && removed.asked_by.is_none() && removed.holder.is_none(), "{removed:?}");
    assert_eq!(removed.withdrawn_by, Some(Withdrawer::Group("payments".parse().expect("a name"))));
}

#[test]
fn routes_go_before_the_connection() {
    let (memory, ends) = star(2);
    leave(&memory, &ends[1..2]);
    memory.take_calls();
    run(&memory, &stack(), "gone");
    let calls = memory.take_calls();
    let last_route = calls.iter().rposition(|call| *call == "delete_route").expect("deleted");
    let connection = calls.iter().position(|call| *call == "delete_connection").expect("deleted");
    assert!(last_route < connection, "{calls:?}");
}

#[test]
fn nothing_goes_before_the_delay_is_over() {
    let (memory, ends) = star(3);
    let slow = Stack { teardown_delay: 300, ..stack() };
    leave(&memory, &ends[1..2]);
    let early = run(&memory, &slow, "early");
    assert_eq!((live(&memory), early.report.groups[0].torn_down), (3, 0));
    assert!(early.report.warnings.iter().any(|told| told.contains("TeardownDelay")), "{:?}", early.report.warnings);
    let (waiting, machines) = swept(&memory, &slow, json!({}));
    assert_eq!((waiting.waiting, machines.groups.borrow().len()), (1, 0), "it isn't due");
    assert!(machines.teardowns.borrow().is_empty());

    join(&memory, "payments:spoke", &ends[1..2]);
    run(&memory, &slow, "back");
    assert!(memory.ledger().all().iter().all(|item| item.withdrawal.is_none()), "the mark goes with the tag's return");
    leave(&memory, &ends[1..2]);
    run(&memory, &slow, "again");
    wait_an_hour(&memory);
    let (_, machines) = swept(&memory, &slow, json!({}));
    assert_eq!(machines.groups.borrow().len(), 1, "now it is due");
    run(&memory, &slow, "late");
    assert_eq!(live(&memory), 2);
}

/// The runs that an event of the first spoke's tag starts.
fn started(memory: &Memory, stack: &Stack) -> Vec<String> {
    let event = task("vpc-00000002", VpcChange::Tags { accept: false, group: true });
    in_virtual_time(start_as(memory, &Machines::default(), stack, event)).expect("started").groups
}

#[test]
fn an_event_starts_another_run_for_the_end_of_the_delay() {
    for (delay, due) in [(0, None), (30, None), (300, Some("08-06")), (6 * 3_600, Some("14-01")), (6 * 3_600 + 1, None)]
    {
        let (memory, ends) = star(2);
        let slow = Stack { teardown_delay: delay, ..stack() };
        let names = |due: Option<&str>| -> Vec<String> {
            let minutes = ["08-01"].into_iter().chain(due);
            minutes.map(|minute| format!("tags-2027-01-15T{minute}-00Z")).collect()
        };
        assert_eq!(started(&memory, &slow), names(None), "nothing has left");
        leave(&memory, &ends[1..2]);
        for event in ["first", "repeated"] {
            assert_eq!(started(&memory, &slow), names(due), "{delay} seconds, {event}");
        }
        join(&memory, "payments:spoke", &ends[1..2]);
        assert_eq!(started(&memory, &slow), names(None), "it is back");
    }
}

#[test]
fn a_hub_that_loses_its_tag_is_held_until_somebody_releases_it() {
    let (memory, ends) = star(14);
    leave(&memory, &ends[..1]);
    let held = run(&memory, &stack(), "held");
    assert_eq!(live(&memory), 14, "not one of them is torn down");
    assert_eq!(held.held.len(), 1, "one event: {held:?}");
    let event = &held.held[0];
    assert_eq!((&event["Group"], &event["Held"], &event["Limit"]), (&json!("payments"), &json!(14), &json!(10)));
    assert_eq!((event["Pairs"].as_array().expect("pairs").len(), event.get("Account")), (14, None));
    assert!(run(&memory, &stack(), "again").held.is_empty(), "it is told once");
    let (summary, machines) = swept(&memory, &stack(), json!({}));
    assert_eq!((summary.held, machines.groups.borrow().len(), summary.repairable_drift()), (14, 0, 0));
    wait_an_hour(&memory);
    run(&memory, &stack(), "later");
    assert_eq!(live(&memory), 14, "time alone releases nothing");

    let (summary, machines) = swept(&memory, &stack(), json!({"Release": 2}));
    assert_eq!((summary.held, machines.groups.borrow().len()), (12, 1));
    run(&memory, &stack(), "released");
    assert_eq!(live(&memory), 12);
    join(&memory, "payments:hub", &ends[..1]);
    run(&memory, &stack(), "back");
    assert_eq!((live(&memory), peered(&memory, &ends)), (14, 14), "what stood stays, what went is made anew");
}

#[test]
fn one_member_of_a_large_mesh_may_leave() {
    let (memory, ends) = vpcs(45);
    join(&memory, "payments", &ends);
    run(&memory, &stack(), "first");
    leave(&memory, &ends[..1]);
    let gone = run(&memory, &stack(), "gone");
    assert_eq!((gone.report.groups[0].torn_down, gone.held.len()), (44, 0), "44 of 990 are less than 30 %");
    assert_eq!(peered(&memory, &ends), 946);
}

#[test]
fn a_group_that_is_renamed_on_all_its_members_loses_nothing() {
    let (memory, ends) = star(12);
    join(&memory, "billing:hub", &ends[..1]);
    join(&memory, "billing:spoke", &ends[1..]);
    memory.take_calls();
    let renamed = run(&memory, &stack(), "renamed");
    assert_eq!((renamed.rounds, counts(&renamed.report.groups[0])), (0, [12, 12, 0, 0]));
    let writes = memory.take_calls();
    assert!(Memory::writes(&writes).iter().all(|call| ["tag_vpcs", "untag_vpcs"].contains(call)), "{writes:?}");
    let asked = |item: &isthmus_peering::ledger::LedgerItem| {
        item.asked_by.clone().expect("somebody").groups.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(memory.ledger().all().iter().all(|item| asked(item) == ["billing"]));
    let keys: Vec<String> = memory.tags(&ends[1]).into_keys().filter(|key| key.contains(":status:group:")).collect();
    assert_eq!(keys, ["isthmus:status:group:billing"]);
}

#[test]
fn a_changed_role_takes_away_what_its_rule_no_longer_makes() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments", &ends);
    run(&memory, &stack(), "mesh");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let star = run(&memory, &stack(), "star");
    assert_eq!((star.report.groups[0].torn_down, counts(&star.report.groups[0])), (1, [2, 2, 0, 0]));
    assert_eq!((live(&memory), peered(&memory, &ends)), (2, 2));
}

#[test]
fn a_vpc_that_is_deleted_leaves_no_blackhole_behind() {
    let (memory, ends) = star(3);
    memory.remove_vpc(&ends[3]);
    for table in memory.tables(&ends[0]) {
        assert_eq!(table.routes.len(), 4, "EC2 leaves the route");
    }
    run(&memory, &stack(), "gone");
    assert_eq!((memory.tables(&ends[0])[0].routes.len(), peered(&memory, &ends)), (3, 2));
}

/// A hub and a spoke of a member, set up, and the stack that admits both.
fn across_accounts() -> (Memory, Vec<End>, Stack) {
    let (memory, mut ends) = vpcs(1);
    ends.push(of_member("vpc-000000b1"));
    memory.add_vpc(&ends[1], &["10.202.0.0/16"], 1);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let words = "payments:hub=123456789012 payments:spoke=222222222222";
    let admitting = Stack { group_accounts: words.parse().expect("words"), ..stack() };
    run(&memory, &admitting, "first");
    (memory, ends, admitting)
}

#[test]
fn an_account_that_is_taken_off_the_list_loses_its_pairs() {
    let (memory, ends, _) = across_accounts();
    assert_eq!(peered(&memory, &ends), 1);
    let off = run(&memory, &stack(), "off");
    assert_eq!((live(&memory), off.report.groups[0].refused[0].error.as_str()), (0, "PeerNotTrusted"));
}

#[test]
fn an_unread_region_is_no_untagged_one() {
    let (memory, ends, admitting) = across_accounts();
    memory.deny(&(&ends[1]).into());
    let blind = run(&memory, &admitting, "blind");
    assert_eq!((live(&memory), blind.rounds), (1, 0), "{blind:?}");
}

#[test]
fn what_a_peer_tag_or_an_execution_asks_for_too_stays() {
    let (memory, ends) = star(2);
    memory.tag_vpc(&ends[1], "isthmus:peer", "vpc-00000001");
    leave(&memory, &ends[1..]);
    run(&memory, &stack(), "gone");
    assert_eq!(peered(&memory, &ends), 1, "the one that the peer tag asks for");
    assert!(memory.connections().iter().any(|found| found.status == Status::Active));
}

#[test]
fn what_is_kept_on_purpose_is_kept() {
    let (memory, ends) = star(2);
    leave(&memory, &ends[1..]);
    let keeping = Stack { teardown_on_untag: false, ..stack() };
    assert_eq!((run(&memory, &keeping, "kept").rounds, live(&memory)), (0, 2), "TeardownOnUntag");
    memory.tag_vpc(&ends[0], "isthmus:exclude", "true");
    assert_eq!((run(&memory, &stack(), "excluded").rounds, live(&memory)), (0, 2), "an excluded VPC");
}
