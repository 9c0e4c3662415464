//! The sweep: what it finds, what it starts, and what it leaves alone.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::Connection;
use isthmus_peering::ports::{Executions, Location};
use isthmus_peering::route_tables::{Route, Target};
use isthmus_peering::steps::{Sweep, Swept, sweep};
use isthmus_testing::pair::{end, ends, network, request, routes_to_peerings};
use isthmus_testing::{Machines, Memory, Unavailable, context, execute, scope, stack, tear_down};
use serde_json::{Value, json};

async fn sweep_as(memory: &Memory, machines: &impl Executions, how: &Sweep, task: Value) -> Swept {
    sweep(context(memory, &stack()), machines, how, task, || true).await.expect("swept")
}

async fn swept(memory: &Memory, machine: &Machines, id: &str) -> Swept {
    let how = Sweep { scope: scope(), id: id.into(), time: "2026-11-25T13:00:00Z".into() };
    sweep_as(memory, machine, &how, json!({})).await
}

async fn report(memory: &Memory) -> Swept {
    let (how, machine) = (Sweep { scope: scope(), id: "dry".into(), time: "now".into() }, Machines::default());
    let task = json!({"DryRun": true});
    memory.take_calls();
    let swept = sweep_as(memory, &machine, &how, task).await;
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    assert!(machine.peerings.borrow().is_empty() && machine.teardowns.borrow().is_empty());
    swept
}

fn differs(swept: &Swept) -> Vec<&str> {
    swept.drift.iter().map(|drift| drift.differs.as_str()).collect()
}

/// Runs what was started, as the machines would.
async fn run(memory: &Memory, machine: &Machines) {
    for (name, input) in machine.peerings.take() {
        execute(memory, &name, &as_json(&input)).await.expect("peered");
    }
    for (name, input) in machine.teardowns.take() {
        tear_down(memory, &name, &as_json(&input)).await.expect("torn down");
    }
}

fn as_json(input: &impl serde::Serialize) -> Value {
    serde_json::to_value(input).expect("JSON")
}

/// Two VPCs of which one names the other.
fn requested() -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory
}

/// The same, set up by the sweep itself.
async fn settled() -> Memory {
    let (memory, machine) = (requested(), Machines::default());
    swept(&memory, &machine, "first").await;
    run(&memory, &machine).await;
    memory
}

#[tokio::test]
async fn what_can_t_be_started_now_is_reported_and_left() {
    let how = Sweep { scope: scope(), id: "one".into(), time: "now".into() };
    let found = sweep_as(&requested(), &Unavailable, &how, json!({})).await;
    assert_eq!((found.started.len(), found.left, found.unreachable.len()), (0, 1, 1), "{found:?}");
    assert!(found.unreachable[0].contains("ThrottlingException"), "{found:?}");
}

#[tokio::test]
async fn a_missed_tag_is_found_and_a_pair_in_place_is_left_alone() {
    let (memory, machine) = (requested(), Machines::default());
    assert_eq!(differs(&report(&memory).await), ["Missing"]);
    let found = swept(&memory, &machine, "first").await;
    assert_eq!((found.desired, found.in_place, found.started.len()), (1, 0, 1));
    assert!(found.started[0].starts_with("vpc-0000000b_vpc-0000000a_first-"), "{found:?}");
    run(&memory, &machine).await;
    assert_eq!(routes_to_peerings(&memory), 6);
    memory.take_calls();
    let found = swept(&memory, &machine, "second").await;
    assert_eq!((found.desired, found.in_place, found.started.len()), (1, 1, 0));
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
}

