//! From a tag to executions: what is started, under which name, and what an invalid tag does not start.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::consent::RequestedBy;
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::request::PeeringRequest;
use isthmus_peering::steps::VpcChange;
use isthmus_testing::three::{EVENT, TAGS, end, network, start, start_as, task};
use isthmus_testing::{Faulty, Machines, Memory, When, execute, stack};
use serde_json::json;

/// What the name of an execution for this event begins with.
fn named(end: &str, peer: &str) -> String {
    format!("{end}_{peer}_{}", &EVENT[..27])
}

/// The names without the hash at their end, which tells pairs of the same ids apart.
fn without_hash(names: &[String]) -> Vec<&str> {
    names.iter().map(|name| &name[..name.len() - "-00000000".len()]).collect()
}

#[tokio::test]
async fn each_peer_gets_an_execution_and_a_repeated_delivery_none() {
    let (memory, machine) = (network(), Machines::default());
    let started = start(&memory, &machine).await;
    let names = [named("vpc-0000000a", "vpc-0000000b"), named("vpc-0000000a", "vpc-0000000c")];
    assert_eq!(without_hash(&started.executions), names);
    start(&memory, &machine).await;
    assert_eq!(machine.peerings.borrow().len(), 2);
    for input in machine.peerings.borrow().values() {
        PeeringRequest::parse(&serde_json::to_value(input).expect("JSON"), &stack())
            .expect("what is started can be read");
    }
}

