//! What can't be had: more requests than the quota allows, a repair that is denied, a place that a foreign route has.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{Connection, End, Status};
use isthmus_peering::groups::{Round, Work};
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::{CallErrorKind, Clock};
use isthmus_peering::route_tables::Target;
use isthmus_peering::stack::{Quotas, Stack};
use isthmus_peering::steps::{LaneTask, Pace, work_lane};
use isthmus_testing::grouped::{join, peered, vpcs};
use isthmus_testing::pair::foreign;
use isthmus_testing::three::end;
use isthmus_testing::{
    Faulty, HasLedger, LANES_AT_ONCE, Memory, VirtualClock, When, context, groups_arn, in_virtual_time, run_groups,
    stack,
};
use serde_json::json;
use std::time::Duration;

fn live(memory: &Memory) -> Vec<Connection> {
    memory.connections().into_iter().filter(|found| found.status.is_live()).collect()
}

fn elsewhere(number: u8) -> End {
    End { region: "eu-west-1".parse().expect("a Region"), ..end(&format!("vpc-000000a{number}")) }
}

/// The other Region accepts nothing, so what was requested stays outstanding.
#[test]
fn a_lane_requests_no_more_than_may_be_outstanding() {
    let (memory, mut ends) = vpcs(1);
    for number in 1..=3 {
        ends.push(elsewhere(number));
        memory.add_vpc(&ends[usize::from(number)], &[&format!("10.20{number}.0.0/16")], 1);
    }
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let mut round = Round::of(LANES_AT_ONCE);
    for spoke in &ends[1..] {
        let pair = PairKey::of([&ends[0], spoke]);
        memory.ledger.set(&pair, "Holder", json!(groups_arn("a run")));
        assert!(round.add(&pair, Work::SetUp, &ends[..1], 1));
    }
    let task = json!({"Lane": round.into_lanes()[0], "Execution": groups_arn("a run"), "IsFirst": true});
    let task: LaneTask = serde_json::from_value(task).expect("a task");
    let narrow = Stack { quotas: Quotas { outstanding_requests: 2, ..stack().quotas }, ..stack() };
    let until = VirtualClock.now() + Duration::from_secs(30);
    let pace = Pace { clock: &VirtualClock, share: 80 };
    let worked = work_lane(context(&memory, &narrow), pace, task, || VirtualClock.now() < until);
    in_virtual_time(worked).expect("it ends");
    assert_eq!(live(&memory).len(), 2);
}

/// At whichever call of a repair something is denied: what stood before stands.
#[test]
fn a_repair_that_fails_undoes_nothing_that_stood() {
    for calls in 0..30 {
        let (memory, ends) = vpcs(2);
        join(&memory, "payments", &ends);
        run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
        memory.add_table(&ends[0]);
        let denied = Faulty::once(&memory, calls, When::Before, CallErrorKind::Denied);
        let _whatever = run_groups(&denied, &stack(), "repair", &json!({}));
        assert_eq!(live(&memory).len(), 1, "call {calls}");
        for (end, block) in [(&ends[0], "10.2.0.0/16"), (&ends[1], "10.1.0.0/16")] {
            let routes = &memory.tables(end)[0].routes;
            assert!(routes.iter().any(|route| route.destination.to_string() == block), "call {calls}: {routes:?}");
        }
    }
}

/// At whichever call of a set-up somebody's route appears: it stays, and nothing else does.
#[test]
fn a_new_pair_is_undone_where_a_foreign_route_appears() {
    for calls in 0..40 {
        let (memory, ends) = vpcs(2);
        join(&memory, "payments", &ends);
        let is_free = |memory: &Memory| {
            !memory.tables(&ends[1])[0].routes.iter().any(|route| route.destination.to_string() == "10.1.0.0/16")
        };
        let appears = |memory: &Memory| {
            if is_free(memory) {
                memory.add_route(&ends[1], 0, foreign("10.1.0.0/16"));
            }
        };
        let during = Faulty::interrupted(&memory, calls, &appears);
        run_groups(&during, &stack(), "first", &json!({})).expect("it ends");
        let is_foreign =
            memory.tables(&ends[1])[0].routes.iter().any(|route| route.target == foreign("10.1.0.0/16").target);
        assert_eq!(
            (live(&memory).len(), peered(&memory, &ends)),
            if is_foreign { (0, 0) } else { (1, 1) },
            "call {calls}"
        );
        let leads =
            memory.tables(&ends[0])[0].routes.iter().filter(|route| matches!(route.target, Target::Peering(_))).count();
        assert_eq!(leads, usize::from(!is_foreign), "call {calls}");
    }
}

/// Somebody's connection is used, and is not ours in any way: neither tagged nor deleted.
#[test]
fn a_connection_that_somebody_made_is_neither_tagged_nor_ours() {
    let (memory, mut ends) = vpcs(1);
    ends.push(elsewhere(1));
    memory.add_vpc(&ends[1], &["10.201.0.0/16"], 1);
    memory.add_connection(&ends[0], &ends[1], Status::PendingAcceptance);
    join(&memory, "payments", &ends);
    run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    assert_eq!(peered(&memory, &ends), 1);
    for end in &ends {
        assert!(memory.connections_seen_from(end)[0].tags.is_empty(), "{end}");
    }
    let item = memory.ledger().get(&PairKey::of([&ends[0], &ends[1]])).expect("an item");
    assert_eq!(item.own_connection(), None);
}
