//! An established peering is repaired as far as possible; all or nothing holds for a new one alone.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{ends, foreign, has_foreign, network, peered, request, routed, routes_to_peerings};
use isthmus_testing::{Faulty, Memory, When, execute, execute_with_time_for, tear_down};
use serde_json::{Value, json};

fn actions(output: &Value, action: &str) -> usize {
    let routes = output["Routes"].as_array().expect("routes");
    routes.iter().filter(|route| route["Action"] == action).count()
}

fn warnings(output: &Value) -> String {
    output["Warnings"].to_string()
}

#[tokio::test]
async fn a_foreign_route_is_kept_and_the_rest_is_written() {
    let (one, _) = ends();
    let memory = peered().await;
    memory.drop_routes(&one, "10.2.0.0/16");
    memory.add_route(&one, 1, foreign("10.2.0.0/16"));
    let output = execute(&memory, "the second", &request()).await.expect("repaired");
    assert_eq!((actions(&output, "Kept"), actions(&output, "Created"), actions(&output, "Unchanged")), (1, 1, 4));
    assert!(
        warnings(&output).contains("10.2.0.0/16 to tgw-0123456789abcdef0, which isn't ours: it was kept"),
        "{output}"
    );
    assert!(has_foreign(&memory, &one, 1) && routed(&memory, &one).contains(&(0, "10.2.0.0/16".into())));

    let item = memory.ledger.all().remove(0);
    let table = &memory.tables(&one)[1].id;
    assert!(!item.routes_at(&one).contains(table, "10.2.0.0/16".parse().expect("a block")), "it is not ours any more");
    tear_down(&memory, "a teardown", &request()).await.expect("torn down");
    assert!(has_foreign(&memory, &one, 1) && routes_to_peerings(&memory) == 0);
    let (error, _) = execute(&memory, "anew", &request()).await.expect_err("a new peering is all or nothing");
    assert_eq!((error.as_str(), routes_to_peerings(&memory)), ("RouteConflict", 0));
}

/// At whichever call of a repair somebody else's route appears: it stays, and the repair succeeds.
#[tokio::test]
async fn a_foreign_route_that_appears_during_a_repair_is_kept() {
    let (one, other) = ends();
    let appears = |memory: &Memory| {
        if !memory.tables(&ends().1)[1].routes.iter().any(|route| route.destination.to_string() == "10.1.0.0/16") {
            memory.add_route(&ends().1, 1, foreign("10.1.0.0/16"));
        }
    };
    for routes in [1, usize::MAX] {
        for calls in 0..20 {
            let memory = peered().await;
            memory.drop_routes(&one, "10.2.0.0/16");
            memory.drop_routes(&other, "10.1.0.0/16");
            let during = Faulty::interrupted(&memory, calls, &appears);
            let output = execute_with_time_for(routes, &during, "the second", &request()).await.expect("repaired");
            assert_eq!(actions(&output, "Kept"), usize::from(has_foreign(&memory, &other, 1)), "{calls}: {output}");
            assert_eq!(routes_to_peerings(&memory), 6 - actions(&output, "Kept"), "{calls}");
        }
    }
}

#[tokio::test]
async fn a_named_table_that_is_gone_is_a_warning() {
    let (one, _) = ends();
    let memory = network();
    let ids: Vec<String> = memory.tables(&one).iter().map(|table| table.id.to_string()).collect();
    memory.tag_vpc(&one, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory.tag_vpc(&one, "isthmus:routes", &format!("{} rtb-99999999", ids.join(" ")));
    let mut by_tags = request();
    by_tags["RequestedBy"] = json!("tags");
    let (error, cause) = execute(&memory, "too early", &by_tags).await.expect_err("a new peering");
    assert_eq!((error.as_str(), cause["Field"].as_str()), ("InvalidRequest", Some("Routes.Tables")));

    memory.tag_vpc(&one, "isthmus:routes", &ids.join(" "));
    execute(&memory, "the first", &by_tags).await.expect("peered");
    memory.tag_vpc(&one, "isthmus:routes", &format!("{} rtb-99999999", ids.join(" ")));
    memory.drop_routes(&one, "10.2.0.0/16");
    let output = execute(&memory, "the second", &by_tags).await.expect("repaired");
    assert!(warnings(&output).contains("rtb-99999999 is not a route table of that VPC: it was left out"), "{output}");
    assert_eq!((actions(&output, "Created"), routes_to_peerings(&memory)), (2, 6));
    let status = &memory.tags(&one)["isthmus:status:vpc-0000000a"];
    assert!(status.starts_with("active pcx-") && status.contains("; warning: rtb-99999999 is not"), "{status}");
    memory.take_calls();
    execute(&memory, "the third", &by_tags).await.expect("nothing to do");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0], "the status says so already");
}

#[tokio::test]
async fn what_a_full_table_lacks_is_a_warning() {
    let (one, other) = ends();
    let memory = peered().await;
    for number in 0..497 {
        memory.add_route(&one, 0, foreign(&format!("10.{}.{}.0/24", 100 + number / 256, number % 256)));
    }
    memory.add_block(&other, "10.3.0.0/16");
    memory.add_block(&other, "10.4.0.0/16");
    memory.add_block(&other, "10.5.0.0/16");
    let output = execute(&memory, "the second", &request()).await.expect("repaired");
    assert!(warnings(&output).contains("has no room for a route to 10.4.0.0/16, 10.5.0.0/16"), "{output}");
    let expected = ["10.2.0.0/16", "10.3.0.0/16", "fd00:2::/56"];
    let of_full = routed(&memory, &one).into_iter().filter(|(table, _)| *table == 0).map(|(_, block)| block);
    assert_eq!(of_full.collect::<Vec<_>>(), expected);
    assert!(routed(&memory, &one).contains(&(1, "10.5.0.0/16".into())), "the other table has room");
}

