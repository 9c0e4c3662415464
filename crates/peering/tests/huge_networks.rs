//! Networks of thousands of VPCs whose tags were made to cost much: the work is counted, in calls and in what is started.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::owners::HUB;
use isthmus_testing::sweeping::try_sweep;
use isthmus_testing::three::{TAGS, end, start_as, task};
use isthmus_testing::{Machines, Memory, stack};
use serde_json::json;

/// As many as EC2's buckets allow at one place.
const STARTS: usize = 300;

fn numbered(number: usize) -> End {
    end(&format!("vpc-{number:08x}"))
}

fn network(count: usize) -> Memory {
    let memory = Memory::default();
    for number in 0..count {
        memory.add_vpc(&numbered(number), &[&format!("10.{}.{}.0/24", number / 256, number % 256)], 1);
    }
    memory
}

/// Names these in `peer` tags, as many keys as it takes.
fn name(memory: &Memory, end: &End, peers: impl Iterator<Item = usize>) {
    let words: Vec<String> = peers.map(|number| format!("vpc-{number:08x}")).collect();
    for (key, words) in words.chunks(19).enumerate() {
        memory.tag_vpc(end, &format!("isthmus:peer:{key}"), &words.join(" "));
    }
}

#[tokio::test]
async fn five_thousand_vpcs_that_point_at_each_other_in_a_circle() {
    const COUNT: usize = 5_000;
    let memory = network(COUNT);
    (0..COUNT).for_each(|number| name(&memory, &numbered(number), std::iter::once((number + 1) % COUNT)));
    let machines = Machines::default();
    let swept = try_sweep(&memory, &machines, json!({})).await.expect("swept");
    assert_eq!((swept.desired, swept.started.len(), swept.left), (COUNT, STARTS, COUNT - STARTS));
    assert_eq!(machines.peerings.take().len(), STARTS);
    let calls = memory.take_calls();
    assert!(calls.len() < 100, "{} calls", calls.len());
    let answer = serde_json::to_vec(&swept).expect("JSON").len();
    assert!(answer < 6_000_000, "{answer} bytes are more than a function may answer");
}

/// Fifty tags of nineteen words, on one VPC: each change of them is an event.
#[tokio::test]
async fn a_vpc_whose_tags_name_nine_hundred_and_fifty_others() {
    const COUNT: usize = 950;
    for exist in [true, false] {
        let memory = network(if exist { COUNT + 1 } else { 1 });
        name(&memory, &numbered(0), 1..=COUNT);
        assert_eq!(memory.tags(&numbered(0)).len(), 50);
        let machines = Machines::default();
        let started = start_as(&memory, &machines, &stack(), task("vpc-00000000", TAGS)).await.expect("started");
        assert_eq!(started.executions.len(), COUNT);
        let calls = memory.take_calls();
        assert!(calls.len() < 20, "{} calls", calls.len());
    }
}

/// Everybody asks for one VPC, which can't have them all.
#[tokio::test]
async fn two_thousand_vpcs_that_name_one() {
    const COUNT: usize = 2_000;
    let memory = network(COUNT + 1);
    (1..=COUNT).for_each(|number| name(&memory, &numbered(number), std::iter::once(0)));
    memory.tag_vpc(&numbered(0), "isthmus:accept", HUB);
    let machines = Machines::default();
    let swept = try_sweep(&memory, &machines, json!({})).await.expect("swept");
    assert_eq!(swept.desired, COUNT);
    assert!(swept.started.len() <= STARTS, "{}", swept.started.len());
    let started = start_as(&memory, &machines, &stack(), task("vpc-00000000", TAGS)).await.expect("started");
    assert!(started.executions.is_empty(), "the VPC that is named asks for nothing");
    let statuses = memory.tags(&numbered(0)).keys().filter(|key| key.starts_with("isthmus:status:")).count();
    assert!(statuses <= 20, "{statuses}");
}
