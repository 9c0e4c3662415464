//! What a sweep's metrics count: an alarm on drift must not fire for what its owner has to change, or for what waits.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::steps::Swept;
use isthmus_testing::Memory;
use isthmus_testing::owners::HUB;
use isthmus_testing::pair::{ends, network};
use isthmus_testing::spokes::{peered, withdraw_all};
use isthmus_testing::sweeping::sweep_and_run;

/// How many pairs differ, how many of these can be repaired now, and how many are refused.
fn counted(swept: &Swept) -> (usize, usize, usize) {
    (swept.drift.len(), swept.repairable_drift(), swept.all_refused())
}

/// Two VPCs of which one names the other.
fn requested() -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory
}

#[tokio::test]
async fn what_is_missing_is_drift_and_then_in_place() {
    let memory = requested();
    assert_eq!(counted(&sweep_and_run(&memory).await), (1, 1, 0));
    assert_eq!(counted(&sweep_and_run(&memory).await), (0, 0, 0));
}

#[tokio::test]
async fn what_can_t_be_set_up_is_refused_from_the_first_sweep_on() {
    let memory = requested();
    memory.add_block(&ends().1, "10.1.128.0/20");
    assert_eq!(counted(&sweep_and_run(&memory).await), (1, 0, 1), "an execution is started, to tell it");
    assert_eq!(counted(&sweep_and_run(&memory).await), (0, 0, 1), "it is told");
}

#[tokio::test]
async fn what_the_brake_holds_is_held_and_no_drift_to_repair() {
    let (memory, spokes) = peered(14, HUB).await;
    assert_eq!(counted(&withdraw_all(&memory, &spokes[..12]).await), (12, 12, 0));
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.held, counted(&swept)), (12, (12, 0, 0)));
}