#[tokio::test]
async fn each_side_s_own_tag_selects_its_tables() {
    let (memory, machine) = (network(), Machines::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:routes", "main");
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:routes", "none");
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:dns", "on");
    memory.add_table(&end("vpc-0000000a"));
    start(&memory, &machine).await;
    for input in machine.peerings.take().into_values() {
        assert_eq!(input.requested_by, RequestedBy::Tags);
        let peer = input.peer_vpc_id.clone();
        let mut request = serde_json::to_value(input).expect("JSON");
        request["DryRun"] = json!(true);
        let plan = execute(&memory, "an ARN", &request).await.expect("planned");
        let of = |vpc: &str| plan["Routes"].as_array().expect("routes").iter().filter(|r| r["VpcId"] == vpc).count();
        assert_eq!(of("vpc-0000000a"), 1, "the main table alone");
        let (routes, dns) = if peer.as_str() == "vpc-0000000b" { (0, true) } else { (1, false) };
        assert_eq!((of(peer.as_str()), plan["DnsResolution"] == true), (routes, dns), "{peer}");
    }
}

#[tokio::test]
async fn an_invalid_selection_starts_nothing_rather_than_everything() {
    let (memory, machine) = (network(), Machines::default());
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:routes", "None");
    let started = start(&memory, &machine).await;
    assert_eq!(without_hash(&started.executions), [named("vpc-0000000a", "vpc-0000000c")]);
    assert!(started.invalid[0].starts_with("vpc-0000000b: isthmus:routes: \"None\" is not"), "{:?}", started.invalid);

    let (memory, machine) = (network(), Machines::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:routes", "rtb-1");
    assert_eq!(start(&memory, &machine).await.executions, [""; 0]);
    assert!(machine.peerings.borrow().is_empty());
}

#[tokio::test]
async fn an_invalid_peer_affects_no_other() {
    let (memory, machine) = (network(), Machines::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:peer", "vpc-oops vpc-0000000c");
    let started = start(&memory, &machine).await;
    assert_eq!(started.executions.len(), 1);
    assert_eq!(started.invalid.len(), 1);
}

#[tokio::test]
async fn a_peer_that_can_t_be_read_now_is_not_a_peer_without_tags() {
    let (memory, machine) = (network(), Machines::default());
    let elsewhere = isthmus_testing::pair::end("vpc-0000000d", "eu-west-1");
    memory.add_vpc(&elsewhere, &["10.4.0.0/16"], 1);
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:peer", "vpc-0000000b vpc-0000000c vpc-0000000d@eu-west-1");
    // After the connections and the VPC itself; in one Region its peers are read by one call.
    let throttled = Faulty::once(&memory, 2, When::Before, CallErrorKind::Throttled);
    let hint = || task("vpc-0000000a", TAGS);
    start_as(&throttled, &machine, &stack(), hint()).await.expect_err("EventBridge will ask again");
    let started = machine.peerings.borrow().len();
    assert!(started == 1 || started == 2, "the peers of the other Region are not affected");

    memory.remove_vpc(&end("vpc-0000000b"));
    let started = start_as(&memory, &machine, &stack(), hint()).await.expect("started");
    assert_eq!(started.executions.len(), 3, "the machine will say by name that the peer isn't there");
}

#[tokio::test]
async fn a_vpc_that_is_not_there_starts_nothing() {
    let machine = Machines::default();
    assert_eq!(start(&Memory::default(), &machine).await.executions, [""; 0]);
}

/// What the machine would make of that request, by tags.
async fn peered(memory: &Memory) {
    let request = json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b", "RequestedBy": "tags"});
    execute(memory, "by-tags", &request).await.expect("peered");
}

#[tokio::test]
async fn the_last_tag_that_is_removed_tears_down_and_one_of_two_does_not() {
    let (memory, machine) = (network(), Machines::default());
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:peer", "vpc-0000000a");
    peered(&memory).await;
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    let started = start(&memory, &machine).await;
    assert_eq!((started.executions.len(), started.teardowns.len()), (1, 0), "the other end still requests it");
    memory.drop_tag(&end("vpc-0000000b"), "isthmus:peer");
    for id in ["vpc-0000000a", "vpc-0000000b"] {
        let hint = task(id, TAGS);
        let started = start_as(&memory, &machine, &stack(), hint).await.expect("started");
        assert_eq!((started.executions.len(), started.teardowns.len()), (0, 1), "{id}");
    }
}

#[tokio::test]
async fn what_a_pipeline_peered_and_no_tag_requested_stays() {
    let (memory, machine) = (network(), Machines::default());
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    execute(&memory, "x", &json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b"})).await.expect("peered");
    assert!(memory.tags(&end("vpc-0000000a")).is_empty(), "nor is its status written");
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:dns", "on");
    let started = start(&memory, &machine).await;
    assert!(started.executions.is_empty() && started.teardowns.is_empty(), "{started:?}");
}

#[tokio::test]
async fn teardown_on_untag_can_be_switched_off() {
    let (memory, machine) = (network(), Machines::default());
    peered(&memory).await;
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    let mut keeping = stack();
    keeping.teardown_on_untag = false;
    let hint = task("vpc-0000000a", TAGS);
    let started = start_as(&memory, &machine, &keeping, hint).await.expect("started");
    assert!(started.executions.is_empty() && started.teardowns.is_empty(), "{started:?}");
}

#[tokio::test]
async fn a_report_of_the_machines_starts_only_what_it_can_have_missed() {
    let (memory, machine) = (network(), Machines::default());
    peered(&memory).await;
    let hint = async |change| {
        let hint = task("vpc-0000000a", change);
        start_as(&memory, &machine, &stack(), hint).await.expect("started")
    };
    let other = || end("vpc-0000000b");
    let still_requested = hint(VpcChange::SetUp(other())).await;
    assert!(still_requested.executions.is_empty() && still_requested.teardowns.is_empty(), "or it would never end");
    assert_eq!(hint(VpcChange::TornDown(other())).await.executions.len(), 1, "requested again meanwhile");
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    assert_eq!(hint(VpcChange::SetUp(other())).await.teardowns.len(), 1, "no longer requested when it came up");
    let not_requested = hint(VpcChange::TornDown(other())).await;
    assert!(not_requested.executions.is_empty() && not_requested.teardowns.is_empty());
}

/// When the tag is removed just after it started an execution, there is nothing to tear down yet.
#[tokio::test]
async fn what_tags_requested_and_no_longer_do_once_it_is_made_is_torn_down() {
    let (memory, machine) = (network(), Machines::default());
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    for (peer, requested_by, torn_down) in [("vpc-0000000b", "tags", 1), ("vpc-0000000c", "execution", 0)] {
        let request = json!({"VpcId": "vpc-0000000a", "PeerVpcId": peer, "RequestedBy": requested_by});
        execute(&memory, "an ARN", &request).await.expect("peered");
        let hint = task("vpc-0000000a", VpcChange::SetUp(end(peer)));
        let started = start_as(&memory, &machine, &stack(), hint).await.expect("started");
        assert_eq!(started.teardowns.len(), torn_down, "{requested_by}");
    }
}

#[tokio::test]
async fn an_unread_tag_is_not_a_removed_one() {
    let (memory, machine) = (network(), Machines::default());
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:peer", "vpc-0000000a");
    peered(&memory).await;
    // The hint's own VPC, its connections on either side, and then the peer that requests it.
    let denied = Faulty::once(&memory, 2, When::Before, CallErrorKind::Denied);
    let hint = task("vpc-0000000a", TAGS);
    let started = start_as(&denied, &machine, &stack(), hint).await.expect("started");
    assert!(started.executions.is_empty() && started.teardowns.is_empty(), "{started:?}");
}
