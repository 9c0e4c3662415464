//! Whose word counts: at each end its own account's.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_testing::owners::{HUB, MEMBER, request, two};
use isthmus_testing::pair::{foreign, routed, routes_to_peerings};
use isthmus_testing::sweeping::{run_started, sweep_and_run};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Machines, execute, stack, tear_down};
use serde_json::{Value, json};

const STRANGER: &str = "999999999999";

/// A role of our name is no invitation: not a call is made there, whoever asks and whoever consents.
#[tokio::test]
async fn an_account_that_is_none_of_the_stack_s_is_refused_before_the_first_call() {
    for requested_by in ["execution", "tags", "event"] {
        let (memory, one, other) = two(STRANGER);
        memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@999999999999");
        memory.tag_vpc(&other, "isthmus:accept", HUB);
        for input in [request(&one, &other, requested_by), request(&other, &one, requested_by)] {
            memory.take_calls();
            let (error, cause) = execute(&memory, "an ARN", &input).await.expect_err("a stranger");
            assert_eq!((error.as_str(), cause["OwnerId"].as_str()), ("PeerNotTrusted", Some(STRANGER)), "{cause}");
            assert!(cause["Message"].as_str().is_some_and(|message| message.contains("MemberAccounts")), "{cause}");
            let calls = memory.take_calls();
            assert!(calls.iter().all(|call| ["vpc", "tag_vpc"].contains(call)), "only the status of ours: {calls:?}");
            assert!(calls.iter().filter(|call| **call == "vpc").count() <= 1, "nor is theirs read: {calls:?}");
            let mut ends = request(&one, &other, "execution");
            ends.as_object_mut().expect("an object").remove("RequestedBy");
            let (error, _) = tear_down(&memory, "a teardown", &ends).await.expect_err("a stranger");
            assert_eq!(error, "PeerNotTrusted");
        }
    }
}

#[tokio::test]
async fn the_asking_vpc_s_status_names_the_account_and_no_sweep_tries() {
    let (memory, one, other) = two(STRANGER);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@999999999999");
    let machines = Machines::default();
    start_as(
        &memory,
        &machines,
        &stack(),
        isthmus_peering::steps::StartTask { end: one.clone(), ..task("vpc-00000000", TAGS) },
    )
    .await
    .expect("started");
    run_started(&memory, &machines).await;
    let status = memory.tags(&one)["isthmus:status:vpc-0000000b"].clone();
    assert!(status.starts_with("failed PeerNotTrusted vpc-0000000b is of 999999999999, which is none of"), "{status}");
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.refused.len(), swept.started.len(), swept.unreachable.len()), (1, 0, 0), "{swept:?}");
    assert!(memory.tags(&other).is_empty());
}

/// A member's event chooses nothing of the hub's: neither tables, nor DNS resolution, nor tags.
#[tokio::test]
async fn what_the_other_owner_said_binds_whoever_asks() {
    for requested_by in ["event", "execution"] {
        let (memory, one, other) = two(MEMBER);
        memory.turn_on_dns_hostnames();
        memory.tag_vpc(&one, "isthmus:accept", MEMBER);
        memory.tag_vpc(&one, "isthmus:routes", "none");
        memory.tag_vpc(&one, "isthmus:dns", "off");
        memory.tag_vpc(&other, "isthmus:accept", HUB);
        let mut asked = request(&other, &one, requested_by);
        asked["DnsResolution"] = json!(true);
        asked["Tags"] = json!({"Access": "admin"});
        asked["Name"] = json!("a name");
        let output = execute(&memory, "an ARN", &asked).await.expect("peered");
        assert!(routed(&memory, &one).is_empty(), "{output}");
        assert_eq!((routed(&memory, &other).len(), &output["DnsResolution"]), (2, &json!(false)));
        let connection = memory.connections().remove(0);
        for side in [&one, &other] {
            let tags = memory.connections_seen_from(side).remove(0).tags;
            let asker = if requested_by == "event" { &other } else { &one };
            assert_eq!(tags.contains_key("Access"), side == asker, "{requested_by}, {side}: {tags:?}");
            assert_eq!(tags["Name"], "a name", "{side}");
        }
        assert!(connection.dns_resolution == isthmus_peering::connection::DnsSides::default());
    }
}

/// A request narrows what its owner's tag selects.
#[tokio::test]
async fn a_request_narrows_and_never_widens() {
    let (memory, one, other) = two(HUB);
    let ids: Vec<String> = memory.tables(&one).iter().map(|table| table.id.to_string()).collect();
    memory.tag_vpc(&one, "isthmus:routes", &ids[0]);
    let mut asked = request(&one, &other, "execution");
    asked["Routes"] = json!({"Tables": ids});
    let output = execute(&memory, "one", &asked).await.expect("peered");
    assert_eq!(routed(&memory, &one), [(0, "10.2.0.0/16".to_owned())].into());
    assert!(output["Warnings"].to_string().contains(&ids[1]), "{output}");
    asked["Routes"] = json!({"Tables": "none"});
    execute(&memory, "two", &asked).await.expect("narrowed");
    assert!(routed(&memory, &one).is_empty());
}

/// For one peer alone, beside what holds for the others.
#[tokio::test]
async fn a_selection_for_one_peer_wins() {
    let (memory, one, other) = two(HUB);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
    memory.tag_vpc(&one, "isthmus:routes", "none");
    memory.tag_vpc(&one, "isthmus:routes:vpc-0000000b", "main");
    execute(&memory, "one", &request(&one, &other, "tags")).await.expect("peered");
    assert_eq!(routed(&memory, &one), [(0, "10.2.0.0/16".to_owned())].into());
}

