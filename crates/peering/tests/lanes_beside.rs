//! A run beside another run, or beside an execution for one of its pairs.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_peering::error::Error;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::{LedgerWrites, Network};
use isthmus_peering::stack::Stack;
use isthmus_testing::grouped::{check_whole, counts, peered, three_lanes};
use isthmus_testing::{HasLedger, RunOfGroups, execute, groups_arn, in_virtual_time, run_groups};
use serde_json::json;

fn run(network: &(impl Network + HasLedger), stack: &Stack, name: &str) -> Result<RunOfGroups, Error> {
    run_groups(network, stack, name, &json!({}))
}

#[test]
fn one_run_works_and_the_others_wait() {
    let (memory, ends, stack) = three_lanes();
    in_virtual_time(async {
        memory.ledger().take_groups(&groups_arn("first"), None).await.expect("an answer").expect("free");
    });
    let error = run(&memory, &stack, "second").expect_err("busy");
    assert!(matches!(&error, Error::PairBusy { execution } if *execution == groups_arn("first")), "{error:?}");
    memory.ledger().close(&groups_arn("first"), 314);
    run(&memory, &stack, "second").expect_err("one of its lanes may still write");
    memory.ledger().close(&groups_arn("first"), 316);
    run(&memory, &stack, "second").expect("it ends");
    assert_eq!(peered(&memory, &ends), 3);
}

#[test]
fn a_pair_that_an_execution_works_on_is_left_to_it() {
    let (memory, ends, stack) = three_lanes();
    let pair = PairKey::of([&ends[0], &ends[1]]);
    memory.ledger().set(&pair, "Holder", json!("arn:of:an:execution"));
    let first = run(&memory, &stack, "first").expect("it ends");
    assert_eq!((peered(&memory, &ends), first.report.left), (2, 1), "{first:?}");
    memory.ledger().close("arn:of:an:execution", 76);
    run(&memory, &stack, "second").expect("it ends");
    assert_eq!(peered(&memory, &ends), 3);
    check_whole(&memory, &ends, 2, "then");
}

#[test]
fn an_execution_and_a_group_that_ask_for_one_pair_agree() {
    let (memory, ends, stack) = three_lanes();
    let input = json!({"VpcId": ends[0].vpc_id, "PeerVpcId": ends[1].vpc_id, "PeerRegion": ends[1].region});
    in_virtual_time(execute(&memory, "by hand", &input)).expect("peered");
    let run_after = run(&memory, &stack, "first").expect("it ends");
    let (found, left) = (counts(&run_after.report.groups[0]), run_after.report.left);
    assert_eq!((found, left), ([3, 0, 2, 0], 1), "DNS resolution of the one is the peering machine's");
    ends.iter().for_each(|end| memory.drop_tag(end, "isthmus:group"));
    run(&memory, &stack, "gone").expect("it ends");
    let live = memory.connections().into_iter().filter(|found| found.status == Status::Active);
    assert_eq!(live.count(), 1, "what the execution asked for stays");
}
