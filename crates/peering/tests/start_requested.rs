//! From an event that requests a peering to an execution: who may request what, and under which name it is started.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::consent::RequestedBy;
use isthmus_peering::error::Error;
use isthmus_peering::ports::Executions;
use isthmus_peering::request::{PeeringInput, PeeringRequest};
use isthmus_peering::selection::TableSelection;
use isthmus_peering::steps::{Requested, RequestedTask, start_requested};
use isthmus_testing::{Machines, Unavailable, stack};
use serde_json::{Value, json};

const HUB: &str = "123456789012";
const MEMBER: &str = "222222222222";
const STRANGER: &str = "999999999999";
const EVENT: &str = "0c0ffee0-0000-4000-8000-000000000002";

/// The hub's VPC and a member's.
fn request() -> Value {
    json!({
        "VpcId": "vpc-0000000a", "OwnerId": HUB, "Routes": {"Tables": "main"},
        "PeerVpcId": "vpc-0000000b", "PeerOwnerId": MEMBER, "PeerRegion": "eu-west-1", "PeerRoutes": {"Tables": "none"},
        "Name": "a name", "Tags": {"team": "payments"}, "DnsResolution": true,
    })
}

async fn ask(machine: &impl Executions, sender: &str, detail: &Value) -> Result<Requested, Error> {
    let task = RequestedTask { sender: sender.to_owned(), event_id: EVENT.to_owned(), request: detail.clone() };
    start_requested(machine, &stack(), task).await
}

async fn started(sender: &str, detail: &Value) -> (String, PeeringInput) {
    let machine = Machines::default();
    let requested = ask(&machine, sender, detail).await.expect("an answer");
    let [(name, input)] = machine.peerings.take().into_iter().collect::<Vec<_>>().try_into().expect("one execution");
    assert_eq!(requested, Requested { execution: Some(name.clone()), invalid: None });
    (name, input)
}

async fn refused(sender: &str, detail: &Value) -> String {
    let machine = Machines::default();
    let requested = ask(&machine, sender, detail).await.expect("no error, or EventBridge would ask again");
    assert!(machine.peerings.borrow().is_empty() && requested.execution.is_none(), "{requested:?}");
    requested.invalid.expect("a reason")
}

#[tokio::test]
async fn the_request_of_the_first_end_s_owner_is_passed_on() {
    let (name, input) = started(HUB, &request()).await;
    assert_eq!(name, format!("event-0000000a-0000000b-{EVENT}"));
    let written = PeeringRequest::parse(&serde_json::to_value(&input).expect("JSON"), &stack()).expect("a request");
    let expected = PeeringRequest::parse(&request(), &stack()).expect("a request");
    assert_eq!(written, PeeringRequest { requested_by: RequestedBy::Event, ..expected });
}

#[tokio::test]
async fn the_end_of_the_sender_is_named_first() {
    let (name, input) = started(MEMBER, &request()).await;
    assert_eq!(name, format!("event-0000000b-0000000a-{EVENT}"));
    assert_eq!((input.vpc_id.as_str(), input.peer_vpc_id.as_str()), ("vpc-0000000b", "vpc-0000000a"));
    assert_eq!(input.region.expect("written out").as_str(), "eu-west-1");
    assert_eq!(input.owner_id.expect("written out").as_str(), MEMBER);
    assert_eq!(
        (input.routes.tables, input.peer_routes.tables),
        (TableSelection::None, TableSelection::Main),
        "each end keeps its own tables"
    );
    assert_eq!((input.name.as_deref(), input.dns_resolution), (Some("a name"), true));
}

#[tokio::test]
async fn who_owns_neither_end_starts_nothing() {
    for sender in [STRANGER, "", "12345678901", "123456789012 ", "arn:aws:iam::123456789012:root"] {
        let refusal = refused(sender, &request()).await;
        assert!(refusal.contains("owns neither vpc-0000000a in us-east-1 of 123456789012"), "{refusal}");
    }
}

#[tokio::test]
async fn an_end_that_names_no_owner_is_the_stack_s_and_not_the_sender_s() {
    let detail = json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b"});
    let (_, input) = started(HUB, &detail).await;
    assert_eq!(input.owner_id.expect("written out").as_str(), HUB);
    refused(MEMBER, &detail).await;
}

#[tokio::test]
async fn an_event_can_t_claim_to_be_something_else() {
    for claim in ["tags", "execution", "event"] {
        let mut detail = request();
        detail["RequestedBy"] = json!(claim);
        let (_, input) = started(MEMBER, &detail).await;
        assert_eq!(input.requested_by, RequestedBy::Event, "{claim}");
    }
}

#[tokio::test]
async fn a_repeated_delivery_starts_nothing_new() {
    let machine = Machines::default();
    ask(&machine, HUB, &request()).await.expect("started");
    ask(&machine, HUB, &request()).await.expect("started");
    assert_eq!(machine.peerings.borrow().len(), 1);
}

#[tokio::test]
async fn an_invalid_request_is_answered_and_not_tried_again() {
    for (field, value) in [
        ("RoleArn", json!("arn:aws:iam::222222222222:role/admin")),
        ("MemberRoleName", json!("admin")),
        ("Endpoint", json!("http://169.254.169.254/")),
        ("VpcId", json!("arn:aws:ec2:us-east-1:123456789012:vpc/vpc-0000000a")),
        ("OwnerId", json!("arn:aws:iam::123456789012:root")),
        ("Region", json!("us-east-1.attacker.example")),
        ("PeerVpcId", json!("vpc-0000000a")),
    ] {
        let mut detail = request();
        detail[field] = value;
        let refusal = refused(HUB, &detail).await;
        assert!(refusal.contains(field), "{field}: {refusal}");
    }
    for detail in [json!(null), json!([]), json!("VpcId"), json!({})] {
        refused(HUB, &detail).await;
    }
}

#[tokio::test]
async fn a_machine_that_can_t_be_started_now_is_tried_again() {
    ask(&Unavailable, HUB, &request()).await.expect_err("EventBridge will ask again");
}