/// AWS doesn't count them.
#[tokio::test]
async fn propagated_routes_take_no_place_in_a_table() {
    let (one, other) = ends();
    let memory = network();
    for number in 0..500 {
        let block = format!("10.{}.{}.0/24", 100 + number / 256, number % 256);
        memory.add_route(&one, 0, Route { propagated: true, ..foreign(&block) });
    }
    let peered = execute(&memory, "the first", &request()).await;
    assert!(peered.is_ok(), "{peered:?}");
    memory.add_block(&other, "10.3.0.0/16");
    let output = execute(&memory, "the second", &request()).await.expect("repaired");
    assert_eq!(routes_to_peerings(&memory), 8, "{output}");
}

/// Whichever call fails, for good or for a while, in one invocation or in many: both tables of a changed selection, or both
/// destinations of a changed block, are routed the old way or the new way.
#[tokio::test]
async fn a_change_that_fails_half_way_leaves_every_destination_routed() {
    let (one, _) = ends();
    let blocks = ["10.2.0.0/16", "fd00:2::/56"];
    let mut failures = 0;
    for (routes, kind) in [
        (1, CallErrorKind::Denied),
        (1, CallErrorKind::Unavailable),
        (usize::MAX, CallErrorKind::Denied),
        (usize::MAX, CallErrorKind::Unavailable),
    ] {
        for calls in 0..40 {
            let memory = network();
            memory.tag_table(&one, 1, "tier", "app");
            let mut before = request();
            before["Routes"] = json!({"Tables": "main"});
            execute(&memory, "the first", &before).await.expect("peered");
            let mut after = request();
            after["Routes"] = json!({"TableTags": {"tier": "app"}});
            let failing = Faulty::new(&memory, calls, When::Before, kind);
            let ended = execute_with_time_for(routes, &failing, "the second", &after).await;
            failures += usize::from(ended.is_err());
            let now = routed(&memory, &one);
            let is_whole = |table: usize| blocks.iter().all(|block| now.contains(&(table, (*block).to_owned())));
            assert!(is_whole(0) || is_whole(1), "{routes}, {kind:?}, call {calls}: {now:?}");
            assert!(ended.is_err() || is_whole(1), "{routes}, {kind:?}, call {calls}: {now:?}");
            // Whatever was left is recorded, so the next execution completes the change.
            memory.ledger.close("the second", 100);
            execute(&memory, "the third", &after).await.expect("completed");
            assert_eq!(routed(&memory, &one).into_iter().map(|(table, _)| table).collect::<Vec<_>>(), [1, 1]);
        }
    }
    assert!(failures > 20, "{failures}");
}

/// It was looked at, its deletion waits behind that of another table's routes, and in between somebody moves it.
#[tokio::test]
async fn a_route_that_is_moved_during_a_teardown_stays() {
    let (one, other) = ends();
    let moves = |memory: &Memory| {
        let last = memory.tables(&ends().1).len() - 1;
        memory.drop_routes(&ends().1, "10.1.0.0/16");
        memory.add_route(&ends().1, last, foreign("10.1.0.0/16"));
    };
    let memory = peered().await;
    memory.take_calls();
    tear_down(&memory, "a teardown", &request()).await.expect("torn down");
    let first_deletion = memory.take_calls().iter().position(|call| *call == "delete_route").expect("a deletion");

    let memory = peered().await;
    let moved = Faulty::interrupted(&memory, first_deletion, &moves);
    tear_down(&moved, "a teardown", &request()).await.expect("torn down");
    assert!(has_foreign(&memory, &other, 1), "{:?}", memory.tables(&other));
    assert!(routed(&memory, &one).is_empty());
}

/// Two new peerings of one VPC want one destination. The smaller pair waits for the other to fail, the larger one does not.
#[tokio::test]
async fn the_smaller_of_two_contesting_pairs_waits() {
    for (other, is_larger) in [("vpc-0000000c", true), ("vpc-00000000", false)] {
        let contest = |memory: &Memory| {
            let (one, _) = ends();
            let rival = isthmus_testing::pair::end(other, "us-east-1");
            let id = memory.add_connection(&one, &rival, isthmus_peering::connection::Status::Active);
            let route = Route { target: Target::Peering(id.clone()), ..foreign("10.2.0.0/16") };
            memory.add_route(&one, 1, route);
            let key = PairKey::of([&one, &rival]);
            let table = memory.tables(&one)[1].id.to_string();
            let pending = json!([{"Destinations": ["10.2.0.0/16"], "RouteTableIds": [table]}]);
            let [first, _] = key.ends();
            memory.ledger.set(&key, if *first == one { "PendingA" } else { "PendingB" }, pending);
            memory.ledger.set(&key, "Holder", json!("the rival"));
        };
        let memory = network();
        let first_write = 5 + 4;
        let rival = Faulty::interrupted(&memory, first_write, &contest);
        let (error, cause) = execute(&rival, "ours", &request()).await.expect_err("the rival doesn't end here");
        // In the end of the retries that the tests allow.
        let expected = if is_larger { "ServiceFault" } else { "RouteConflict" };
        assert_eq!(error, expected, "{other}: {cause}");
    }
}
