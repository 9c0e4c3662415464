//! What is no consent, though something else consents: a group, or the trust in whoever asks.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ids::AccountId;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::create_request;
use isthmus_testing::owners::{HUB, MEMBER, request, two};
use isthmus_testing::pair::routed;
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::{Memory, context, stack};
use serde_json::json;

/// The end whose consent is missing, where the member's VPC is named first.
async fn refused(memory: &Memory, of_stack: &Stack, [member, hub]: [&End; 2], requested_by: &str) -> Option<String> {
    let task = json!({"Request": request(member, hub, requested_by), "Execution": "an ARN", "Attempt": 0, "Time": "now",
                      "Started": 1_800_000_000_000_i64});
    let task = serde_json::from_value(task).expect("a task");
    let error = create_request(context(memory, of_stack), task).await.err()?;
    let (name, cause) = error.name_and_cause();
    assert_eq!(name, "PeerNotTrusted", "{cause:?}");
    assert!(memory.connections().is_empty());
    Some(cause["VpcId"].as_str().expect("its id").to_owned())
}

/// The stack's owner trusts the member to be peered with, not to peer whomever it names.
#[tokio::test]
async fn whom_the_stack_trusts_still_needs_the_other_owner_s_consent() {
    let (memory, hub, member) = two(MEMBER);
    memory.tag_vpc(&member, "isthmus:peer", &format!("{}@us-east-1@{HUB}", hub.vpc_id));
    let trusting = Stack { trusted_accounts: [MEMBER.parse::<AccountId>().expect("an account")].into(), ..stack() };
    for requested_by in ["tags", "event"] {
        let named = refused(&memory, &trusting, [&member, &hub], requested_by).await;
        assert_eq!(named.as_deref(), Some("vpc-0000000a"), "{requested_by}");
    }
}

/// The groups machine sets up what a group asks for. An event asks for more: which tables, which destinations.
#[tokio::test]
async fn a_group_of_both_is_no_consent_to_an_event() {
    let (memory, hub, member) = two(MEMBER);
    [&hub, &member].into_iter().for_each(|end| memory.tag_vpc(end, "isthmus:group", "payments"));
    let group_accounts = format!("payments:mesh={HUB},{MEMBER}").parse().expect("words");
    let admitting = Stack { group_accounts, ..stack() };
    assert_eq!(refused(&memory, &admitting, [&member, &hub], "event").await.as_deref(), Some("vpc-0000000a"));
    assert_eq!(refused(&memory, &admitting, [&member, &hub], "tags").await, None);
}

#[tokio::test]
async fn consent_that_either_end_takes_back_ends_the_peering() {
    for is_swapped in [false, true] {
        let (memory, hub, member) = two(MEMBER);
        let [asking, consenting] = if is_swapped { [&member, &hub] } else { [&hub, &member] };
        let named = format!("{}@us-east-1@{}", consenting.vpc_id, consenting.owner_id);
        memory.tag_vpc(asking, "isthmus:peer", &named);
        memory.tag_vpc(consenting, "isthmus:accept", asking.owner_id.as_str());
        sweep_and_run(&memory).await;
        assert_eq!(routes_to_peerings_of(&memory, [&hub, &member]), 4);
        memory.drop_tag(consenting, "isthmus:accept");
        sweep_and_run(&memory).await;
        assert_eq!(routes_to_peerings_of(&memory, [&hub, &member]), 0, "{asking} still asks for it");
        assert!(memory.connections().iter().all(|connection| !connection.status.is_live()));
    }
}

fn routes_to_peerings_of(memory: &Memory, ends: [&End; 2]) -> usize {
    ends.into_iter().map(|end| routed(memory, end).len()).sum()
}