/// Each kind of drift: how it comes about, and by what name it is found.
#[tokio::test]
async fn each_kind_of_drift_is_found_and_repaired() {
    type Break = fn(&Memory, &Connection);
    let (one, other) = ends();
    let kinds: [(&str, usize, Break); 5] = [
        ("Routes", 8, |memory, _| memory.add_block(&ends().1, "10.3.0.0/16")),
        ("Routes", 4, |memory, _| memory.drop_block(&ends().1, "fd00:2::/56")),
        ("Routes", 8, |memory, _| memory.add_table(&ends().0)),
        ("Routes", 6, |memory, _| memory.drop_routes(&ends().0, "10.2.0.0/16")),
        ("Missing", 6, |memory, own| memory.delete(own)),
    ];
    for (kind, routes, breakage) in kinds {
        let (memory, machine) = (settled().await, Machines::default());
        breakage(&memory, &memory.connections()[0]);
        assert_eq!(differs(&report(&memory).await), [kind]);
        swept(&memory, &machine, "repair").await;
        run(&memory, &machine).await;
        assert_eq!(routes_to_peerings(&memory), routes, "{kind}");
        let found = swept(&memory, &machine, "after").await;
        assert_eq!((found.in_place, found.drift), (1, vec![]), "{kind}");
        let tables = [&one, &other].into_iter().flat_map(|end| memory.tables(end));
        assert!(tables.flat_map(|table| table.routes).all(|route| !route.blackhole), "{kind}");
    }
}

#[tokio::test]
async fn what_no_tag_requests_any_more_is_torn_down() {
    let (memory, machine) = (settled().await, Machines::default());
    memory.drop_tag(&ends().0, "isthmus:peer");
    assert_eq!(differs(&report(&memory).await), ["NotRequested"]);
    swept(&memory, &machine, "untagged").await;
    run(&memory, &machine).await;
    assert_eq!(routes_to_peerings(&memory), 0);
    assert!(memory.tags(&ends().0).is_empty() && memory.tags(&ends().1).is_empty(), "its status is gone");
}

#[tokio::test]
async fn blackholes_that_a_deleted_vpc_leaves_behind_are_removed() {
    let (memory, machine) = (settled().await, Machines::default());
    memory.remove_vpc(&ends().1);
    memory.delete(&memory.connections()[0]);
    assert_eq!(differs(&report(&memory).await), ["Blackhole"]);
    swept(&memory, &machine, "blackholes").await;
    run(&memory, &machine).await;
    assert_eq!(routes_to_peerings(&memory), 0);
    assert_eq!(differs(&report(&memory).await), ["VpcNotFound"], "the tag still names what is gone");
}

#[tokio::test]
async fn a_region_that_can_t_be_read_is_named_and_nothing_there_is_decided() {
    let (memory, machine) = (settled().await, Machines::default());
    memory.drop_tag(&ends().0, "isthmus:peer");
    memory.tag_vpc(&ends().1, "isthmus:peer", "vpc-0000000b@us-east-1");
    memory.deny(&Location::from(&ends().1));
    let found = swept(&memory, &machine, "denied").await;
    assert_eq!((found.started.len(), found.unreachable.len()), (0, 1), "{found:?}");
    assert_eq!(routes_to_peerings(&memory), 6);
}

/// What EC2's buckets in that Region of that account allow.
#[tokio::test]
async fn so_many_are_started_and_others_first_the_next_time() {
    let (memory, machine) = (Memory::default(), Machines::default());
    let hub = end("vpc-00000000", "us-east-1");
    memory.add_vpc(&hub, &["172.16.0.0/16"], 1);
    for n in 0..310 {
        let peer = end(&format!("vpc-{:08x}", 0x1000 + n), "us-east-1");
        memory.add_vpc(&peer, &[&format!("10.{}.{}.0/24", n / 250, n % 250)], 1);
        memory.tag_vpc(&peer, "isthmus:peer", "vpc-00000000");
    }
    let elsewhere = ["vpc-0000000d", "vpc-0000000e"].map(|id| end(id, "eu-west-1"));
    memory.add_vpc(&elsewhere[0], &["10.200.0.0/16"], 1);
    memory.add_vpc(&elsewhere[1], &["10.201.0.0/16"], 1);
    memory.tag_vpc(&elsewhere[0], "isthmus:peer", "vpc-0000000e");
    let mut started = std::collections::BTreeSet::new();
    for sweep in 0..4 {
        let found = swept(&memory, &machine, &format!("{sweep}")).await;
        assert_eq!((found.started.len(), found.left), (301, 10), "another Region has buckets of its own");
        started.extend(found.started.into_iter().map(|name| name[..25].to_owned()));
    }
    assert_eq!(started.len(), 311, "nobody waits for ever");
}

