//! An event of a member acts for its own account alone.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_testing::execute;
use isthmus_testing::owners::{HUB, MEMBER, request, two};
use isthmus_testing::pair::routed;
use isthmus_testing::sweeping::sweep_and_run;
use serde_json::json;

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
