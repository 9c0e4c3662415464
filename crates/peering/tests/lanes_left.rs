//! What a run of groups has made and can't finish is found again, wherever it was left.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ports::{CallErrorKind, Location};
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::grouped::{leave, peered, two_lanes};
use isthmus_testing::sweeping::try_sweep;
use isthmus_testing::{Faulty, HasLedger, Machines, Memory, When, groups_arn, in_virtual_time, run_groups, stack};
use serde_json::json;

fn run(memory: &Memory, name: &str) {
    run_groups(memory, &stack(), name, &json!({})).expect("it ends");
    memory.ledger().close(&groups_arn(name), 316);
}

/// The sweep, and the run of groups that it starts, if any.
fn sweep_and_run(memory: &Memory) {
    let machines = Machines::default();
    in_virtual_time(try_sweep(memory, &machines, json!({}))).expect("swept");
    if !machines.groups.take().is_empty() {
        run(memory, "after the sweep");
    }
}

fn nothing_is_left(memory: &Memory, what: &str) {
    assert!(memory.connections().iter().all(|found| !found.status.is_live()), "{what}: {:?}", memory.connections());
    for item in memory.ledger().all() {
        assert!(item.holder.is_none() && item.makers.is_empty() && item.connection.is_none(), "{what}: {item:?}");
    }
}

/// The lane that requests the connection.
fn requester_of(ends: &[End]) -> Location {
    stack().direction(&ends[0], &ends[1]).0.into()
}

/// EC2 shows a new connection a moment later, and by then nobody asks for it.
#[test]
fn what_is_not_shown_yet_is_deleted_once_it_is() {
    for hidden in 0..12 {
        for calls in 0..40 {
            let (memory, ends) = two_lanes();
            memory.hide_new_connections(hidden);
            let gone = |memory: &Memory| leave(memory, &ends);
            let leaving = Faulty::interrupted(&memory, calls, &gone);
            run_groups(&leaving, &stack(), "first", &json!({})).expect("it ends");
            let is_over = !leaving.has_failed();
            memory.ledger().close(&groups_arn("first"), 316);
            leave(&memory, &ends);
            (1..4).for_each(|number| run(&memory, &format!("later {number}")));
            nothing_is_left(&memory, &format!("hidden for {hidden} calls, left at call {calls}"));
            if is_over {
                break;
            }
        }
    }
}

/// It is found again by its holder, for no tag asks for it any more.
#[test]
fn what_was_made_in_a_region_that_can_t_be_read_then_is_undone_later() {
    for calls in 0..40 {
        let (memory, ends) = two_lanes();
        let there = Location::from(&ends[1]);
        let gone = |memory: &Memory| {
            leave(memory, &ends);
            memory.deny(&there);
        };
        let leaving = Faulty::interrupted(&memory, calls, &gone);
        let _ended = run_groups(&leaving, &stack(), "first", &json!({}));
        let is_over = !leaving.has_failed();
        memory.ledger().close(&groups_arn("first"), 316);
        leave(&memory, &ends);
        memory.allow(&there);
        run(&memory, "second");
        run(&memory, "third");
        nothing_is_left(&memory, &format!("call {calls}"));
        if is_over {
            break;
        }
    }
}

/// No tag names its pairs, so that nothing but their holder says whose they are.
#[test]
fn the_sweep_starts_a_run_about_what_one_that_died_holds_and_no_tag_asks_for() {
    let mut held = 0;
    for calls in 0..40 {
        let (memory, ends) = two_lanes();
        let killed = Faulty::new(&memory, calls, When::Before, CallErrorKind::Unavailable);
        let _died = run_groups(&killed, &stack(), "first", &json!({}));
        memory.ledger().close(&groups_arn("first"), 316);
        leave(&memory, &ends);
        if memory.ledger().all().iter().all(|item| item.holder.is_none()) {
            continue;
        }
        held += 1;
        let machines = Machines::default();
        in_virtual_time(try_sweep(&memory, &machines, json!({}))).expect("swept");
        assert_eq!(machines.groups.take().len(), 1, "call {calls}");
        assert!(machines.peerings.take().is_empty() && machines.teardowns.take().is_empty(), "call {calls}");
        run(&memory, "second");
        nothing_is_left(&memory, &format!("call {calls}"));
    }
    assert!(held > 5, "{held}");
}

/// An owner excludes their VPC while a new pair is made, then leaves the group, and lifts the exclusion.
#[test]
fn what_is_half_made_of_an_excluded_vpc_is_undone_once_it_is_not_excluded() {
    let mut left = 0;
    for calls in 0..40 {
        let (memory, ends) = two_lanes();
        let excluded = |memory: &Memory| memory.tag_vpc(&ends[0], "isthmus:exclude", "true");
        let during = Faulty::interrupted(&memory, calls, &excluded);
        run_groups(&during, &stack(), "first", &json!({})).expect("it ends");
        memory.ledger().close(&groups_arn("first"), 316);
        leave(&memory, &ends);
        run(&memory, "while excluded");
        memory.drop_tag(&ends[0], "isthmus:exclude");
        left += memory.connections().iter().filter(|found| found.status.is_live()).count();
        sweep_and_run(&memory);
        if memory.ledger().all().iter().all(|item| item.asked_by.is_none()) {
            nothing_is_left(&memory, &format!("call {calls}"));
        }
        if !during.has_failed() {
            break;
        }
    }
    assert!(left > 1, "something stood while it was excluded");
}

