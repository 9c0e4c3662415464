//! What a sweep asks of each VPC, it asks once, however many peers the VPC has and however many pairs are looked at together.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_testing::Machines;
use isthmus_testing::owners::HUB;
use isthmus_testing::spokes::{hub, peered};
use isthmus_testing::sweeping::try_sweep;
use serde_json::json;
use std::time::Duration;

const SPOKES: usize = 20;

#[tokio::test]
async fn whether_a_vpc_has_dns_hostnames() {
    let (memory, _) = peered(SPOKES, HUB).await;
    memory.tag_vpc(&hub(), "isthmus:dns", "on");
    memory.set_latency(Duration::from_millis(5)); // so that the first answer comes after the other pairs are looked at
    memory.take_calls();
    try_sweep(&memory, &Machines::default(), json!({"DryRun": true})).await.expect("swept");
    let asked = memory.take_calls().into_iter().filter(|call| *call == "has_dns_hostnames").count();
    assert_eq!(asked, 1 + SPOKES);
}
