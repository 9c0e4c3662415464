//! What lanes must not do: forget what is ours, or touch what isn't.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::groups::{Lane, Round, Work};
use isthmus_peering::ids::VpcPeeringConnectionId;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::grouped::{join, peered, vpcs};
use isthmus_testing::{Faulty, HasLedger, Memory, When, groups_arn, run_groups, stack};
use serde_json::json;

fn run(memory: &Memory, name: &str) {
    run_groups(memory, &stack(), name, &json!({})).expect("it ends");
}

fn pair_of_two() -> (Memory, Vec<End>) {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments", &ends);
    run(&memory, "first");
    assert_eq!(peered(&memory, &ends), 1);
    (memory, ends)
}

fn leave(memory: &Memory, ends: &[End]) {
    ends.iter().for_each(|end| memory.drop_tag(end, "isthmus:group"));
}

fn route_to(memory: &Memory, end: &End, id: &VpcPeeringConnectionId, block: &str) {
    let (destination, target) = (block.parse().expect("a block"), Target::Peering(id.clone()));
    memory.add_route(end, 0, Route { destination, target, blackhole: false, propagated: false });
}

#[test]
fn a_repair_that_fails_half_way_forgets_no_route() {
    for calls in 0..40 {
        let (memory, ends) = pair_of_two();
        memory.add_table(&ends[0]);
        memory.add_table(&ends[0]);
        let denied = Faulty::once(&memory, calls, When::Before, CallErrorKind::Denied);
        let _whatever = run_groups(&denied, &stack(), "repair", &json!({}));
        memory.ledger().close(&groups_arn("repair"), 316);
        leave(&memory, &ends);
        run(&memory, "gone");
        for table in memory.tables(&ends[0]) {
            assert_eq!(table.routes.len(), 1, "call {calls}: its own route alone: {:?}", table.routes);
        }
    }
}

/// A table is added before the next run, which then has other routes to write.
#[test]
fn what_a_run_that_died_has_written_is_not_forgotten() {
    for calls in 0..40 {
        let (memory, ends) = vpcs(2);
        join(&memory, "payments", &ends);
        let killed = Faulty::new(&memory, calls, When::After, CallErrorKind::Unavailable);
        let _died = run_groups(&killed, &stack(), "first", &json!({}));
        let is_over = !killed.has_failed();
        memory.ledger().close(&groups_arn("first"), 316);
        memory.add_table(&ends[0]);
        run(&memory, "second");
        assert_eq!(peered(&memory, &ends), 1, "call {calls}");
        leave(&memory, &ends);
        run(&memory, "gone");
        for table in ends.iter().flat_map(|end| memory.tables(end)) {
            assert_eq!(table.routes.len(), 1, "call {calls}: its own route alone: {:?}", table.routes);
        }
        if is_over {
            break;
        }
    }
}

#[test]
fn routes_that_were_made_by_hand_to_another_connection_stay() {
    let (memory, ends) = pair_of_two();
    let ours = memory.connections()[0].clone();
    memory.delete(&ours);
    let theirs = memory.add_connection(&ends[0], &ends[1], Status::Active);
    for (end, block) in [(&ends[0], "10.2.0.0/16"), (&ends[1], "10.1.0.0/16")] {
        memory.drop_routes(end, block);
        route_to(&memory, end, &theirs, block);
    }
    run(&memory, "adopted");
    leave(&memory, &ends);
    run(&memory, "gone");
    assert!(memory.connections().iter().any(|found| *found.id() == theirs && found.status == Status::Active));
    assert!(ends.iter().all(|end| memory.tables(end)[0].routes.len() == 2), "they are somebody else's");
}

