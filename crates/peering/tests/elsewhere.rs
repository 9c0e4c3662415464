//! A request that leaves out, or mistypes, a Region or an account is told which field to write.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::pair::{assert_peered, end, ends, network, request, routes_to_peerings};
use isthmus_testing::{Ended, Memory, execute, tear_down};
use serde_json::{Value, json};

fn refused(ended: Ended) -> (String, Value) {
    let (error, cause) = ended.expect_err("an end is elsewhere");
    assert_eq!(error, "VpcNotFound", "{cause}");
    (cause["Message"].as_str().expect("a sentence").to_owned(), cause)
}

#[tokio::test]
async fn a_teardown_names_the_field_and_touches_nothing() {
    let cases = [
        (json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a"}), "write PeerRegion eu-west-1", "vpc-0000000a"),
        (
            json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b", "PeerRegion": "us-east-1"}),
            "write Region eu-west-1",
            "vpc-0000000a",
        ),
        (
            json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a", "PeerRegion": "eu-west-3"}),
            "write PeerRegion eu-west-1",
            "vpc-0000000a",
        ),
        (
            json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a", "PeerRegion": "eu-west-1", "PeerOwnerId": "222222222222"}),
            "write PeerOwnerId 123456789012",
            "vpc-0000000a",
        ),
        (
            json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a", "PeerOwnerId": "222222222222"}),
            "write PeerRegion eu-west-1 and PeerOwnerId 123456789012",
            "vpc-0000000a",
        ),
    ];
    for (input, expected, vpc) in cases {
        let memory = network();
        execute(&memory, "the set-up", &request()).await.expect("peered");
        let (message, cause) = refused(tear_down(&memory, "a teardown", &input).await);
        assert!(message.contains(expected) && message.contains("pcx-00000000"), "{input}: {message}");
        assert_eq!(cause["VpcId"], vpc, "{cause}");
        assert_peered(&memory);
        let (message, _) = refused(execute(&memory, "a set-up", &input).await);
        assert!(message.contains(expected), "a set-up is told as well: {message}");
        assert_peered(&memory);
    }
}

/// Where nothing is known, and one of the VPCs isn't there, nobody can say that there is nothing to remove.
#[tokio::test]
async fn a_vpc_that_is_not_there_is_no_success() {
    let memory = network();
    let input = json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a"});
    for _ in 0..2 {
        let (message, cause) = refused(tear_down(&memory, "a teardown", &input).await);
        assert!(message.contains("vpc-0000000a in us-east-1 of 123456789012 does not exist"), "{message}");
        assert_eq!(cause["Region"], "us-east-1");
    }
    let output = tear_down(&memory, "a teardown", &request()).await.expect("both are there, and not peered");
    assert_eq!(output["Status"], "absent");
}

#[tokio::test]
async fn what_was_torn_down_is_absent_though_its_vpcs_are_gone() {
    let memory = network();
    execute(&memory, "the set-up", &request()).await.expect("peered");
    tear_down(&memory, "a teardown", &request()).await.expect("torn down");
    memory.remove_vpc(&ends().1);
    let output = tear_down(&memory, "another", &request()).await.expect("nothing to do");
    assert_eq!((output["Status"].as_str(), routes_to_peerings(&memory)), (Some("absent"), 0));
}

/// A connection that is gone, or that joins other VPCs, says nothing.
#[tokio::test]
async fn only_a_live_connection_of_these_ids_counts() {
    let memory: Memory = network();
    let other: End = end("vpc-0000000c", "us-east-1");
    memory.add_vpc(&other, &["10.9.0.0/16"], 1);
    execute(&memory, "the set-up", &request()).await.expect("peered");
    let input = json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000c"});
    assert_eq!(tear_down(&memory, "a teardown", &input).await.expect("nothing")["Status"], "absent");
    memory.delete(&memory.connections()[0]);
    let input = json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a"});
    let (message, _) = refused(tear_down(&memory, "a teardown", &input).await);
    assert!(message.contains("does not exist"), "{message}");
}
