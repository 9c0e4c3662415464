//! A changed selection deletes the routes that tags selected before, and no others.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{ends, network, request};
use isthmus_testing::{FaultKind, Faulty, Memory, PlannedFault, Scripted, When, execute, execute_as_deployed};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;

/// A request with just what the first VPC's tag selects.
fn like_tags(tables: &str) -> Value {
    let mut request = request();
    request["Routes"] = json!({"Tables": tables});
    request
}

/// The request of an execution that tags start.
fn by_tags() -> Value {
    let mut request = request();
    request["RequestedBy"] = json!("tags");
    request
}

fn requested(tables: &str) -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory.tag_vpc(&ends().0, "isthmus:routes", tables);
    memory
}

/// The numbers of the tables of the first VPC that lead to the connection, and where.
fn routed(memory: &Memory) -> BTreeSet<(usize, String)> {
    let tables = memory.tables(&ends().0).into_iter().enumerate();
    let routes = tables.flat_map(|(number, table)| table.routes.into_iter().map(move |route| (number, route)));
    let leading = routes.filter(|(_, route)| matches!(route.target, Target::Peering(_)));
    leading.map(|(number, route)| (number, route.destination.to_string())).collect()
}

fn set(routes: &[(usize, &str)]) -> BTreeSet<(usize, String)> {
    routes.iter().map(|(number, block)| (*number, (*block).to_owned())).collect()
}

fn by_hand(memory: &Memory, end: &End, table: usize, block: &str) {
    let target = Target::Peering(memory.connections()[0].id().clone());
    let destination = block.parse().expect("a block");
    memory.add_route(end, table, Route { destination, target, blackhole: false, propagated: false });
}

const BOTH: [&str; 2] = ["10.2.0.0/16", "fd00:2::/56"];

#[tokio::test]
async fn a_changed_selection_moves_the_routes() {
    let memory = requested("all");
    execute(&memory, "one", &like_tags("all")).await.expect("peered");
    for (tables, left) in [("main", vec![0]), ("none", vec![]), ("all", vec![0, 1])] {
        memory.tag_vpc(&ends().0, "isthmus:routes", tables);
        let output = execute(&memory, tables, &like_tags(tables)).await.expect("changed");
        let expected: Vec<(usize, &str)> = left.iter().flat_map(|table| BOTH.map(|block| (*table, block))).collect();
        assert_eq!(routed(&memory), set(&expected), "{tables}");
        let actions: BTreeSet<&str> =
            output["Routes"].as_array().expect("routes").iter().filter_map(|route| route["Action"].as_str()).collect();
        assert_eq!(actions.contains("Deleted"), tables != "all", "{tables}");
    }
}

/// Whichever call fails, the VPC is routed as it was before, or as it is requested now.
#[tokio::test]
async fn no_failed_call_leaves_it_without_routes() {
    let mut failures = 0;
    for calls in 0..30 {
        let memory = requested("main");
        memory.tag_table(&ends().0, 1, "tier", "app");
        memory.turn_on_dns_hostnames();
        execute(&memory, "one", &like_tags("main")).await.expect("peered");
        memory.tag_vpc(&ends().0, "isthmus:routes", "tag:tier=app");
        let mut request = request();
        request["Routes"] = json!({"TableTags": {"tier": "app"}});
        request["DnsResolution"] = json!(true);
        let ended = execute(&Faulty::once(&memory, calls, When::Before, CallErrorKind::Denied), "two", &request).await;
        failures += usize::from(ended.is_err());
        let expected = if ended.is_ok() { 1 } else { 0 };
        assert!(routed(&memory).is_superset(&set(&BOTH.map(|block| (expected, block)))), "call {calls}: {ended:?}");
    }
    assert!(failures > 5, "{failures}");
}

