//! The groups as the steps see them: who is a member, which pairs have a place, and what is told.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Sweep, sweep};
use isthmus_testing::grouped::{counts, errors, join, of_member, planned, report, vpcs, with_quota};
use isthmus_testing::three::end;
use isthmus_testing::{Machines, context, scope, stack};
use serde_json::json;

#[tokio::test]
async fn a_malformed_word_is_told_and_the_other_words_count() {
    let (memory, ends) = vpcs(2);
    for word in ["Payments", "payments:owner", "-x", &"a".repeat(33), "a:hub a:spoke"] {
        join(&memory, &format!("{word} ledger"), &ends);
        let report = report(&memory).await;
        let names: Vec<&str> = report.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["ledger"], "{word}");
        let told = report
            .warnings
            .iter()
            .filter(|warning| warning.starts_with("vpc-0000000") && warning.contains("isthmus:group"));
        assert_eq!(told.count(), 2, "{word}: {:?}", report.warnings);
    }
}

#[tokio::test]
async fn a_group_that_makes_no_pair_is_told_by_name() {
    let (memory, ends) = vpcs(3);
    join(&memory, "alone", &ends[..1]);
    join(&memory, "beach:spoke", &ends[1..]);
    let report = report(&memory).await;
    assert!(
        report.warnings.iter().any(|warning| warning.starts_with("alone has one member, vpc-00000001")),
        "{report:?}"
    );
    assert!(report.warnings.iter().any(|warning| warning.starts_with("beach has 2 spokes and no hub")), "{report:?}");
}

#[tokio::test]
async fn a_table_without_room_refuses_the_spoke() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    for number in 0..498 {
        let destination = format!("172.16.{}.{}/32", number / 250, number % 250).parse().expect("a block");
        let target = Target::Other("igw-00000001".into());
        memory.add_route(&ends[0], 0, Route { destination, target, blackhole: false, propagated: false });
    }
    let report = report(&memory).await;
    assert_eq!((counts(&report.groups[0]), errors(&report)), ([2, 0, 1, 1], vec!["QuotaExceeded"]));
    assert!(report.groups[0].refused[0].message.contains("vpc-00000001"), "{report:?}");
}

#[tokio::test]
async fn connections_with_others_take_their_places_first() {
    let (memory, ends) = vpcs(4);
    let small = with_quota(2);
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-00000004");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..3]);
    let report = planned(&memory, &small, json!({"DryRun": true})).await.expect("planned").report.expect("a report");
    assert_eq!(
        (counts(&report.groups[0]), errors(&report)),
        ([2, 0, 1, 1], vec!["QuotaExceeded"]),
        "a peer tag asks for one of two"
    );
    assert_eq!(report.near_quota.len(), 1);
    assert_eq!((report.near_quota[0].vpc_id.as_str(), report.near_quota[0].peerings), ("vpc-00000001", 2));
}

#[tokio::test]
async fn across_accounts_both_are_admitted_or_both_consent() {
    let (memory, ends) = vpcs(1);
    let spoke = of_member("vpc-000000ff");
    memory.add_vpc(&spoke, &["10.9.0.0/16"], 1);
    join(&memory, "payments:hub", &ends);
    join(&memory, "payments:spoke", std::slice::from_ref(&spoke));
    let with = async |admitted: &str| {
        let stack = Stack { group_accounts: admitted.parse().expect("valid"), ..stack() };
        planned(&memory, &stack, json!({"DryRun": true})).await.expect("planned").report.expect("a report")
    };
    let refused = with("").await;
    assert_eq!(errors(&refused), ["PeerNotTrusted"]);
    let message = &refused.groups[0].refused[0].message;
    assert!(
        message.contains("payments:hub=123456789012") && message.contains("payments:spoke=222222222222"),
        "{message}"
    );
    for half in [
        "payments:spoke=222222222222",
        "payments:hub=123456789012",
        "payments:hub=123456789012 payments:mesh=222222222222",
    ] {
        assert_eq!(errors(&with(half).await), ["PeerNotTrusted"], "{half}");
    }
    assert!(errors(&with("payments:hub=123456789012 payments:spoke=*").await).is_empty());

    // An admitted spoke that claims to be a hub is none.
    join(&memory, "payments:hub", std::slice::from_ref(&spoke));
    let claimed = with("payments:hub=123456789012 payments:spoke=222222222222").await;
    assert!(claimed.groups[0].refused[0].message.contains("payments:hub=222222222222"), "{claimed:?}");

    memory.tag_vpc(&ends[0], "isthmus:accept", "222222222222");
    assert_eq!(errors(&with("").await), ["PeerNotTrusted"], "one consents");
    memory.tag_vpc(&spoke, "isthmus:accept", "vpc-00000001");
    assert!(errors(&with("").await).is_empty(), "each consents to the other");
}

