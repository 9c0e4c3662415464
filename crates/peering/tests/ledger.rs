//! What is ours is what the ledger says: ownership, the lease, roll-back, and a ledger that is empty, broken or unreachable.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{Connection, Status};
use isthmus_peering::ledger::{LedgerItem, PairKey};
use isthmus_peering::ports::CallErrorKind;
use isthmus_testing::pair::{CALLS, assert_peered, end, ends, network, request, routes_to_peerings, swapped};
use isthmus_testing::{
    Faulty, INSTALLATION, Memory, When, clean_up, execute, execute_with_time_for, kill_after, tear_down,
};
use serde_json::{Value, json};
use std::rc::Rc;

fn key() -> PairKey {
    PairKey::of([&ends().0, &ends().1])
}

fn item(memory: &Memory) -> LedgerItem {
    memory.ledger.get(&key()).expect("an item")
}

fn with(fields: Value) -> Value {
    let mut input = request();
    let (Value::Object(input_fields), Value::Object(fields)) = (&mut input, fields) else { panic!("objects") };
    input_fields.extend(fields);
    input
}

fn live(memory: &Memory) -> Vec<Connection> {
    memory.connections().into_iter().filter(|connection| connection.status.is_live()).collect()
}

#[tokio::test]
async fn a_key_is_the_same_whichever_end_comes_first_and_reads_back() {
    let (one, other) = ends();
    assert_eq!(PairKey::of([&one, &other]), PairKey::of([&other, &one]));
    let text = key().to_string();
    assert_eq!(text, "vpc-0000000a@eu-west-1@123456789012|vpc-0000000b@us-east-1@123456789012");
    assert_eq!(text.parse::<PairKey>().expect("a key"), key());
}

#[tokio::test]
async fn a_first_run_writes_three_times_and_a_second_one_twice() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    assert_eq!(memory.ledger.writes(), 3, "take, intend, complete");
    execute(&memory, "second", &swapped()).await.expect("peered");
    assert_eq!(memory.ledger.writes(), 3 + 2, "take, complete");
    execute(&memory, "dry", &with(json!({"DryRun": true}))).await.expect("planned");
    assert_eq!(memory.ledger.writes(), 3 + 2, "a dry run takes no lease");
}

#[tokio::test]
async fn the_item_says_whose_connection_it_is_which_routes_are_ours_and_who_asked() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    let item = item(&memory);
    assert_eq!(item.own_connection(), Some(live(&memory)[0].id()));
    let recorded = [ends().0, ends().1].map(|end| item.routes_at(&end).deletions().count());
    assert_eq!(recorded, [4, 2]);
    assert!(item.holder.is_none() && item.makers.is_empty() && item.pending_a.is_empty() && item.pending_b.is_empty());
    assert!(item.asked_by.expect("somebody").execution.is_some());
    tear_down(&memory, "the end", &request()).await.expect("torn down");
    let item = self::item(&memory);
    assert!(item.removed.is_some() && item.expires > Some(1_800_000_000) && item.connection.is_none());
    assert!(ends_are_unrouted(&memory) && item.routes_a.is_empty() && item.routes_b.is_empty());
}

fn ends_are_unrouted(memory: &Memory) -> bool {
    routes_to_peerings(memory) == 0
}

/// A member tags its own side of a connection that was made by hand, as if the hub had made it.
#[tokio::test]
async fn a_forged_tag_makes_nothing_ours() {
    let memory = network();
    let (one, other) = ends();
    let id = memory.add_connection(&one, &other, Status::Active);
    for end in [&one, &other] {
        memory.tag_side(end, &id, "isthmus:stack", INSTALLATION);
        memory.tag_side(end, &id, "isthmus:execution", "an execution of long ago");
    }
    let (error, cause) = tear_down(&memory, "forged", &request()).await.expect_err("not ours");
    assert_eq!((error.as_str(), &cause["VpcPeeringConnectionId"]), ("NotOurs", &json!(id)));
    execute(&memory, "adopts", &request()).await.expect("peered");
    let output = tear_down(&memory, "released", &request()).await.expect("released");
    assert_eq!(output["Status"], "released");
    assert_eq!((live(&memory).len(), routes_to_peerings(&memory)), (1, 0), "our routes go, the connection stays");
}

