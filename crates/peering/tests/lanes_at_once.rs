//! No round has more lanes than work at once: a lane waits for the others of its pairs.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::groups::{Round, Work};
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::{CallErrorKind, Location, Network};
use isthmus_peering::stack::{Scope, Stack};
use isthmus_testing::grouped::{join, peered};
use isthmus_testing::{Faulty, HasLedger, Memory, RunOfGroups, in_virtual_time, run_in, stack};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const ACCOUNTS: [&str; 3] = ["123456789012", "222222222222", "333333333333"];
const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "eu-central-1"];

/// A VPC of the lane of that number.
fn end(lane: usize, vpc: usize) -> End {
    let id = format!("vpc-{:08x}", lane * 100 + vpc);
    let (owner_id, region) = (format!("{:012}", 100_000_000_000 + lane), "us-east-1");
    serde_json::from_value(json!({"VpcId": id, "Region": region, "OwnerId": owner_id})).expect("an end")
}

/// A VPC in each of three Regions of three accounts.
fn nine_lanes() -> (Memory, Vec<End>) {
    let memory = Memory::default();
    let places = ACCOUNTS.iter().flat_map(|owner_id| REGIONS.map(|region| (*owner_id, region)));
    let ends: Vec<End> = (1..)
        .zip(places)
        .map(|(number, (owner_id, region))| {
            let id = format!("vpc-{number:08x}");
            let end = serde_json::from_value(json!({"VpcId": id, "Region": region, "OwnerId": owner_id}));
            end.expect("an end")
        })
        .collect();
    for (number, end) in (1..).zip(&ends) {
        memory.add_vpc(end, &[&format!("10.{number}.0.0/16")], 1);
    }
    (memory, ends)
}

fn run(network: &(impl Network + HasLedger)) -> RunOfGroups {
    let words = ["hub", "spoke", "mesh"].map(|role| format!("payments:{role}={}", ACCOUNTS.join(",")));
    let stack = Stack { group_accounts: words.join(" ").parse().expect("words"), ..stack() };
    let accounts = ACCOUNTS.iter().map(|id| id.parse().expect("an account")).collect();
    let regions = REGIONS.iter().map(|region| region.parse().expect("a Region")).collect();
    let scope = Scope { accounts, regions };
    in_virtual_time(run_in(network, &stack, &scope, ("first", &json!({})), 80)).expect("it ends")
}

#[test]
fn of_a_star_over_nine_lanes_no_lane_waits_for_one_that_has_not_started() {
    let (memory, ends) = nine_lanes();
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let run = run(&memory);
    assert_eq!((peered(&memory, &ends), run.rounds), (8, 2), "the hub's lane with four others, twice");
    assert!(run.time < Duration::from_secs(60), "{:?}", run.time);
}

#[test]
fn a_mesh_over_nine_lanes_is_set_up_in_as_many_rounds_as_its_lanes_need() {
    let (memory, ends) = nine_lanes();
    join(&memory, "payments", &ends);
    let run = run(&memory);
    assert_eq!(peered(&memory, &ends), 36);
    assert!(run.rounds <= 6 && run.time < Duration::from_secs(100), "{} rounds, {:?}", run.rounds, run.time);
}

#[test]
fn a_lane_that_can_do_nothing_keeps_no_others_from_their_turn() {
    let (memory, ends) = nine_lanes();
    join(&memory, "payments", &ends);
    run(&Faulty::lane(&memory, &Location::from(&ends[0]), CallErrorKind::Throttled));
    assert_eq!(peered(&memory, &ends), 28, "all but those of the first lane");
}

/// The lanes of a pair.
fn lanes_of(ends: &[End]) -> BTreeSet<Location> {
    ends.iter().map(Location::from).collect()
}

proptest! {
    #[test]
    fn every_pair_has_its_turn_and_no_round_has_more_lanes_than_work_at_once(
        drawn in proptest::collection::btree_set((0..12_usize, 0..2_usize, 0..12_usize, 2..4_usize), 1..60),
        lanes_at_once in 1..8_usize,
    ) {
        let mut left: Vec<[End; 2]> =
            drawn.into_iter().map(|(lane, vpc, other, peer)| [end(lane, vpc), end(other, peer)]).collect();
        let rounds = left.iter().map(|ends| lanes_of(ends)).collect::<BTreeSet<_>>().len();
        for _ in 0..rounds {
            let mut round = Round::of(lanes_at_once);
            let first = left.first().map_or(0, |ends| lanes_of(ends).len());
            left.retain(|ends| !round.add(&PairKey::of([&ends[0], &ends[1]]), Work::SetUp, ends, 1));
            let lanes = round.into_lanes();
            prop_assert!(lanes.len() <= lanes_at_once.max(first), "{} lanes", lanes.len());
        }
        prop_assert!(left.is_empty(), "{} pairs have had no turn", left.len());
    }
}

#[test]
fn a_pair_of_two_lanes_has_its_turn_where_one_works_at_once() {
    let pairs = [[end(0, 0), end(0, 1)], [end(1, 0), end(2, 0)], [end(0, 0), end(1, 0)]];
    let mut round = Round::of(1);
    let fits = pairs.map(|ends| round.add(&PairKey::of([&ends[0], &ends[1]]), Work::SetUp, &ends, 1));
    assert_eq!(fits, [true, false, false]);
    let mut next = Round::of(1);
    assert!(next.add(&PairKey::of([&end(1, 0), &end(2, 0)]), Work::SetUp, &[end(1, 0), end(2, 0)], 1));
    assert_eq!(next.into_lanes().len(), 2);
}
