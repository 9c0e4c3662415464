//! Peerings as rows for a terminal.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_picture::rows;
use isthmus_picture::topology::Topology;
use serde_json::json;

#[test]
fn the_worst_is_first_and_each_says_what_to_do() {
    let end = |vpc_id: &str| json!({"Region": "us-east-1", "OwnerId": "111111111111", "VpcId": vpc_id});
    let vpc = |vpc_id: &str, name: &str| {
        let mut vpc = end(vpc_id);
        vpc["Name"] = json!(name);
        vpc
    };
    let peering = |one: &str, other: &str, finding: &str| json!({"Requester": end(one), "Accepter": end(other), "Finding": finding, "RequestedBy": {"Tags": [one]}});
    let mut refused = peering("vpc-0aaaaaaa", "vpc-0ccccccc", "Failed");
    refused["Error"] = json!("OverlappingCidrs");
    refused["Message"] = json!("10.1.0.0/16 overlaps 10.1.0.0/16");
    let topology = json!({
        "Version": 1, "Stack": "isthmus", "Time": "2026-11-25T22:14:07Z",
        "Vpcs": [vpc("vpc-0aaaaaaa", "a"), vpc("vpc-0bbbbbbb", "b"), vpc("vpc-0ccccccc", "c")],
        "Peerings": [peering("vpc-0aaaaaaa", "vpc-0bbbbbbb", "InPlace"), refused, peering("vpc-0bbbbbbb", "vpc-0ccccccc", "Missing")],
    });
    let rows = rows(&Topology::parse(topology.to_string().as_bytes()).unwrap());
    let said: Vec<_> = rows
        .iter()
        .map(|row| (row.pair.as_str(), row.why.as_str(), row.command.as_deref(), row.who.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (
                "a ⇄ c",
                "OverlappingCidrs: 10.1.0.0/16 overlaps 10.1.0.0/16",
                Some("isthmus explain OverlappingCidrs"),
                ""
            ),
            ("b ⇄ c", "It is asked for, and there is no connection.", Some("isthmus peer b c"), ""),
            ("a ⇄ b", "", None, ""),
        ]
    );
    assert_eq!(rows[0].requested_by, "a");
}
