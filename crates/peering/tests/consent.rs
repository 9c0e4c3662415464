//! Who has to consent to a peering, at every entry point, and which status is written where consent is missing.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ids::AccountId;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{CreateTask, create_request};
use isthmus_testing::pair::routes_to_peerings;
use isthmus_testing::{Memory, context, execute, record, stack};
use serde_json::{Value, json};

const HUB: &str = "123456789012";
const MEMBER: &str = "222222222222";
const STRANGER: &str = "333333333333";

fn end(id: &str, owner: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": "us-east-1", "OwnerId": owner})).expect("an end")
}

fn request(end: &End, peer: &End) -> Value {
    json!({"VpcId": end.vpc_id, "Region": end.region, "OwnerId": end.owner_id,
           "PeerVpcId": peer.vpc_id, "PeerRegion": peer.region, "PeerOwnerId": peer.owner_id})
}

/// The request of an execution that tags start.
fn by_tags(end: &End, peer: &End) -> Value {
    let mut request = request(end, peer);
    request["RequestedBy"] = json!("tags");
    request
}

fn network(ends: [&End; 2]) -> Memory {
    let memory = Memory::default();
    memory.add_vpc(ends[0], &["10.1.0.0/16"], 1);
    memory.add_vpc(ends[1], &["10.2.0.0/16"], 1);
    memory
}

/// The end whose consent is missing, or none, where somebody started an execution.
async fn refused(memory: &Memory, stack: &Stack, end: &End, peer: &End) -> Option<String> {
    refused_as(memory, stack, end, peer, "execution").await
}

async fn refused_as(memory: &Memory, stack: &Stack, end: &End, peer: &End, requested_by: &str) -> Option<String> {
    for dry_run in [true, false] {
        let mut request = request(end, peer);
        request["DryRun"] = json!(dry_run);
        request["RequestedBy"] = json!(requested_by);
        let task: CreateTask = serde_json::from_value(
            json!({"Request": request, "Execution": "an ARN", "Attempt": 0, "Time": "now", "Started": 1_800_000_000_000_i64}),
        )
        .expect("a task");
        if let Err(error) = create_request(context(memory, stack), task).await {
            let (name, cause) = error.name_and_cause();
            assert_eq!(name, "PeerNotTrusted", "{cause:?}");
            assert!(memory.connections().is_empty() && routes_to_peerings(memory) == 0, "before anything is made");
            return Some(cause["VpcId"].as_str().expect("its id").to_owned());
        }
    }
    None
}

#[tokio::test]
async fn inside_one_account_an_execution_is_permission_enough() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", HUB));
    assert_eq!(refused(&network([&one, &other]), &stack(), &one, &other).await, None);
}

#[tokio::test]
async fn across_accounts_the_other_end_has_to_consent_by_a_tag_of_its_own() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    for (consents, tag, value) in [
        (false, "isthmus:dns", "on"),
        (true, "isthmus:accept", HUB),
        (true, "isthmus:accept", "vpc-0000000a"),
        (true, "isthmus:accept", "333333333333 vpc-0000000a"),
        (true, "isthmus:peer", "vpc-0000000a@us-east-1@123456789012"),
        (false, "isthmus:accept", MEMBER),
        (false, "isthmus:accept", "vpc-0000000b"),
        (false, "isthmus:peer", "vpc-0000000a"), // one of its own account
        (false, "isthmus:peer", "vpc-0000000a@eu-west-1@123456789012"),
        (false, "isthmus:accept", "*"),
        (false, "elsewhere:accept", HUB),
    ] {
        let memory = network([&one, &other]);
        memory.tag_vpc(&other, tag, value);
        let named = refused(&memory, &stack(), &one, &other).await;
        assert_eq!(named, (!consents).then(|| "vpc-0000000b".to_owned()), "{tag}={value}");
    }
}

#[tokio::test]
async fn the_tags_of_one_end_are_no_consent_of_the_other() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    let memory = network([&one, &other]);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@222222222222");
    memory.tag_vpc(&one, "isthmus:accept", MEMBER);
    assert_eq!(refused(&memory, &stack(), &one, &other).await.as_deref(), Some("vpc-0000000b"));
}

#[tokio::test]
async fn an_account_that_the_stack_trusts_needs_no_tag() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    let mut trusting = stack();
    trusting.trusted_accounts = [MEMBER.parse::<AccountId>().expect("an account")].into();
    assert_eq!(refused(&network([&one, &other]), &trusting, &one, &other).await, None);
}

#[tokio::test]
async fn an_execution_never_acts_for_two_accounts_that_are_not_the_stack_s() {
    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", STRANGER));
    let memory = network([&one, &other]);
    memory.tag_vpc(&other, "isthmus:accept", MEMBER);
    assert_eq!(refused(&memory, &stack(), &one, &other).await.as_deref(), Some("vpc-0000000a"));
    memory.tag_vpc(&one, "isthmus:accept", STRANGER);
    assert_eq!(refused(&memory, &stack(), &one, &other).await, None);
}

#[tokio::test]
async fn an_execution_acts_for_the_stack_s_account_whichever_end_it_names_first() {
    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", HUB));
    let memory = network([&one, &other]);
    assert_eq!(refused(&memory, &stack(), &one, &other).await.as_deref(), Some("vpc-0000000b"));
    memory.tag_vpc(&one, "isthmus:accept", HUB);
    assert_eq!(refused(&memory, &stack(), &one, &other).await, None);
}

