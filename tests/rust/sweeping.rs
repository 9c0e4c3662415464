//! The sweep: what it finds, what it starts, and what it leaves alone.

use crate::pair::{end, ends, routes_to_peerings, world};
use isthmus_peering::connection::{Connection, End};
use isthmus_peering::network::Location;
use isthmus_peering::steps::{Sweep, SweepTask, Swept, sweep};
use isthmus_peering::tables::{Route, Target};
use isthmus_tests::{Machine, Memory, Unavailable, execute, fleet, stack, take_apart};
use serde_json::Value;

async fn swept(memory: &Memory, machine: &Machine, starts: usize, id: &str) -> Swept {
    let how = Sweep { fleet: fleet(), starts, id: id.into(), time: "2026-11-25T13:00:00Z".into() };
    sweep(memory, machine, &stack(), &how, SweepTask::default(), || true).await.expect("swept")
}

async fn report(memory: &Memory) -> Swept {
    let (how, machine) =
        (Sweep { fleet: fleet(), starts: 9, id: "dry".into(), time: "now".into() }, Machine::default());
    let task = SweepTask { dry_run: true };
    memory.take_calls();
    let swept = sweep(memory, &machine, &stack(), &how, task, || true).await.expect("swept");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    assert!(machine.set_up.borrow().is_empty() && machine.taken_apart.borrow().is_empty());
    swept
}

fn differs(swept: &Swept) -> Vec<&str> {
    swept.drift.iter().map(|drift| drift.differs.as_str()).collect()
}

/// Runs what was started, as the machines would.
async fn run(memory: &Memory, machine: &Machine) {
    for (name, input) in machine.set_up.take() {
        execute(memory, &name, &json(&input)).await.expect("peered");
    }
    for (_, input) in machine.taken_apart.take() {
        take_apart(memory, &json(&input)).await.expect("taken apart");
    }
}

fn json(input: &impl serde::Serialize) -> Value {
    serde_json::to_value(input).expect("JSON")
}

/// Two VPCs of which one wishes the other.
fn wished() -> Memory {
    let memory = world();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory
}

/// The same, set up by the sweep itself.
async fn settled() -> Memory {
    let (memory, machine) = (wished(), Machine::default());
    swept(&memory, &machine, 9, "first").await;
    run(&memory, &machine).await;
    memory
}

#[tokio::test]
async fn what_can_t_be_started_just_now_is_reported_and_left() {
    let how = Sweep { fleet: fleet(), starts: 9, id: "one".into(), time: "now".into() };
    let found = sweep(&wished(), &Unavailable, &stack(), &how, SweepTask::default(), || true).await.expect("swept");
    assert_eq!((found.started.len(), found.left, found.unreachable.len()), (0, 1, 1), "{found:?}");
    assert!(found.unreachable[0].contains("ThrottlingException"), "{found:?}");
}

#[tokio::test]
async fn a_missed_tag_is_found_and_a_settled_pair_is_left_in_peace() {
    let (memory, machine) = (wished(), Machine::default());
    assert_eq!(differs(&report(&memory).await), ["Missing"]);
    let found = swept(&memory, &machine, 9, "first").await;
    assert_eq!((found.wished, found.in_place, found.started.len()), (1, 0, 1));
    assert_eq!(found.started, ["vpc-0000000b_vpc-0000000a_first"]);
    run(&memory, &machine).await;
    assert_eq!(routes_to_peerings(&memory), 6);
    memory.take_calls();
    let found = swept(&memory, &machine, 9, "second").await;
    assert_eq!((found.wished, found.in_place, found.started.len()), (1, 1, 0));
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
        let (memory, machine) = (settled().await, Machine::default());
        breakage(&memory, &memory.connections()[0]);
        assert_eq!(differs(&report(&memory).await), [kind]);
        swept(&memory, &machine, 9, "repair").await;
        run(&memory, &machine).await;
        assert_eq!(routes_to_peerings(&memory), routes, "{kind}");
        let found = swept(&memory, &machine, 9, "after").await;
        assert_eq!((found.in_place, found.drift), (1, vec![]), "{kind}");
        let tables = [&one, &other].into_iter().flat_map(|end| memory.tables(end));
        assert!(tables.flat_map(|table| table.routes).all(|route| !route.blackhole), "{kind}");
    }
}

#[tokio::test]
async fn what_nobody_wishes_any_more_is_taken_apart() {
    let (memory, machine) = (settled().await, Machine::default());
    memory.drop_tag(&ends().0, "isthmus:peer");
    assert_eq!(differs(&report(&memory).await), ["Unwished"]);
    swept(&memory, &machine, 9, "untagged").await;
    run(&memory, &machine).await;
    assert_eq!(routes_to_peerings(&memory), 0);
    assert!(memory.tags(&ends().0).is_empty() && memory.tags(&ends().1).is_empty(), "its status is gone");
}

