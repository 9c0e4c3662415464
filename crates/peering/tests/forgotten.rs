//! What the ledger remembers and forgets of routes: exactly those that we wrote and that are there.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::route_tables::{Route, Target};
use isthmus_testing::pair::{ends, foreign, peered, request, routed, routes_to_peerings};
use isthmus_testing::{FaultKind, Memory, PlannedFault, Scripted, execute, tear_down};
use serde_json::json;
use std::collections::BTreeSet;

/// What we wrote and somebody deleted is not ours any more, unless it is still desired: what stands there later is theirs.
#[tokio::test]
async fn a_route_that_was_deleted_by_hand_is_forgotten() {
    let (one, _) = ends();
    let memory = peered().await;
    memory.drop_routes(&one, "10.2.0.0/16");
    let mut narrowed = request();
    narrowed["Routes"] = json!({"Tables": "none"});
    execute(&memory, "the second", &narrowed).await.expect("narrowed");
    assert!(routed(&memory, &one).is_empty());
    let target = Target::Peering(memory.connections()[0].id().clone());
    let by_hand = Route { target, ..foreign("10.2.0.0/16") };
    memory.add_route(&one, 0, by_hand);
    execute(&memory, "the third", &narrowed).await.expect("nothing to do");
    assert_eq!(routed(&memory, &one), BTreeSet::from([(0, "10.2.0.0/16".into())]), "it is somebody's own");
}

/// What we deleted ourselves is forgotten too.
#[tokio::test]
async fn a_route_that_we_deleted_is_forgotten() {
    let (one, _) = ends();
    let memory = peered().await;
    let mut narrowed = request();
    narrowed["Routes"] = json!({"Tables": "none"});
    execute(&memory, "the second", &narrowed).await.expect("narrowed");
    let target = Target::Peering(memory.connections()[0].id().clone());
    memory.add_route(&one, 0, Route { target, ..foreign("10.2.0.0/16") });
    execute(&memory, "the third", &narrowed).await.expect("nothing to do");
    tear_down(&memory, "a teardown", &request()).await.expect("torn down");
    assert_eq!(routed(&memory, &one), BTreeSet::from([(0, "10.2.0.0/16".into())]), "it is somebody's own");
}

/// Its owner keeps us out: what is there stays, whatever happens to the peering, and is still known as ours afterwards.
#[tokio::test]
async fn an_excluded_table_keeps_its_routes_and_they_stay_recorded() {
    let (one, _) = ends();
    let memory = peered().await;
    memory.tag_table(&one, 1, "isthmus:exclude", "true");
    let mut narrowed = request();
    narrowed["Routes"] = json!({"Tables": "none"});
    execute(&memory, "the second", &narrowed).await.expect("narrowed");
    let of_excluded = BTreeSet::from([(1, "10.2.0.0/16".to_owned()), (1, "fd00:2::/56".to_owned())]);
    assert_eq!(routed(&memory, &one), of_excluded);
    let tables = memory.tables(&one);
    let item = memory.ledger.all().remove(0);
    assert!(item.routes_at(&one).contains(&tables[1].id, "10.2.0.0/16".parse().expect("a block")));

    tear_down(&memory, "a teardown", &request()).await.expect("torn down");
    assert_eq!(routed(&memory, &one), of_excluded, "blackholes by now, for their owner to remove");
    assert_eq!(routes_to_peerings(&memory), 2);
}

#[tokio::test]
async fn propagated_routes_do_not_count() {
    let (one, other) = ends();
    let memory = peered().await;
    for number in 0..600 {
        let route = foreign(&format!("172.{}.{}.0/24", 16 + number / 256, number % 256));
        memory.add_route(&one, 0, Route { propagated: true, ..route });
    }
    memory.add_block(&other, "10.3.0.0/16");
    let output = execute(&memory, "the second", &request()).await.expect("repaired");
    assert!(!output["Warnings"].to_string().contains("no room"), "{output}");
    assert!(routed(&memory, &one).contains(&(0, "10.3.0.0/16".into())));
}

#[tokio::test]
async fn blackholes_of_a_deleted_connection_go_from_tables_that_are_no_longer_selected() {
    let (one, _) = ends();
    let memory = peered().await;
    memory.delete(&memory.connections()[0]);
    let mut narrowed = request();
    narrowed["Routes"] = json!({"Tables": "main"});
    execute(&memory, "the second", &narrowed).await.expect("peered anew");
    assert!(memory.tables(&one).iter().flat_map(|table| &table.routes).all(|route| !route.blackhole));
    assert_eq!(routed(&memory, &one).into_iter().map(|(table, _)| table).collect::<Vec<_>>(), [0, 0]);
}

/// It leads to the connection, or is a blackhole to the one before.
#[tokio::test]
async fn a_stale_route_that_could_not_be_deleted_is_deleted_by_the_next_execution() {
    let (one, _) = ends();
    let mut narrowed = request();
    narrowed["Routes"] = json!({"Tables": "main"});
    let change = async |memory: &Memory, fault: Option<PlannedFault>| {
        let network = Scripted::new(memory, fault);
        let output = execute(&network, "the second", &narrowed).await.expect("what stands is no failure");
        (network.calls(), output["Warnings"].to_string().contains("stale routes could not be deleted"))
    };
    for is_replaced in [false, true] {
        let before = async || {
            let memory = peered().await;
            if is_replaced {
                memory.delete(&memory.connections()[0]);
            }
            memory
        };
        let (calls, _) = change(&before().await, None).await;
        let call = calls.iter().rposition(|call| *call == "DeleteRoute").expect("stale routes go");
        let memory = before().await;
        let (_, is_told) = change(&memory, Some(PlannedFault { call, kind: FaultKind::Denied, times: 1 })).await;
        assert!(is_told && routed(&memory, &one).len() == 3, "{:?}", routed(&memory, &one));
        execute(&memory, "the third", &narrowed).await.expect("narrowed");
        assert_eq!(routed(&memory, &one).len(), 2, "of the main table");
    }
}
