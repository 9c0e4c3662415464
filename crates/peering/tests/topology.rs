//! The topology: every VPC, every peering, and what the sweep would find about it.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::ports::Location;
use isthmus_peering::stack::{Mode, Stack};
use isthmus_peering::steps::topology;
use isthmus_testing::owners::{HUB, MEMBER, end, request, two};
use isthmus_testing::spokes::{hub, pair, peered, spoke, withdraw, withdraw_all};
use isthmus_testing::{Memory, context, execute, scope, stack};
use isthmus_topology::{Finding, MissingRoute, Peering, Topology};
use serde_json::json;

/// As the function does, in a stack of that delay.
async fn seen_with(memory: &Memory, teardown_delay: i64) -> Topology {
    let stack = Stack { mode: Mode::Report, teardown_delay, ..stack() };
    memory.take_calls();
    let seen = topology(context(memory, &stack), &scope(), "2026-11-26T12:00:00Z").await.expect("a topology");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    Topology::parse(&serde_json::to_vec(&seen).expect("JSON")).expect("what is written can be read")
}

async fn seen(memory: &Memory) -> Topology {
    seen_with(memory, 0).await
}

fn about<'t>(topology: &'t Topology, end: &End) -> &'t Peering {
    let is_about =
        |peering: &&Peering| [&peering.requester, &peering.accepter].iter().any(|it| it.vpc_id == end.vpc_id.as_str());
    topology.peerings.iter().find(is_about).expect("a peering of it")
}

fn finding<'t>(topology: &'t Topology, end: &End) -> (Finding, Option<&'t str>, Option<&'t str>) {
    let peering = about(topology, end);
    (peering.finding, peering.differs.as_deref(), peering.error.as_deref())
}

#[tokio::test]
async fn what_is_in_place() {
    let (memory, spokes) = peered(2, MEMBER).await;
    let seen = seen(&memory).await;
    assert_eq!((seen.stack.as_str(), seen.tag_prefix.as_str(), seen.peerings.len()), ("isthmus", "isthmus", 2));
    let peering = about(&seen, &spokes[0]);
    assert_eq!((peering.finding, peering.ours, peering.status.as_deref()), (Finding::InPlace, true, Some("active")));
    assert_eq!(peering.requested_by.tags, [spokes[0].vpc_id.as_str()]);
    assert!(!peering.requested_by.execution);
    for end in [&hub(), &spokes[0]] {
        let routes = &peering.routes[end.vpc_id.as_str()];
        assert_eq!((routes.wanted, routes.present, routes.missing.len()), (1, 1, 0));
    }
}

#[tokio::test]
async fn every_vpc_with_what_its_owner_says() {
    let (memory, spokes) = peered(1, MEMBER).await;
    let alone = end("vpc-000000ff", HUB);
    memory.add_vpc(&alone, &["192.168.0.0/16"], 3);
    memory.tag_vpc(&alone, "Name", "alone");
    memory.tag_vpc(&alone, "isthmus:exclude", "true");
    let seen = seen(&memory).await;
    assert_eq!(seen.vpcs.len(), 3);
    let vpc = |end: &End| seen.vpcs.iter().find(|vpc| vpc.end.vpc_id == end.vpc_id.as_str()).expect("the VPC");
    assert_eq!((vpc(&alone).name.as_str(), vpc(&alone).excluded, vpc(&alone).route_tables.len()), ("alone", true, 3));
    assert_eq!(vpc(&alone).cidr_blocks, ["192.168.0.0/16"]);
    assert_eq!(vpc(&spokes[0]).peers, [format!("{}@us-east-1@{HUB}", hub().vpc_id)]);
    assert_eq!(vpc(&hub()).accepts, [MEMBER]);
}

#[tokio::test]
async fn a_route_that_was_deleted_by_hand_is_named() {
    let (memory, spokes) = peered(2, HUB).await;
    memory.drop_routes(&spokes[1], "10.255.0.0/16");
    let seen = seen(&memory).await;
    assert_eq!(finding(&seen, &spokes[0]).0, Finding::InPlace);
    assert_eq!(finding(&seen, &spokes[1]), (Finding::Drift, Some("Routes"), None));
    let table = memory.tables(&spokes[1])[0].id.to_string();
    let routes = &about(&seen, &spokes[1]).routes[spokes[1].vpc_id.as_str()];
    let missing = [MissingRoute { route_table_id: table, destination_cidr_block: "10.255.0.0/16".into() }];
    assert_eq!((routes.wanted, routes.present, routes.missing.as_slice()), (1, 0, missing.as_slice()));
}