/// Somebody deleted the connection of a standing peering. The run that made another one has died, and the next one could do nothing
/// while an owner excluded their VPC. What is left pending would go with the next roll-back.
#[test]
fn what_stands_and_is_left_pending_is_recorded_as_written() {
    let mut left = 0;
    for calls in 0..40 {
        let (memory, ends) = two_lanes();
        run(&memory, "set up");
        memory.delete(&memory.connections()[0]);
        let killed = Faulty::new(&memory, calls, When::Before, CallErrorKind::Unavailable);
        let _died = run_groups(&killed, &stack(), "first", &json!({}));
        memory.ledger().close(&groups_arn("first"), 316);
        memory.tag_vpc(&ends[0], "isthmus:exclude", "true");
        run(&memory, "while excluded");
        memory.drop_tag(&ends[0], "isthmus:exclude");
        let is_settled = || {
            let items = memory.ledger().all();
            items.iter().all(|item| item.holder.is_none() && item.makers.is_empty() && !item.has_pending_routes())
        };
        left += usize::from(!is_settled());
        sweep_and_run(&memory);
        assert_eq!((peered(&memory, &ends), is_settled()), (1, true), "call {calls}: {:?}", memory.ledger().all());
        if !killed.has_failed() {
            break;
        }
    }
    assert!(left > 1, "the second run left something pending");
}

/// No tag asks for it any more, and nothing is recorded to ask for it.
#[test]
fn what_a_run_could_not_undo_the_next_one_undoes() {
    let mut left = 0;
    for calls in 0..40 {
        let (memory, ends) = two_lanes();
        let killed = Faulty::new(&memory, calls, When::Before, CallErrorKind::Unavailable);
        let _died = run_groups(&killed, &stack(), "first", &json!({}));
        let is_over = !killed.has_failed();
        memory.ledger().close(&groups_arn("first"), 316);
        leave(&memory, &ends);
        let denied = Faulty::lane(&memory, &requester_of(&ends), CallErrorKind::Denied);
        run_groups(&denied, &stack(), "second", &json!({})).expect("it ends");
        memory.ledger().close(&groups_arn("second"), 316);
        left += memory.connections().iter().filter(|found| found.status.is_live()).count();
        run(&memory, "third");
        nothing_is_left(&memory, &format!("call {calls}"));
        if is_over {
            break;
        }
    }
    assert!(left > 1, "what was half made could not be undone at once");
}

/// It was requested, and the lane that has to accept it never works.
#[test]
fn what_makes_no_progress_is_given_up_and_undone() {
    let (memory, ends) = two_lanes();
    let accepter = ends.iter().map(Location::from).find(|at| *at != requester_of(&ends)).expect("another lane");
    let broken = Faulty::lane(&memory, &accepter, CallErrorKind::Unavailable);
    let report = run_groups(&broken, &stack(), "first", &json!({})).expect("it ends").report;
    assert_eq!(memory.connections().len(), 1, "it was requested");
    nothing_is_left(&memory, "given up");
    assert_eq!(report.groups[0].refused.first().map(|told| told.error.as_str()), Some("ServiceFault"), "{report:?}");
}

/// The policies let it be deleted in the requester's account and Region alone.
#[test]
fn the_lane_of_the_requester_deletes_the_connection() {
    let (memory, ends) = two_lanes();
    memory.tag_vpc(&ends[1], "isthmus:routes", "none");
    run(&memory, "first");
    let connection = memory.connections()[0].clone();
    leave(&memory, &ends);
    let other = Faulty::lane(&memory, &Location::from(&connection.identity.accepter), CallErrorKind::Denied);
    run_groups(&other, &stack(), "second", &json!({})).expect("it ends");
    nothing_is_left(&memory, "deleted by its requester");
}

/// A route that somebody adds between the plan and the call.
#[test]
fn a_route_that_is_in_the_way_meanwhile_refuses_a_new_pair() {
    let mut refused = 0;
    for calls in 0..40 {
        let (memory, ends) = two_lanes();
        let foreign = Route {
            destination: "10.201.0.0/16".parse().expect("a block"),
            target: Target::Other("igw-00000001".into()),
            blackhole: false,
            propagated: false,
        };
        let is_there = |memory: &Memory| {
            memory.tables(&ends[0])[0].routes.iter().any(|route| route.destination == foreign.destination)
        };
        let in_the_way = |memory: &Memory| {
            if !is_there(memory) {
                memory.add_route(&ends[0], 0, foreign.clone());
            }
        };
        let added = Faulty::interrupted(&memory, calls, &in_the_way);
        let report = run_groups(&added, &stack(), "first", &json!({})).expect("it ends").report;
        let is_over = !added.has_failed();
        let is_kept = memory.tables(&ends[0])[0].routes.contains(&foreign);
        if is_kept {
            refused += 1;
            assert_eq!(report.groups[0].refused[0].error, "RouteConflict", "call {calls}");
            nothing_is_left(&memory, &format!("call {calls}"));
        }
        if is_over {
            break;
        }
    }
    assert!(refused > 5, "{refused}");
}
