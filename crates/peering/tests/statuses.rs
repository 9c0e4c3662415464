//! Which VPC gets a status of which peering, what it says, and what is trimmed.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::pair::{end, ends, network, request};
use isthmus_testing::sweeping::{run_started, sweep_and_run};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Machines, Memory, execute, stack, tear_down};
use serde_json::json;

fn status(memory: &Memory, of: &End, peer: &str) -> String {
    memory.tags(of).get(&format!("isthmus:status:{peer}")).cloned().unwrap_or_default()
}

fn here(number: usize) -> End {
    end(&format!("vpc-{number:08x}"), "us-east-1")
}

#[tokio::test]
async fn only_a_vpc_whose_tags_ask_or_accept_gets_one() {
    let memory = network();
    let (one, other) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    sweep_and_run(&memory).await;
    assert!(status(&memory, &one, "vpc-0000000a").starts_with("active pcx-"));
    assert!(memory.tags(&other).is_empty());
    memory.tag_vpc(&other, "isthmus:accept", "vpc-0000000b");
    sweep_and_run(&memory).await;
    assert!(status(&memory, &other, "vpc-0000000b").starts_with("active pcx-"));
    memory.drop_tag(&other, "isthmus:accept");
    sweep_and_run(&memory).await;
    assert!(memory.tags(&other).is_empty());
}

/// `vpc-a@there vpc-a`: the second is the same id where there is none.
#[tokio::test]
async fn a_peer_named_in_the_wrong_place_does_not_disturb_the_right_one() {
    let memory = network();
    let (one, _) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1 vpc-0000000a");
    for round in 0..4 {
        let machines = Machines::default();
        start_as(&memory, &machines, &stack(), task_about(&one)).await.expect("started");
        run_started(&memory, &machines).await;
        let swept = sweep_and_run(&memory).await;
        assert!(status(&memory, &one, "vpc-0000000a").starts_with("active pcx-"), "{round}: {:?}", memory.tags(&one));
        let invalid = status(&memory, &one, "invalid");
        assert!(invalid.contains("vpc-0000000a in us-east-1 of 123456789012 does not exist there"), "{invalid}");
        assert_eq!((swept.refused.len(), swept.started.len()), (1, 0), "{round}: {swept:?}");
    }
}

/// The same of an account that is none of the stack's, and of an external one.
#[tokio::test]
async fn a_word_with_a_wrong_account_does_not_disturb_the_right_one() {
    for account in ["444444444444", "555555555555"] {
        let memory = network();
        let (one, _) = ends();
        memory.tag_vpc(&one, "isthmus:peer", &format!("vpc-0000000a@eu-west-1@{account} vpc-0000000a@eu-west-1"));
        for round in 0..4 {
            let machines = Machines::default();
            start_as(&memory, &machines, &stack(), task_about(&one)).await.expect("started");
            run_started(&memory, &machines).await;
            let swept = sweep_and_run(&memory).await;
            let told = status(&memory, &one, "vpc-0000000a");
            assert!(told.starts_with("active pcx-"), "{account}, {round}: {:?}", memory.tags(&one));
            let invalid = status(&memory, &one, "invalid");
            assert!(
                invalid.contains(&format!("vpc-0000000a in eu-west-1 of {account} does not exist there")),
                "{invalid}"
            );
            assert_eq!((swept.refused.len(), swept.started.len()), (1, 0), "{account}, {round}: {swept:?}");
        }
        assert_eq!(memory.connections().len(), 1, "{account}: nothing was requested there");
    }
}

/// B names A rightly, and A names B without its Region.
#[tokio::test]
async fn a_wrong_word_at_one_end_does_not_disturb_the_right_one_at_the_other() {
    let memory = network();
    let (one, other) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a");
    memory.tag_vpc(&other, "isthmus:peer", "vpc-0000000b@us-east-1");
    sweep_and_run(&memory).await;
    for _ in 0..3 {
        sweep_and_run(&memory).await;
        assert!(status(&memory, &one, "vpc-0000000a").starts_with("active pcx-"), "{:?}", memory.tags(&one));
        assert!(status(&memory, &one, "invalid").contains("does not exist there"));
        assert!(status(&memory, &other, "vpc-0000000b").starts_with("active pcx-"));
    }
}

/// Two pairs of the same ids have executions of different names, or the second start would pass for a repeat.
#[tokio::test]
async fn pairs_with_the_same_ids_have_executions_of_their_own() {
    let memory = network();
    let (one, _) = ends();
    memory.remove_vpc(&ends().1);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1 vpc-0000000a");
    let machines = Machines::default();
    let started = start_as(&memory, &machines, &stack(), task_about(&one)).await.expect("started");
    assert_eq!((started.executions.len(), machines.peerings.borrow().len()), (2, 2), "{started:?}");
}