/// The input of an execution that tags started doesn't hold their selection.
#[tokio::test]
async fn an_execution_of_tags_routes_what_they_select_now() {
    let memory = requested("main");
    execute(&memory, "an ARN", &by_tags()).await.expect("peered");
    assert_eq!(routed(&memory), set(&[(0, BOTH[0]), (0, BOTH[1])]));
    let item = memory.ledger.all().remove(0);
    let main = &memory.tables(&ends().0)[0].id;
    assert!(BOTH.iter().all(|block| item.routes_at(&ends().0).contains(main, block.parse().expect("a block"))));
}

/// The first execution dies when it has written what the tags selected then; the next one takes over and deletes the rest.
#[tokio::test]
async fn a_selection_that_changes_during_the_set_up_is_repaired() {
    let memory = requested("all");
    for calls in 10..15 {
        let killed = Faulty::new(&memory, calls, When::Before, CallErrorKind::Denied);
        let _killed = execute(&killed, &format!("the first, {calls}"), &by_tags()).await;
        memory.ledger.close(&format!("the first, {calls}"), 100);
    }
    memory.tag_vpc(&ends().0, "isthmus:routes", "main");
    execute(&memory, "the second", &by_tags()).await.expect("peered");
    assert_eq!(routed(&memory), set(&[(0, BOTH[0]), (0, BOTH[1])]));
}

#[tokio::test]
async fn what_tags_never_selected_stays() {
    let memory = requested("none");
    execute(&memory, "one", &like_tags("none")).await.expect("peered");
    by_hand(&memory, &ends().0, 0, "10.2.0.0/16");
    execute(&memory, "two", &like_tags("none")).await.expect("peered");
    assert_eq!(routed(&memory), set(&[(0, "10.2.0.0/16")]), "this side is routed by other means");

    let memory = requested("main");
    execute(&memory, "one", &by_tags()).await.expect("peered");
    let output = execute(&memory, "pipeline", &like_tags("all")).await.expect("a request doesn't widen a tag");
    assert!(output["Warnings"].to_string().contains("the tags of vpc-0000000b don't select"), "{output}");
    assert_eq!(routed(&memory), set(&[(0, BOTH[0]), (0, BOTH[1])]));
    memory.drop_tag(&ends().0, "isthmus:routes");
    execute(&memory, "two", &by_tags()).await.expect("peered");
    assert_eq!(
        routed(&memory),
        set(&[(0, BOTH[0]), (0, BOTH[1]), (1, BOTH[0]), (1, BOTH[1])]),
        "without that tag, all"
    );
}

/// What tags ask for and what the last execution asked for count together.
#[tokio::test]
async fn a_narrower_execution_narrows_what_executions_asked_for_and_never_what_tags_do() {
    let memory = requested("main");
    execute(&memory, "one", &by_tags()).await.expect("peered");
    execute(&memory, "two", &like_tags("all")).await.expect("routed one table more");
    execute(&memory, "three", &like_tags("none")).await.expect("narrowed");
    assert_eq!(routed(&memory), set(&[(0, BOTH[0]), (0, BOTH[1])]));
}

/// Routes of an adopted connection that we wrote are ours as well.
#[tokio::test]
async fn an_adopted_connection_is_narrowed_too_but_not_its_owner_s_routes() {
    let memory = requested("all");
    memory.add_connection(&ends().0, &ends().1, Status::Active);
    by_hand(&memory, &ends().0, 0, "10.2.0.0/16");
    execute(&memory, "one", &by_tags()).await.expect("peered");
    memory.tag_vpc(&ends().0, "isthmus:routes", "none");
    execute(&memory, "two", &by_tags()).await.expect("narrowed");
    assert_eq!(routed(&memory), set(&[(0, "10.2.0.0/16")]));
}