#[tokio::test]
async fn the_other_account_s_side_has_tags_of_its_own() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    let id = live(&memory)[0].id().clone();
    memory.tag_side(&ends().0, &id, "team", "payments");
    let seen_from = |end| memory.connections_seen_from(&end)[0].tags.contains_key("team");
    assert!(seen_from(ends().0) != seen_from(ends().1));
}

#[tokio::test]
async fn what_lost_its_tag_gets_it_again_and_can_be_torn_down() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    memory.clear_connection_tags();
    execute(&memory, "second", &request()).await.expect("peered");
    assert_eq!(live(&memory)[0].tags["isthmus:stack"], INSTALLATION);
    memory.clear_connection_tags();
    tear_down(&memory, "the end", &request()).await.expect("torn down");
    assert!(live(&memory).is_empty());
}

#[tokio::test]
async fn with_an_empty_ledger_everything_is_adopted_until_somebody_takes_it_over() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    memory.ledger.clear();
    assert_eq!(tear_down(&memory, "lost", &request()).await.expect_err("unknown").0, "NotOurs");
    let output = execute(&memory, "second", &request()).await.expect("peered");
    assert_eq!(output["Created"], false);
    assert_eq!(item(&memory).own_connection(), None);
    assert_eq!(tear_down(&memory, "released", &request()).await.expect("released")["Status"], "released");
    assert_eq!(routes_to_peerings(&memory), 6, "nothing is deleted that can't be proved ours");
    execute(&memory, "third", &with(json!({"TakeOver": true}))).await.expect("peered");
    assert_eq!(tear_down(&memory, "the end", &request()).await.expect("torn down")["Status"], "deleted");
    assert!(live(&memory).is_empty());
}

/// The id is known since the connection was requested, but EC2 shows it to nobody yet.
#[tokio::test]
async fn a_roll_back_finds_what_is_not_visible_yet() {
    for invisible_for in 0..8 {
        let memory = network();
        memory.hide_new_connections(invisible_for);
        memory.deny_accepter_tags();
        let (error, cause) = execute(&memory, "denied", &request()).await.expect_err("denied");
        assert_eq!(error, "AccessDenied", "{cause}");
        assert!(live(&memory).is_empty(), "invisible for {invisible_for} calls: {cause}");
    }
}

#[tokio::test]
async fn what_never_becomes_visible_is_named() {
    let memory = network();
    memory.hide_new_connections(usize::MAX);
    memory.deny_accepter_tags();
    let (error, cause) = execute(&memory, "denied", &request()).await.expect_err("denied");
    let id = memory.connections()[0].id().to_string();
    assert_eq!(error, "AccessDenied");
    assert!(cause["RolledBack"]["LeftBehind"][0].as_str().is_some_and(|left| left.contains(&id)), "{cause}");
    assert!(!item(&memory).makers.is_empty(), "the next one finds it");
}

/// EC2 may check permissions, which depend on the connection's VPCs, before it knows the connection there.
#[tokio::test]
async fn a_denial_before_the_connection_is_visible_is_too_early() {
    let memory = network();
    memory.hide_new_connections(1);
    // Five reads and the creation, and then the tags of the other side.
    let denied = Faulty::once(&memory, 6, When::Before, CallErrorKind::Denied);
    execute(&denied, "denied once", &request()).await.expect("peered");
    let visible = network();
    let denied = Faulty::once(&visible, 6, When::Before, CallErrorKind::Denied);
    assert_eq!(execute(&denied, "denied", &request()).await.expect_err("denied").0, "AccessDenied");
}