#[test]
fn no_lane_deletes_a_connection_that_takes_the_place_of_ours() {
    for calls in 0..60 {
        let (memory, ends) = pair_of_two();
        leave(&memory, &ends);
        let replace = |memory: &Memory| {
            let ours = memory.connections()[0].clone();
            memory.delete(&ours);
            memory.add_connection(&ends[0], &ends[1], Status::Active);
        };
        let replaced = Faulty::interrupted(&memory, calls, &replace);
        let _whatever = run_groups(&replaced, &stack(), "gone", &json!({}));
        if replaced.has_failed() {
            let theirs = memory.connections().pop().expect("theirs");
            assert_eq!(theirs.status, Status::Active, "call {calls}");
            assert!(theirs.tags.is_empty(), "call {calls}: it isn't tagged as ours: {:?}", theirs.tags);
        }
    }
}

#[test]
fn what_can_no_longer_be_had_is_undone() {
    for calls in 0..40 {
        let (memory, ends) = vpcs(2);
        join(&memory, "payments", &ends);
        let overlap = |memory: &Memory| memory.add_block(&ends[1], "10.1.128.0/20");
        let overlapping = Faulty::interrupted(&memory, calls, &overlap);
        let report = run_groups(&overlapping, &stack(), "first", &json!({})).expect("it ends").report;
        let item = memory.ledger().all().pop();
        let is_established = item.as_ref().is_some_and(|item| item.is_established());
        let live = memory.connections().iter().any(|found| found.status.is_live());
        assert_eq!(live, is_established, "call {calls}: {report:?} {item:?}");
        assert!(item.is_none_or(|item| item.holder.is_none()), "call {calls}");
    }
}

#[test]
fn a_connection_that_is_not_visible_yet_is_not_forgotten() {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments", &ends);
    memory.refuse_acceptances(&ends[0]);
    memory.refuse_acceptances(&ends[1]);
    memory.hide_new_connections(1);
    run(&memory, "first");
    assert!(memory.connections().iter().all(|found| !found.status.is_live()), "{:?}", memory.connections());
}

#[test]
fn what_a_round_passes_fits_into_the_machine_s_state() {
    for accounts in [1, 12, 60, 126] {
        let member = |number: usize| End {
            vpc_id: format!("vpc-{number:017x}").parse().expect("an id"),
            owner_id: format!("{:012}", 100_000_000_000 + number % accounts).parse().expect("an account"),
            region: "ap-southeast-2".parse().expect("a Region"),
        };
        let members: Vec<End> = (0..126).map(member).collect();
        let mut round = Round::of(accounts);
        let (mut taken, mut left) = (0, 0);
        for (number, one) in members.iter().enumerate() {
            for other in &members[number + 1..] {
                let pair = PairKey::of([one, other]);
                match round.add(&pair, Work::SetUp, &[one.clone(), other.clone()], 1) {
                    true => taken += 1,
                    false => left += 1,
                }
            }
        }
        let lanes = round.into_lanes();
        assert_eq!(taken + left, 7_875);
        assert!(taken > 300, "{accounts} accounts: {taken}");
        let bytes = serde_json::to_string(&lanes).expect("JSON").len();
        assert!(bytes < 200_000, "{accounts} accounts: {bytes} bytes");
        let pairs: usize = lanes.iter().map(|lane: &Lane| lane.pairs().len()).sum();
        assert!(pairs >= taken, "each pair is in a lane at least");
    }
}

#[test]
fn a_route_that_was_made_by_hand_stays_where_a_lane_writes_the_other_one() {
    let (memory, ends) = pair_of_two();
    let ours = memory.connections()[0].clone();
    memory.delete(&ours);
    let theirs = memory.add_connection(&ends[0], &ends[1], Status::Active);
    memory.drop_routes(&ends[0], "10.2.0.0/16");
    route_to(&memory, &ends[0], &theirs, "10.2.0.0/16");
    run(&memory, "adopted");
    assert_eq!(peered(&memory, &ends), 1);
    leave(&memory, &ends);
    run(&memory, "gone");
    let left: Vec<usize> = ends.iter().map(|end| memory.tables(end)[0].routes.len()).collect();
    assert_eq!(left, [2, 1], "theirs stays, and ours goes");
}