/// A pipeline's request fails; nothing is wrong with the pair.
#[tokio::test]
async fn a_pipeline_s_mistake_is_not_the_status_of_a_healthy_pair() {
    let memory = network();
    let (one, other) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory.tag_vpc(&other, "isthmus:accept", "vpc-0000000b");
    sweep_and_run(&memory).await;
    let before = [memory.tags(&one), memory.tags(&other)];
    let mut mistaken = request();
    mistaken["Routes"] = json!({"Destinations": ["10.99.0.0/16"]});
    let (error, _) = execute(&memory, "a pipeline's", &mistaken).await.expect_err("mistyped");
    assert_eq!((error.as_str(), [memory.tags(&one), memory.tags(&other)]), ("InvalidRequest", before.clone()));
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.in_place, swept.started.len()), (1, 0), "{swept:?}");
    assert_eq!([memory.tags(&one), memory.tags(&other)], before);
}

#[tokio::test]
async fn a_selection_that_matches_nothing_says_so_in_the_status() {
    let memory = network();
    let (one, _) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory.tag_vpc(&one, "isthmus:routes", "tag:tier=privat");
    sweep_and_run(&memory).await;
    let first = status(&memory, &one, "vpc-0000000a");
    assert!(
        first.contains("; warning: no route table carries tier=privat (TableTags): no route is written"),
        "{first}"
    );
    sweep_and_run(&memory).await;
    assert_eq!(status(&memory, &one, "vpc-0000000a"), first, "the sweep says the same");
    memory.tag_table(&one, 0, "tier", "privat");
    sweep_and_run(&memory).await;
    sweep_and_run(&memory).await;
    assert!(!status(&memory, &one, "vpc-0000000a").contains("warning"));
}

/// DNS hostnames are off: routed all the same, and the status keeps saying so.
#[tokio::test]
async fn a_warning_about_dns_stays_until_it_is_mended() {
    let memory = network();
    let (one, _) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory.tag_vpc(&one, "isthmus:dns", "on");
    sweep_and_run(&memory).await;
    for _ in 0..2 {
        let now = status(&memory, &one, "vpc-0000000a");
        assert!(now.contains("; warning: DNS resolution is off on the side of"), "{now}");
        sweep_and_run(&memory).await;
    }
    memory.turn_on_dns_hostnames();
    sweep_and_run(&memory).await;
    assert!(!status(&memory, &one, "vpc-0000000a").contains("warning"));
}

#[tokio::test]
async fn a_frozen_peering_says_so_at_the_other_end() {
    let memory = network();
    let (one, other) = ends();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    sweep_and_run(&memory).await;
    memory.tag_vpc(&other, "isthmus:exclude", "true");
    memory.drop_routes(&one, "10.2.0.0/16");
    memory.take_calls();
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.refused[0].error.as_str(), swept.started.len()), ("Excluded", 0));
    assert_eq!(Memory::writes(&memory.take_calls()), ["tag_vpc"], "nothing but that status");
    let now = status(&memory, &one, "vpc-0000000a");
    assert!(now.starts_with("active pcx-") && now.contains("; warning: vpc-0000000a is excluded by its tag"), "{now}");
    assert_eq!(memory.tags(&other).len(), 1);
    memory.drop_tag(&one, "isthmus:peer");
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.started.len(), memory.connections().iter().filter(|c| c.status.is_live()).count()), (0, 1));
    let (error, cause) = tear_down(&memory, "by hand", &request()).await.expect_err("frozen");
    assert_eq!((error.as_str(), cause["VpcId"].as_str()), ("Excluded", Some("vpc-0000000a")));
}

/// An event of the owner of one end peered the pair, with the other's consent. That a tag of the other end names the first,
/// whose tags say nothing, is no missing consent.
#[tokio::test]
async fn what_an_event_made_lacks_no_consent_at_the_next_sweep() {
    let (one, mut other) = (here(1), here(2));
    other.owner_id = "222222222222".parse().expect("an account");
    let memory = Memory::default();
    memory.add_vpc(&one, &["10.1.0.0/16"], 1);
    memory.add_vpc(&other, &["10.2.0.0/16"], 1);
    memory.tag_vpc(&one, "isthmus:peer", "vpc-00000002@us-east-1@222222222222");
    let by_event = json!({"VpcId": "vpc-00000002", "OwnerId": "222222222222", "PeerVpcId": "vpc-00000001",
                          "PeerOwnerId": "123456789012", "RequestedBy": "event"});
    execute(&memory, "event-1", &by_event).await.expect("the hub's tag names the sender's VPC");
    for _ in 0..2 {
        let swept = sweep_and_run(&memory).await;
        assert!(swept.started.is_empty() && swept.refused.is_empty() && swept.drift.is_empty(), "{swept:?}");
        let now = status(&memory, &one, "vpc-00000002");
        assert!(now.starts_with("active pcx-"), "{now}");
        assert!(memory.tags(&other).is_empty());
    }
}

fn task_about(end: &End) -> isthmus_peering::steps::StartTask {
    isthmus_peering::steps::StartTask { end: end.clone(), ..task("vpc-00000000", TAGS) }
}