#[tokio::test]
async fn a_tag_requests_for_its_own_vpc_alone() {
    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", HUB));
    let memory = network([&one, &other]);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@123456789012");
    memory.tag_vpc(&one, "isthmus:accept", HUB);
    let named = refused_as(&memory, &stack(), &one, &other, "tags").await;
    assert_eq!(named.as_deref(), Some("vpc-0000000b"), "the stack's own account has to consent as well");
    memory.tag_vpc(&other, "isthmus:accept", "vpc-0000000a");
    assert_eq!(refused_as(&memory, &stack(), &one, &other, "tags").await, None);
}

#[tokio::test]
async fn a_false_claim_of_tags_grants_nothing() {
    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", STRANGER));
    let memory = network([&one, &other]);
    memory.tag_vpc(&other, "isthmus:accept", MEMBER);
    let named = refused_as(&memory, &stack(), &one, &other, "tags").await;
    assert_eq!(named.as_deref(), Some("vpc-0000000a"), "a pipeline claims that tags request it");

    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", HUB));
    let memory = network([&one, &other]);
    memory.tag_vpc(&one, "isthmus:accept", HUB);
    let named = refused_as(&memory, &stack(), &one, &other, "tags").await;
    assert_eq!(named.as_deref(), Some("vpc-0000000b"), "a member takes the tag off once the execution is started");
}

#[tokio::test]
async fn a_member_s_event_requests_for_its_own_end_and_a_false_claim_grants_nothing() {
    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", HUB));
    let memory = network([&one, &other]);
    memory.tag_vpc(&one, "isthmus:accept", HUB);
    assert_eq!(refused_as(&memory, &stack(), &one, &other, "event").await.as_deref(), Some("vpc-0000000b"));
    memory.tag_vpc(&other, "isthmus:accept", MEMBER);
    assert_eq!(refused_as(&memory, &stack(), &one, &other, "event").await, None);

    let memory = network([&one, &other]);
    memory.tag_vpc(&other, "isthmus:accept", MEMBER);
    assert_eq!(refused_as(&memory, &stack(), &one, &other, "event").await, None);

    let (one, other) = (end("vpc-0000000a", MEMBER), end("vpc-0000000b", STRANGER));
    let memory = network([&one, &other]);
    memory.tag_vpc(&other, "isthmus:accept", MEMBER);
    let named = refused_as(&memory, &stack(), &one, &other, "event").await;
    assert_eq!(named.as_deref(), Some("vpc-0000000a"), "whoever may start executions may claim that");
}

#[tokio::test]
async fn the_status_of_the_asking_vpc_says_which_tag_is_missing() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    let memory = network([&one, &other]);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@222222222222");
    execute(&memory, "x", &by_tags(&one, &other)).await.expect_err("no consent");
    let status = "failed PeerNotTrusted vpc-0000000b of 222222222222 has not consented: its owner has to tag it \
                isthmus:accept=vpc-0000000a (or 123456789012) 2026-11-25T12:00:00.000Z";
    assert_eq!(memory.tags(&one)["isthmus:status:vpc-0000000b"], status);
    assert!(memory.tags(&other).is_empty(), "who refuses gets no tag from every asker");
}

#[tokio::test]
async fn a_vpc_that_its_owner_excluded_is_not_written_to() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", HUB));
    let memory = network([&one, &other]);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b");
    memory.tag_vpc(&other, "isthmus:peer", "vpc-0000000a");
    memory.tag_vpc(&other, "isthmus:exclude", "true");
    execute(&memory, "x", &by_tags(&one, &other)).await.expect_err("excluded");
    assert!(memory.tags(&one)["isthmus:status:vpc-0000000b"].starts_with("failed Excluded vpc-0000000b is excluded"));
    assert_eq!(memory.tags(&other).len(), 2);
}

#[tokio::test]
async fn a_failure_that_concerns_no_tag_writes_no_status() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    let memory = network([&one, &other]);
    let recorded = record(&memory, &request(&one, &other), "PeerNotTrusted", json!({"Message": "no"})).await;
    assert!(recorded.resources.is_empty());
    assert!(memory.tags(&one).is_empty() && memory.tags(&other).is_empty());
}

#[tokio::test]
async fn what_an_execution_makes_without_a_tag_s_consent_is_not_for_tags_to_tear_down() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    let memory = network([&one, &other]);
    memory.tag_vpc(&other, "isthmus:peer", "vpc-0000000a@us-east-1@123456789012"); // to which the hub's VPC never consented
    execute(&memory, "an-operator-s", &request(&one, &other)).await.expect("the hub's own execution");
    assert!(!memory.connections()[0].tags.contains_key("isthmus:requested-by"));
}

/// Without consent nothing is said about the blocks of the other VPC.
#[tokio::test]
async fn consent_comes_before_overlaps() {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", MEMBER));
    let memory = network([&one, &other]);
    memory.add_block(&other, "10.1.128.0/20");
    assert_eq!(refused(&memory, &stack(), &one, &other).await.as_deref(), Some("vpc-0000000b"));
}