#[tokio::test]
async fn more_and_less_specific_routes_are_somebody_s_own() {
    let memory = requested("all");
    execute(&memory, "one", &like_tags("all")).await.expect("peered");
    for block in ["10.2.9.0/24", "10.0.0.0/8"] {
        by_hand(&memory, &ends().0, 0, block);
    }
    memory.tag_vpc(&ends().0, "isthmus:routes", "none");
    execute(&memory, "two", &like_tags("none")).await.expect("changed");
    assert_eq!(routed(&memory), set(&[(0, "10.2.9.0/24"), (0, "10.0.0.0/8")]));
}

#[tokio::test]
async fn an_excluded_table_is_neither_routed_nor_cleared_and_an_excluded_vpc_not_peered() {
    let memory = requested("all");
    memory.tag_table(&ends().0, 1, "isthmus:exclude", "true");
    let output = execute(&memory, "one", &like_tags("all")).await.expect("peered");
    assert_eq!(routed(&memory), set(&[(0, BOTH[0]), (0, BOTH[1])]));
    assert!(output["Warnings"][0].as_str().is_some_and(|warning| warning.contains("isthmus:exclude")));

    let memory = requested("all");
    memory.tag_vpc(&ends().1, "isthmus:exclude", "true");
    let (error, cause) = execute(&memory, "one", &like_tags("all")).await.expect_err("excluded");
    assert_eq!((error.as_str(), cause["VpcId"].as_str()), ("Excluded", Some("vpc-0000000a")));
    assert!(memory.connections().is_empty());
}

/// Not a warning until the sweep: the machine calls again.
#[tokio::test]
async fn what_aws_fails_to_delete_once_is_deleted_by_the_same_execution() {
    let changed = async |fault| {
        let memory = requested("all");
        execute(&memory, "one", &like_tags("all")).await.expect("peered");
        memory.tag_vpc(&ends().0, "isthmus:routes", "main");
        let network = Scripted::new(&memory, fault);
        let output = execute_as_deployed(&network, "other", &like_tags("main")).await.expect("changed");
        assert_eq!(output["Warnings"], json!([]));
        assert_eq!(routed(&memory), set(&[(0, BOTH[0]), (0, BOTH[1])]));
        network.calls()
    };
    let calls = changed(None).await;
    for call in (0..calls.len()).filter(|call| calls[*call] == "DeleteRoute") {
        changed(Some(PlannedFault { call, kind: FaultKind::InternalError, times: 1 })).await;
    }
}

/// EC2 deletes a route by its destination alone.
#[tokio::test]
async fn a_stale_route_that_leads_to_another_connection_by_then_stays() {
    let was_replaced = Cell::new(false);
    let replace = |memory: &Memory| {
        let other = memory.connections()[1].id().clone();
        was_replaced.set(routed(memory).contains(&(1, BOTH[0].to_owned())));
        if was_replaced.get() {
            memory.drop_routes(&ends().0, BOTH[0]);
            let (destination, target) = (BOTH[0].parse().expect("a block"), Target::Peering(other));
            memory.add_route(&ends().0, 1, Route { destination, target, blackhole: false, propagated: false });
        }
    };
    let (mut stayed, mut lost) = (0, Vec::new());
    for calls in 0..20 {
        was_replaced.set(false);
        let memory = requested("all");
        execute(&memory, "one", &like_tags("all")).await.expect("peered");
        let stranger = isthmus_testing::pair::end("vpc-0000000c", "us-east-1");
        let other = Target::Peering(memory.add_connection(&ends().0, &stranger, Status::Active));
        memory.tag_vpc(&ends().0, "isthmus:routes", "main");
        let _ended = execute(&Faulty::interrupted(&memory, calls, &replace), "other", &like_tags("main")).await;
        let is_there = memory.tables(&ends().0)[1].routes.iter().any(|route| route.target == other);
        stayed += usize::from(is_there);
        lost.extend((was_replaced.get() && !is_there).then_some(calls));
    }
    // Only if it is replaced between the last look and the call.
    assert!(stayed > 3 && lost.len() <= 1, "{stayed} stayed, lost at the calls {lost:?}");
}