#[tokio::test]
async fn accounts_that_can_t_have_members_are_named() {
    let (memory, _) = vpcs(1);
    let admitted = "payments:mesh=555555555555,666666666666,222222222222".parse().expect("valid");
    let report = planned(&memory, &Stack { group_accounts: admitted, ..stack() }, json!({"DryRun": true}))
        .await
        .expect("planned")
        .report
        .expect("a report");
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("555555555555") && report.warnings[0].contains("ExternalAccounts"));
    assert!(report.warnings[1].contains("666666666666") && report.warnings[1].contains("MemberAccounts"));
}

#[tokio::test]
async fn what_could_not_be_read_is_told_and_its_members_are_left_out() {
    let (memory, ends) = vpcs(2);
    let far = of_member("vpc-000000ff");
    memory.add_vpc(&far, &["10.9.0.0/16"], 1);
    join(&memory, "payments", &[&ends[..], std::slice::from_ref(&far)].concat());
    memory.deny(&(&far).into());
    let report = report(&memory).await;
    assert_eq!((report.groups[0].mesh, counts(&report.groups[0])), (2, [1, 0, 1, 0]));
    assert!(
        report.warnings.iter().any(|warning| warning.contains("us-east-1 of 222222222222")),
        "{:?}",
        report.warnings
    );
}

#[tokio::test]
async fn a_peer_tag_that_can_t_be_carried_out_holds_no_place() {
    let (memory, ends) = vpcs(2);
    let excluded = end("vpc-000000ff");
    memory.add_vpc(&excluded, &["10.2.0.0/16"], 1);
    memory.tag_vpc(&excluded, "isthmus:exclude", "true");
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-000000ff");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    join(&memory, "ledger", std::slice::from_ref(&excluded));
    let report = report(&memory).await;
    let group = report.groups.iter().find(|group| group.name.as_str() == "payments").expect("listed");
    assert_eq!(counts(group), [1, 0, 1, 0], "the spoke has the block of a VPC that never gets a route");
}

#[tokio::test]
async fn a_request_to_a_vendor_takes_its_place() {
    let (memory, ends) = vpcs(3);
    let small = with_quota(2);
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-000000ee@us-east-1@555555555555");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let report = planned(&memory, &small, json!({"DryRun": true})).await.expect("planned").report.expect("a report");
    assert_eq!((counts(&report.groups[0]), errors(&report)), ([2, 0, 1, 1], vec!["QuotaExceeded"]));
}

#[tokio::test]
async fn a_peer_tag_takes_a_place_of_the_quota_only_where_its_peering_may_stand() {
    let far = End { region: "eu-west-1".parse().expect("a Region"), ..end("vpc-000000fc") };
    for (named, free) in [
        ("vpc-000000fe", true),            // excluded
        ("vpc-000000fd", true),            // with a block of the hub
        ("vpc-000000ff", true),            // gone
        ("vpc-000000fc@eu-west-1", false), // in a Region that can't be read
    ] {
        let (memory, ends) = vpcs(3);
        memory.add_vpc(&end("vpc-000000fe"), &["10.9.0.0/16"], 1);
        memory.tag_vpc(&end("vpc-000000fe"), "isthmus:exclude", "true");
        memory.add_vpc(&end("vpc-000000fd"), &["10.1.128.0/20"], 1);
        memory.deny(&(&far).into());
        memory.tag_vpc(&ends[0], "isthmus:peer", named);
        join(&memory, "payments:hub", &ends[..1]);
        join(&memory, "payments:spoke", &ends[1..]);
        let planned = planned(&memory, &with_quota(2), json!({"DryRun": true})).await.expect("planned");
        let report = planned.report.expect("a report");
        let expected = if free { [2, 0, 2, 0] } else { [2, 0, 1, 1] };
        assert_eq!((counts(&report.groups[0]), report.near_quota[0].peerings), (expected, 2), "{named}");
    }
}

#[tokio::test]
async fn a_foreign_route_in_the_way_refuses_the_pair_by_name() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments", &ends);
    let destination = "10.2.0.0/16".parse().expect("a block");
    let target = Target::Other("igw-00000001".into());
    memory.add_route(&ends[0], 0, Route { destination, target, blackhole: false, propagated: false });
    let report = report(&memory).await;
    assert_eq!((counts(&report.groups[0]), errors(&report)), ([3, 0, 2, 1], vec!["RouteConflict"]));
    assert!(report.groups[0].refused[0].message.contains("igw-00000001"), "{report:?}");
    let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
    let found = sweep(context(&memory, &stack()), &Machines::default(), &how, json!({}), || true).await.expect("swept");
    assert_eq!((found.refused.len(), found.drift.len()), (1, 2), "{found:?}");
}