/// A consented peer adds a public block: it is routed nowhere, and both owners are told.
#[tokio::test]
async fn a_block_outside_routable_blocks_is_not_routed() {
    let (memory, one, other) = two(MEMBER);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@222222222222");
    memory.tag_vpc(&other, "isthmus:accept", HUB);
    sweep_and_run(&memory).await;
    assert_eq!(routes_to_peerings(&memory) + routed(&memory, &one).len() + routed(&memory, &other).len(), 4);
    memory.add_block(&other, "8.8.8.0/24");
    for advertised in ["", "8.8.8.0/24 10.2.0.0/16"] {
        if !advertised.is_empty() {
            memory.tag_vpc(&other, "isthmus:advertise", advertised);
        }
        sweep_and_run(&memory).await;
        sweep_and_run(&memory).await;
        assert!(routed(&memory, &one).iter().all(|(_, block)| block == "10.2.0.0/16"), "{:?}", routed(&memory, &one));
        let status = memory.tags(&one)["isthmus:status:vpc-0000000b"].clone();
        assert!(
            status.contains("; warning: 8.8.8.0/24 of vpc-0000000b is outside the stack's RoutableBlocks"),
            "{status}"
        );
    }
}

#[tokio::test]
async fn an_owner_advertises_a_part_of_his_blocks() {
    let (memory, one, other) = two(HUB);
    memory.add_block(&other, "10.3.0.0/16");
    memory.tag_vpc(&other, "isthmus:advertise", "10.2.0.0/15,10.2.64.0/18 10.9.0.0/16");
    let output = execute(&memory, "one", &request(&one, &other, "execution")).await.expect("peered");
    let blocks: Vec<String> =
        routed(&memory, &one).into_iter().filter(|(table, _)| *table == 0).map(|(_, b)| b).collect();
    assert_eq!(blocks, ["10.2.0.0/15", "10.2.64.0/18"], "{output}");
    assert!(
        output["Warnings"].to_string().contains("vpc-0000000b advertises 10.9.0.0/16, which is not inside"),
        "{output}"
    );
    let mut asked = request(&one, &other, "execution");
    memory.tag_vpc(&other, "isthmus:advertise", "10.2.64.0/18");
    asked["Routes"] = json!({"Destinations": ["10.3.0.0/24"]});
    let output = execute(&memory, "two", &asked).await.expect("of an established peering it is left out");
    assert!(output["Warnings"].to_string().contains("10.3.0.0/24 is not for vpc-0000000b's peers"), "{output}");
    asked["Routes"] = json!({"Destinations": ["10.9.0.0/24"]});
    let (error, _) = execute(&memory, "three", &asked).await.expect_err("which it never had");
    assert_eq!(error, "InvalidRequest");
    tear_down(&memory, "a teardown", &json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id}))
        .await
        .expect("torn down");
    asked["Routes"] = json!({"Destinations": ["10.3.0.0/24"]});
    let (error, cause) = execute(&memory, "anew", &asked).await.expect_err("not advertised");
    assert_eq!((error.as_str(), cause["Field"].as_str()), ("InvalidRequest", Some("Routes.Destinations")), "{cause}");
}

/// A refusal that can't be read must not become permission.
#[tokio::test]
async fn dns_resolution_that_may_have_been_refused_is_not_turned_on() {
    for value in ["Off", "OFF", "false", "off,", ""] {
        let (memory, one, other) = two(HUB);
        memory.turn_on_dns_hostnames();
        memory.tag_vpc(&one, "isthmus:dns", value);
        memory.tag_vpc(&other, "isthmus:dns", "on");
        let mut asked = request(&one, &other, "execution");
        asked["DnsResolution"] = json!(true);
        let output = execute(&memory, "one", &asked).await.expect("peered");
        assert_eq!(output["DnsResolution"], json!(false), "{value}");
    }
}

/// One of our routes takes a part of a broader foreign route, or of another peering's.
#[tokio::test]
async fn a_hole_in_a_broader_route_is_a_warning() {
    let (memory, one, other) = two(HUB);
    memory.add_route(&one, 0, foreign("10.0.0.0/8"));
    memory.add_route(&one, 1, foreign("0.0.0.0/0"));
    let output = execute(&memory, "one", &request(&one, &other, "execution")).await.expect("peered");
    let warnings: Vec<&str> = output["Warnings"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(warnings.len(), 1, "a default route is no reason: {warnings:?}");
    assert!(warnings[0].contains("takes a part of 10.0.0.0/8, which leads to tgw-"), "{warnings:?}");
}

/// Anything but `false` excludes, in any case of the key.
#[tokio::test]
async fn an_exclusion_fails_closed() {
    for (key, value, excludes) in [
        ("isthmus:exclude", "true", true),
        ("isthmus:exclude", "True", true),
        ("isthmus:exclude", "", true),
        ("isthmus:exclude", "no", true),
        ("isthmus:exclude", "False", true),
        ("Isthmus:EXCLUDE", "yes", true),
        ("isthmus:exclude", "false", false),
        ("isthmus:excluded", "true", false),
    ] {
        let (memory, one, other) = two(HUB);
        memory.tag_vpc(&other, key, value);
        let ended = execute(&memory, "one", &request(&one, &other, "execution")).await;
        assert_eq!(ended.is_err(), excludes, "{key}={value}: {ended:?}");
        let (memory, one, other) = two(HUB);
        memory.tag_table(&one, 1, key, value);
        execute(&memory, "one", &request(&one, &other, "execution")).await.expect("peered");
        assert_eq!(routed(&memory, &one).len(), if excludes { 1 } else { 2 }, "{key}={value}");
    }
}
