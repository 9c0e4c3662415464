//! An event of a member acts for its own account alone.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::pair::routed;
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::{Memory, execute};
use serde_json::{Value, json};

const HUB: &str = "123456789012";
const MEMBER: &str = "222222222222";

fn end(id: &str, owner: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": "us-east-1", "OwnerId": owner})).expect("an end")
}

fn request(end: &End, peer: &End, requested_by: &str) -> Value {
    json!({"VpcId": end.vpc_id, "OwnerId": end.owner_id, "PeerVpcId": peer.vpc_id, "PeerOwnerId": peer.owner_id,
           "RequestedBy": requested_by})
}

/// A VPC of the hub, and one of that account, each with two tables.
fn two(owner: &str) -> (Memory, End, End) {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", owner));
    let memory = Memory::default();
    memory.add_vpc(&one, &["10.1.0.0/16"], 2);
    memory.add_vpc(&other, &["10.2.0.0/16"], 2);
    (memory, one, other)
}

/// What an event asked for goes with the other owner's consent; what a pipeline asked for stays.
#[tokio::test]
async fn an_event_is_no_execution_of_the_hub() {
    for (requested_by, live) in [("event", 0), ("execution", 1)] {
        let (memory, one, other) = two(MEMBER);
        memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000b@us-east-1@222222222222");
        memory.tag_vpc(&other, "isthmus:accept", HUB);
        sweep_and_run(&memory).await;
        execute(&memory, "one", &request(&other, &one, requested_by)).await.expect("asked for as well");
        memory.drop_tag(&one, "isthmus:peer");
        for _ in 0..3 {
            sweep_and_run(&memory).await;
        }
        let left = memory.connections().iter().filter(|connection| connection.status.is_live()).count();
        assert_eq!(left, live, "{requested_by}");
    }
}

/// Nor does it replace what a pipeline selected at the hub's end.
#[tokio::test]
async fn an_event_leaves_the_other_end_s_selection() {
    let (memory, one, other) = two(MEMBER);
    memory.tag_vpc(&one, "isthmus:accept", MEMBER);
    memory.tag_vpc(&other, "isthmus:accept", HUB);
    execute(&memory, "a pipeline's", &request(&one, &other, "execution")).await.expect("peered");
    let mut event = request(&other, &one, "event");
    event["PeerRoutes"] = json!({"Tables": "none"});
    event["Routes"] = json!({"Tables": "main"});
    execute(&memory, "an event's", &event).await.expect("its own end alone");
    assert_eq!((routed(&memory, &one).len(), routed(&memory, &other).len()), (2, 1));
}