/// Where time runs out before all are examined, others come first the next time.
#[tokio::test]
async fn what_is_examined_first_differs_from_sweep_to_sweep() {
    let memory = Memory::default();
    let hub = end("vpc-00000000", "us-east-1");
    memory.add_vpc(&hub, &["172.16.0.0/16"], 1);
    for n in 1..=9 {
        let peer = end(&format!("vpc-0000000{n}"), "us-east-1");
        memory.add_vpc(&peer, &[&format!("10.{n}.0.0/16")], 1);
        memory.tag_vpc(&peer, "isthmus:peer", "vpc-00000000");
    }
    let mut found = std::collections::BTreeSet::new();
    for number in 0..30 {
        let left = std::cell::Cell::new(2);
        let has_time = || left.replace(left.get() - 1) > 0;
        let how = Sweep { scope: scope(), id: format!("{number}"), time: "now".into() };
        let (of_stack, machine) = (stack(), Machines::default());
        let swept = sweep(context(&memory, &of_stack), &machine, &how, json!({}), has_time).await.expect("swept");
        assert_eq!((swept.drift.len(), swept.started.len()), (2, 0));
        found.extend(swept.drift.into_iter().map(|drift| drift.peer_vpc_id));
    }
    assert_eq!(found.len(), 9, "{found:?}");
}

#[tokio::test]
async fn a_foreign_blackhole_is_no_drift() {
    let memory = settled().await;
    let elsewhere = Target::Peering("pcx-99999999".parse().expect("an id"));
    let destination = "192.168.0.0/16".parse().expect("a block");
    memory.add_route(&ends().0, 0, Route { destination, target: elsewhere, blackhole: true, propagated: false });
    assert_eq!(differs(&report(&memory).await), [""; 0]);
}

#[tokio::test]
async fn dns_that_no_execution_could_turn_on_is_no_drift() {
    let memory = settled().await;
    memory.tag_vpc(&ends().0, "isthmus:dns", "on");
    assert_eq!(differs(&report(&memory).await), [""; 0], "a VPC lacks DNS hostnames");
    memory.turn_on_dns_hostnames();
    assert_eq!(differs(&report(&memory).await), ["DnsResolution"]);
}

#[tokio::test]
async fn a_status_about_a_region_that_can_t_be_read_stays() {
    let (memory, machine) = (settled().await, Machines::default());
    memory.tag_vpc(&ends().1, "isthmus:peer", "vpc-0000000b@us-east-1");
    let before = memory.tags(&ends().0);
    memory.deny(&Location::from(&ends().1));
    swept(&memory, &machine, "denied").await;
    assert_eq!(memory.tags(&ends().0), before);
}

#[tokio::test]
async fn what_a_pipeline_peered_stays_whatever_tags_request_later() {
    let (memory, machine) = (network(), Machines::default());
    execute(&memory, "pipeline", &request()).await.expect("peered");
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    assert_eq!(differs(&report(&memory).await), ["Unrecorded"]);
    swept(&memory, &machine, "mark").await;
    run(&memory, &machine).await;
    assert_eq!(differs(&report(&memory).await), [""; 0]);
    memory.drop_tag(&ends().0, "isthmus:peer");
    assert_eq!(differs(&report(&memory).await), ["Routes"], "what only tags asked for goes");
    swept(&memory, &machine, "narrow").await;
    run(&memory, &machine).await;
    assert_eq!(differs(&report(&memory).await), [""; 0], "what the pipeline asked for stays");
    assert_eq!(routes_to_peerings(&memory), 6);
}