#[tokio::test]
async fn blackholes_that_a_deleted_vpc_leaves_behind_are_removed() {
    let (memory, machine) = (settled().await, Machine::default());
    memory.remove_vpc(&ends().1);
    memory.delete(&memory.connections()[0]);
    assert_eq!(differs(&report(&memory).await), ["Blackhole"]);
    swept(&memory, &machine, 9, "blackholes").await;
    run(&memory, &machine).await;
    assert_eq!(routes_to_peerings(&memory), 0);
    assert_eq!(differs(&report(&memory).await), ["VpcNotFound"], "the tag still names what is gone");
}

#[tokio::test]
async fn a_region_that_can_t_be_read_is_named_and_nothing_there_is_decided() {
    let (memory, machine) = (settled().await, Machine::default());
    memory.drop_tag(&ends().0, "isthmus:peer");
    memory.tag_vpc(&ends().1, "isthmus:peer", "vpc-0000000b@us-east-1");
    memory.shut(&Location::from(&ends().1));
    let found = swept(&memory, &machine, 9, "shut").await;
    assert_eq!((found.started.len(), found.unreachable.len()), (0, 1), "{found:?}");
    assert_eq!(routes_to_peerings(&memory), 6);
}

#[tokio::test]
async fn a_refusal_that_is_told_already_is_not_tried_again() {
    let (memory, machine) = (wished(), Machine::default());
    memory.add_block(&ends().1, "10.1.128.0/20");
    assert_eq!(differs(&report(&memory).await), ["OverlappingCidrs"]);
    memory.tag_vpc(&ends().0, "isthmus:status:vpc-0000000a", "failed OverlappingCidrs … 2026-11-25T12:00:00Z");
    let found = swept(&memory, &machine, 9, "refused").await;
    assert_eq!((found.refused.len(), found.started.len()), (1, 0));
    assert_eq!(found.refused[0].error, "OverlappingCidrs");
}

#[tokio::test]
async fn so_many_are_started_and_others_first_the_next_time() {
    let (memory, machine) = (Memory::default(), Machine::default());
    let hub = end("vpc-00000000", "us-east-1");
    memory.add_vpc(&hub, &["10.0.0.0/16"], 1);
    let peers: Vec<End> = (1..=9).map(|n| end(&format!("vpc-0000000{n}"), "us-east-1")).collect();
    for (n, peer) in peers.iter().enumerate() {
        memory.add_vpc(peer, &[&format!("10.{}.0.0/16", n + 1)], 1);
        memory.tag_vpc(peer, "isthmus:peer", "vpc-00000000");
    }
    let mut started = std::collections::BTreeSet::new();
    for sweep in 0..20 {
        let found = swept(&memory, &machine, 2, &format!("{sweep}")).await;
        assert_eq!((found.started.len(), found.left), (2, 7));
        started.extend(found.started.into_iter().map(|name| name[..25].to_owned()));
    }
    assert_eq!(started.len(), 9, "nobody waits for ever: {started:?}");
}

#[tokio::test]
async fn somebody_else_s_blackhole_is_nobody_s_drift() {
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
    memory.turn_on_dns_names();
    assert_eq!(differs(&report(&memory).await), ["DnsResolution"]);
}

#[tokio::test]
async fn a_failure_that_an_hour_rarely_mends_is_tried_once_a_day() {
    for (time, tried) in [("2026-11-25T12:00:00Z", false), ("2026-11-24T14:00:00Z", true)] {
        let (memory, machine) = (wished(), Machine::default());
        memory.tag_vpc(&ends().0, "isthmus:status:vpc-0000000a", &format!("failed AccessDenied ask the owner {time}"));
        assert_eq!(swept(&memory, &machine, 9, "daily").await.started.len(), usize::from(tried), "{time}");
    }
    let of_an_hour =
        ["ServiceFault later", "QuotaExceeded rtb-0a1b2c3d has no room left under the quota of 500 routes"];
    for failure in of_an_hour {
        let (memory, machine) = (wished(), Machine::default());
        let told = format!("failed {failure} 2026-11-25T12:00:00Z");
        memory.tag_vpc(&ends().0, "isthmus:status:vpc-0000000a", &told);
        assert_eq!(swept(&memory, &machine, 9, "hourly").await.started.len(), 1, "{told}");
    }
}

#[tokio::test]
async fn a_status_about_a_region_that_can_t_be_read_stays() {
    let (memory, machine) = (settled().await, Machine::default());
    memory.drop_tag(&ends().0, "isthmus:peer");
    memory.tag_vpc(&ends().1, "isthmus:peer", "vpc-0000000b@us-east-1");
    let before = memory.tags(&ends().0);
    memory.shut(&Location::from(&ends().1));
    swept(&memory, &machine, 9, "shut").await;
    assert_eq!(memory.tags(&ends().0), before);
}

#[tokio::test]
async fn what_a_pipeline_peered_and_a_tag_wished_later_is_marked() {
    let (memory, machine) = (world(), Machine::default());
    execute(&memory, "pipeline", &crate::pair::request()).await.expect("peered");
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    assert_eq!(differs(&report(&memory).await), ["Unmarked"]);
    swept(&memory, &machine, 9, "mark").await;
    run(&memory, &machine).await;
    assert_eq!(differs(&report(&memory).await), [""; 0]);
    memory.drop_tag(&ends().0, "isthmus:peer");
    assert_eq!(differs(&report(&memory).await), ["Unwished"]);
}
