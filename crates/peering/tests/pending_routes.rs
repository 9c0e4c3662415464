//! What an execution was about to write when it died: the ledger knows it, so that whoever comes next undoes it.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_peering::ports::CallErrorKind;
use isthmus_testing::pair::{CALLS, ends, network, peered, request, routes_to_peerings};
use isthmus_testing::{Faulty, Memory, When, execute, kill_after, tear_down};
use serde_json::{Value, json};
use std::rc::Rc;

/// Runs an execution that is killed after so many calls. Answers whether it had not ended before.
fn kill(memory: &Rc<Memory>, calls: usize, execution: &'static str, request: Value) -> bool {
    let network = memory.clone();
    let running = async move { execute(&*network, execution, &request).await.map_or((), drop) };
    let is_killed = kill_after(calls, Box::pin(running));
    memory.ledger.close(execution, 100);
    is_killed
}

/// Only the tables of the other end get a route to it.
#[tokio::test]
async fn whichever_end_gets_a_block_its_routes_are_recorded_before_the_first_is_written() {
    for end in [ends().0, ends().1] {
        for calls in 0.. {
            let memory = Rc::new(peered().await);
            memory.add_block(&end, "10.3.0.0/16");
            let is_killed = kill(&memory, calls, "dead", request());
            tear_down(&*memory, "the end", &request()).await.expect("torn down");
            assert_eq!(routes_to_peerings(&memory), 0, "{end}, killed after {calls} calls");
            if !is_killed {
                break;
            }
        }
    }
}

/// The first one dies when it has routed one table. The next one asks for another table, and fails.
#[tokio::test]
async fn what_a_dead_execution_wrote_is_undone_together_with_what_the_next_one_wrote() {
    let main = json!({"Tables": "main"});
    let other = json!({"TableTags": {"tier": "app"}});
    for (end, field) in [(ends().0, "Routes"), (ends().1, "PeerRoutes")] {
        let with = |selection: &Value| {
            let mut request = request();
            request[field] = selection.clone();
            request
        };
        for (killed_after, denied) in (8..CALLS).flat_map(|calls| (0..CALLS).map(move |denied| (calls, denied))) {
            let memory = Rc::new(network());
            memory.tag_table(&end, 1, "tier", "app");
            kill(&memory, killed_after, "dead", with(&main));
            let failing = Faulty::once(&*memory, denied, When::Before, CallErrorKind::Denied);
            if execute(&failing, "next", &with(&other)).await.is_ok() {
                tear_down(&*memory, "the end", &request()).await.expect("torn down");
            }
            let what = format!("{field}: killed after {killed_after} calls, and call {denied} of the next one denied");
            assert_eq!(routes_to_peerings(&memory), 0, "{what}");
            assert!(memory.connections().iter().all(|connection| !connection.status.is_live()), "{what}");
        }
    }
}
