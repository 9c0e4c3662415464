//! What is recorded of a failure, and what is told about it.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_testing::pair::{ends, network, request};
use isthmus_testing::{FaultKind, Memory, PlannedFault, Scripted, execute, in_virtual_time, record};
use serde_json::{Value, json};

/// Two VPCs whose blocks overlap, of which one names the other.
fn overlapping() -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory.add_block(&ends().0, "10.2.128.0/20");
    memory
}

fn by_tags() -> Value {
    let mut by_tags = request();
    by_tags["RequestedBy"] = json!("tags");
    by_tags
}

/// The pair is held until its status is written, so that no later execution writes another one before.
#[test]
fn whichever_call_fails_once_the_failure_is_the_status() {
    // The first call takes the pair.
    for call in 1.. {
        let memory = overlapping();
        let fault = PlannedFault { call, kind: FaultKind::InternalError, times: 1 };
        let network = Scripted::new(&memory, Some(fault));
        in_virtual_time(execute(&network, "an execution", &by_tags())).expect_err("an overlap");
        let Some(failed) = network.faulty_call() else { return };
        let tags = memory.tags(&ends().0);
        let is_told = tags.get("isthmus:status:vpc-0000000a").is_some_and(|status| status.starts_with("failed "));
        assert!(is_told || failed.contains("CreateTags"), "{call}: {failed}: {tags:?}");
    }
}

/// A member of a group that leaves takes its pairs away for the group.
#[tokio::test]
async fn what_the_brake_holds_is_told_of_an_account_or_of_a_group() {
    for (by, id) in [("Account", "123456789012"), ("Group", "payments")] {
        let pairs = json!([{"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b"}]);
        let held = json!({by: id, "Held": 11, "Limit": 10, "Pairs": pairs});
        let mut cause = held.clone();
        cause["Message"] = json!("11 removals are held");
        let recorded = record(&network(), &request(), "TeardownHeld", cause).await;
        assert_eq!(recorded.held, Some(held));
        assert!(!recorded.cause.contains_key("Pairs"), "{:?}", recorded.cause);
    }
}
