//! The status of invalid tags, and statuses that no request belongs to.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_testing::three::{end, network, start};
use isthmus_testing::{Machines, Memory};

#[tokio::test]
async fn what_is_invalid_is_written_to_the_vpc_until_it_is_corrected() {
    let (memory, machine) = (network(), Machines::default());
    let vpc = end("vpc-0000000a");
    memory.tag_vpc(&vpc, "isthmus:peer", "vpc-oops vpc-0000000c");
    start(&memory, &machine).await;
    let status = memory.tags(&vpc)["isthmus:status:invalid"].clone();
    assert!(status.starts_with("invalid isthmus:peer: \"vpc-oops\" is not a VPC id"), "{status}");
    memory.take_calls();
    start(&memory, &machine).await;
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0], "once is enough");
    memory.tag_vpc(&vpc, "isthmus:peer", "vpc-0000000c");
    start(&memory, &machine).await;
    assert!(!memory.tags(&vpc).contains_key("isthmus:status:invalid"));
}

#[tokio::test]
async fn a_status_that_no_tag_asks_for_is_removed() {
    let (memory, machine) = (network(), Machines::default());
    let vpc = end("vpc-0000000a");
    memory.tag_vpc(&vpc, "isthmus:status:vpc-0000000b", "failed VpcNotFound there is none 2026-11-25T12:00:00Z");
    memory.tag_vpc(&vpc, "isthmus:status:vpc-0000000f", "failed VpcNotFound there is none 2026-11-25T12:00:00Z");
    memory.drop_tag(&vpc, "isthmus:peer");
    start(&memory, &machine).await;
    assert!(memory.tags(&vpc).is_empty(), "{:?}", memory.tags(&vpc));
}

#[tokio::test]
async fn a_region_that_aws_does_not_have_is_reported_and_affects_no_other() {
    let (memory, machine) = (network(), Machines::default());
    memory.tag_vpc(
        &end("vpc-0000000a"),
        "isthmus:peer",
        "vpc-0000000b@mars-north-1 vpc-0000000c vpc-0000000a@eu-west-1",
    );
    let started = start(&memory, &machine).await;
    let [started] = started.executions.try_into().expect("one");
    assert!(started.starts_with("vpc-0000000a_vpc-0000000c_"));
    let status = memory.tags(&end("vpc-0000000a"))["isthmus:status:invalid"].clone();
    assert!(
        status.contains("\"vpc-0000000b@mars-north-1\" is in a Region that AWS does not have")
            && status.contains("this VPC itself"),
        "{status}"
    );
}