#[tokio::test]
async fn what_an_execution_asked_for_is_as_the_ledger_knows_it() {
    let (memory, one, other) = two(HUB);
    execute(&memory, "pipeline", &request(&one, &other, "execution")).await.expect("peered");
    let in_place = seen(&memory).await;
    assert_eq!(finding(&in_place, &one), (Finding::InPlace, None, None));
    let peering = about(&in_place, &one);
    assert!(peering.ours && peering.requested_by.execution && peering.requested_by.tags.is_empty());
    assert_eq!((peering.routes[one.vpc_id.as_str()].wanted, peering.routes[one.vpc_id.as_str()].present), (2, 2));

    memory.drop_routes(&one, "10.2.0.0/16");
    let drifted = seen(&memory).await;
    assert_eq!(finding(&drifted, &one), (Finding::Drift, Some("Routes"), None));
    assert_eq!(about(&drifted, &one).routes[one.vpc_id.as_str()].missing.len(), 2);

    memory.set_status(Status::Deleted);
    assert_eq!(finding(&seen(&memory).await, &one), (Finding::Drift, Some("Blackhole"), None), "of the other side");
    memory.drop_routes(&other, "10.1.0.0/16");
    assert_eq!(finding(&seen(&memory).await, &one), (Finding::Missing, Some("Missing"), None));
}

#[tokio::test]
async fn what_tags_ask_for_and_is_not_there() {
    let (memory, spokes) = peered(1, HUB).await;
    let (new, stranger) = (spoke(8, HUB), spoke(9, MEMBER));
    isthmus_testing::spokes::add(&memory, &[new.clone(), stranger.clone()], 8);
    let seen = seen(&memory).await;
    assert_eq!(finding(&seen, &spokes[0]).0, Finding::InPlace);
    assert_eq!(finding(&seen, &new), (Finding::Missing, Some("Missing"), None));
    assert_eq!(finding(&seen, &stranger), (Finding::Failed, None, Some("PeerNotTrusted")));
    assert_eq!(about(&seen, &stranger).waits_for.as_deref(), Some(hub().vpc_id.as_str()));
    assert!(about(&seen, &stranger).message.as_deref().is_some_and(|message| message.contains("isthmus:accept")));
}

#[tokio::test]
async fn what_overlaps_is_failed_by_name_before_anything_was_tried() {
    let (memory, _) = peered(1, HUB).await;
    let new = spoke(8, HUB);
    isthmus_testing::spokes::add(&memory, std::slice::from_ref(&new), 255);
    let seen = seen(&memory).await;
    assert_eq!(finding(&seen, &new), (Finding::Failed, None, Some("OverlappingCidrs")));
    assert!(about(&seen, &new).message.as_deref().is_some_and(|message| message.contains("10.255.0.0/16")));
}

#[tokio::test]
async fn what_an_execution_works_on_waits() {
    let (memory, spokes) = peered(1, HUB).await;
    memory.ledger.set(
        &pair(&spokes[0]),
        "Holder",
        json!("arn:aws:states:us-east-1:123456789012:execution:isthmus-peering:1"),
    );
    assert_eq!(finding(&seen(&memory).await, &spokes[0]), (Finding::Waiting, None, None));
}

#[tokio::test]
async fn a_teardown_that_is_not_due_waits_and_one_that_is_held_says_so() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..11]).await;
    let held = seen(&memory).await;
    assert_eq!(finding(&held, &spokes[0]), (Finding::Waiting, None, Some("TeardownHeld")));
    assert_eq!(finding(&held, &spokes[13]).0, Finding::InPlace);

    let (memory, spokes) = peered(1, HUB).await;
    withdraw(&memory, &spokes[0]);
    assert_eq!(finding(&seen(&memory).await, &spokes[0]), (Finding::Drift, Some("NotRequested"), None));
}

#[tokio::test]
async fn a_connection_that_nobody_asks_for_is_foreign() {
    let (memory, _) = peered(1, HUB).await;
    let (one, other) = (end("vpc-000000fe", HUB), end("vpc-000000ff", "999999999999"));
    memory.add_vpc(&one, &["192.168.0.0/16"], 1);
    let id = memory.add_connection(&other, &one, Status::Active);
    let seen = seen(&memory).await;
    let peering = about(&seen, &one);
    assert_eq!((peering.finding, peering.ours), (Finding::Foreign, false));
    assert_eq!(peering.vpc_peering_connection_id.as_deref(), Some(id.as_str()));
    assert_eq!((peering.requester.owner_id.as_str(), seen.peerings.len()), ("999999999999", 2));
}

#[tokio::test]
async fn a_region_that_can_t_be_read_is_named_and_what_is_there_is_left_out() {
    let (memory, spokes) = peered(1, MEMBER).await;
    memory.deny(&Location::from(&spokes[0]));
    let seen = seen(&memory).await;
    let [unreachable] = seen.unreachable.as_slice() else { panic!("{:?}", seen.unreachable) };
    assert_eq!((unreachable.region.as_deref(), unreachable.owner_id.as_deref()), (Some("us-east-1"), Some(MEMBER)));
    assert!(seen.vpcs.iter().all(|vpc| vpc.end.owner_id == HUB));
}
