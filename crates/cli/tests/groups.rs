//! How the groups stand, as a person reads it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use isthmus_cli::groups_text::lines;
use isthmus_peering::groups::GroupsReport;
use serde_json::json;
use snapbox::{assert_data_eq, str};

fn text(report: serde_json::Value) -> String {
    let report: GroupsReport = serde_json::from_value(report).unwrap();
    lines(&report).iter().map(|line| format!("{line}\n")).collect()
}

fn group(name: &str, counts: [usize; 4], refused: serde_json::Value) -> serde_json::Value {
    let [pairs, in_place, set_up, refused_count] = counts;
    json!({
        "Name": name, "Hubs": 1, "Spokes": 2, "Mesh": 1, "Pairs": pairs, "InPlace": in_place, "SetUp": set_up,
        "TornDown": 0, "RefusedCount": refused_count, "Refused": refused,
    })
}

#[test]
fn what_is_to_be_done_what_it_costs_and_what_is_refused() {
    let refused = json!([{
        "VpcId": "vpc-0aaaaaaaaaaaaaaa1", "PeerVpcId": "vpc-0bbbbbbbbbbbbbbb2", "Error": "OverlappingCidrs",
        "Message": "10.2.0.0/16 overlaps 10.2.0.0/18",
    }]);
    let report = json!({
        "Groups": [group("payments", [120, 100, 18, 2], refused), group("ledger", [3, 3, 0, 0], json!([]))],
        "Calls": {"CreateRoute": 36, "CreateVpcPeeringConnection": 18},
        "LeastSeconds": 12,
        "Slowest": {"OwnerId": "222222222222", "Region": "eu-west-1", "Action": "CreateRoute", "Calls": 36},
        "NearQuota": [{"VpcId": "vpc-0aaaaaaaaaaaaaaa1", "Peerings": 121, "Limit": 125}],
        "Left": 1,
        "Warnings": ["alone has one member, vpc-0ccccccccccccccc3: there is nothing to peer it with"],
    });
    assert_data_eq!(
        text(report),
        str![[r"
payments  1 hub, 2 spokes, 1 mesh member  120 pairs: 100 in place · 18 set up · 2 refused
  vpc-0aaaaaaaaaaaaaaa1 ⇄ vpc-0bbbbbbbbbbbbbbb2  OverlappingCidrs  10.2.0.0/16 overlaps 10.2.0.0/18
  and 1 more refused
ledger  1 hub, 2 spokes, 1 mesh member  3 pairs: 3 in place
Calls: 36 CreateRoute, 18 CreateVpcPeeringConnection; at least 12 s, of which 36 CreateRoute in eu-west-1 of 222222222222 take the longest
! vpc-0aaaaaaaaaaaaaaa1 has 121 of the 125 peerings that its quota allows
! 1 pair left to the next run
! alone has one member, vpc-0ccccccccccccccc3: there is nothing to peer it with

"]]
    );
}

#[test]
fn no_group_is_said() {
    let report = json!({"Groups": [], "Calls": {}, "LeastSeconds": 0, "NearQuota": [], "Left": 0, "Warnings": []});
    assert_eq!(text(report), "No VPC is a member of a group.\n");
}

#[test]
fn a_group_without_a_member_is_told_with_what_was_torn_down() {
    let mut left = group("payments", [0, 0, 0, 0], json!([]));
    for (field, count) in [("Hubs", 0), ("Spokes", 0), ("Mesh", 0), ("TornDown", 1)] {
        left[field] = json!(count);
    }
    let report = json!({"Groups": [left], "Calls": {}, "LeastSeconds": 0, "NearQuota": [], "Left": 0, "Warnings": []});
    assert_eq!(text(report), "payments  no member  0 pairs: 0 in place · 1 torn down\n");
}

#[test]
fn nothing_of_a_report_moves_the_terminal() {
    let refused = json!([{
        "VpcId": "vpc-0aaaaaaaaaaaaaaa1", "PeerVpcId": "vpc-0bbbbbbbbbbbbbbb2", "Error": "PeerNotTrusted\u{1b}[2J",
        "Message": "\u{1b}[2J<script>\u{7}",
    }]);
    let report = json!({
        "Groups": [group("payments", [1, 0, 0, 1], refused)], "Calls": {}, "LeastSeconds": 0, "NearQuota": [], "Left": 0,
        "Warnings": ["\u{202e}word"],
    });
    let text = text(report);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'), "{text:?}");
}