/// Killed right after the request: nobody knows the id, and EC2 shows it late.
#[tokio::test]
async fn a_clean_up_finds_a_connection_whose_id_nobody_knows() {
    let memory = Rc::new(network());
    memory.hide_new_connections(3);
    let killed = memory.clone();
    let dead = async move {
        let _killed = execute(&*killed, "dead", &request()).await;
    };
    kill_after(8, Box::pin(dead));
    assert_eq!(live(&memory).len(), 1, "it was made");
    memory.ledger.close("dead", 100);
    clean_up(&*memory, "clean-up", "dead", &request()).await.expect_err("a report");
    assert!(live(&memory).is_empty() && item(&memory).holder.is_none());
}

#[tokio::test]
async fn an_unreachable_ledger_leaves_nothing_half_made() {
    let memory = network();
    memory.ledger.fail(true);
    let (error, cause) = execute(&memory, "unlucky", &request()).await.expect_err("no ledger");
    let code = "ProvisionedThroughputExceededException";
    assert_eq!((error.as_str(), &cause["Code"]), ("ServiceFault", &json!(code)));
    assert_eq!(memory.take_calls(), [""; 0]);
    memory.ledger.fail(false);
    execute(&memory, "lucky", &request()).await.expect("peered");
    assert_peered(&memory);
}

#[tokio::test]
async fn an_item_that_can_t_be_used_refuses_its_pair_by_name_and_no_other() {
    for (attribute, value, code) in [("V", json!(2), "NewerItem"), ("RoutesA", json!("nonsense"), "InvalidItem")] {
        let memory = network();
        let third = end("vpc-0000000c", "us-east-1");
        memory.add_vpc(&third, &["10.3.0.0/16"], 1);
        memory.ledger.set(&key(), attribute, value);
        let (error, cause) = execute(&memory, "refused", &request()).await.expect_err(code);
        assert_eq!((error.as_str(), &cause["Code"]), ("ServiceFault", &json!(code)));
        assert_eq!(memory.take_calls(), [""; 0]);
        let other = json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000c"});
        execute(&memory, "served", &other).await.expect("another pair");
    }
}

#[tokio::test]
async fn killed_at_any_call_the_next_one_takes_over_and_nothing_is_lost() {
    for (routes, last) in [(usize::MAX, CALLS), (1, CALLS * 3)] {
        for calls in 0..last + 6 {
            let memory = Rc::new(network());
            let killed = memory.clone();
            let dead = async move {
                let _killed = execute_with_time_for(routes, &*killed, "dead", &request()).await;
            };
            kill_after(calls, Box::pin(dead));
            memory.ledger.close("dead", 100);
            execute(&*memory, "next", &swapped()).await.expect("peered");
            assert_peered(&memory);
            assert_eq!(item(&memory).own_connection(), Some(live(&memory)[0].id()), "call {calls}");
            tear_down(&*memory, "the end", &request()).await.expect("torn down");
            assert!(live(&memory).is_empty() && routes_to_peerings(&memory) == 0, "call {calls}");
        }
    }
}

/// One is killed after it wrote routes; the next one requests fewer, and is killed too.
#[tokio::test]
async fn what_two_killed_ones_wrote_is_undone() {
    let fewer = with(json!({"Routes": {"Tables": "none"}}));
    for (first, second) in (8..CALLS).flat_map(|first| (0..CALLS + 6).map(move |second| (first, second))) {
        let memory = Rc::new(network());
        for (calls, name, request) in [(first, "dead", request()), (second, "dead too", fewer.clone())] {
            let killed = memory.clone();
            kill_after(calls, Box::pin(async move { execute(&*killed, name, &request).await.map_or((), drop) }));
            memory.ledger.close(name, 100);
        }
        let Some(holder) = item(&memory).holder else { continue };
        clean_up(&*memory, "clean-up", &holder, &request()).await.expect_err("a report");
        let is_settled = item(&memory).asked_by.is_some();
        assert!(is_settled || live(&memory).is_empty() && routes_to_peerings(&memory) == 0, "calls {first}, {second}");
    }
}
