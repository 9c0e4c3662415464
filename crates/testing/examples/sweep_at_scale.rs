//! A sweep of a large organization: 100 accounts in 17 Regions, 2,000 VPCs with tables of 200 routes, 5,000 pairs, and a quarter
//! of a second a call of EC2. Prints the figures as JSON: `make bench PART=sweep`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, reason = "it measures")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::ids::VpcPeeringConnectionId;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_peering::stack::{Scope, Stack};
use isthmus_peering::steps::{Sweep, sweep};
use isthmus_testing::memory_mb;
use isthmus_testing::{Machines, Memory, context, stack};
use serde_json::json;
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 100;
const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "eu-north-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
];
const VPCS: usize = 2_000;
const HUBS: usize = 40;
const PAIRS: usize = 5_000;
const ROUTES_PER_TABLE: usize = 200;
const LATENCY: Duration = Duration::from_millis(250);

fn account(number: usize) -> String {
    if number == 0 { "123456789012".to_owned() } else { format!("{:012}", 400_000_000_000 + number) }
}

fn vpc(number: usize) -> End {
    let place = json!({"VpcId": format!("vpc-{number:08x}"), "Region": REGIONS[number % REGIONS.len()],
                       "OwnerId": account(number % ACCOUNTS)});
    serde_json::from_value(place).expect("an end")
}

fn block(number: usize) -> String {
    format!("10.{}.{}.0/24", number / 250, number % 250)
}

/// Each spoke with some hubs, each pair once.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    let spokes = VPCS - HUBS;
    (0..PAIRS).map(move |number| (number % HUBS, HUBS + (number / HUBS + (number % HUBS) * 49) % spokes))
}

fn route(destination: &str, target: Target) -> Route {
    Route { destination: destination.parse().expect("a block"), target, blackhole: false, propagated: false }
}

/// Everything is in place but for the routes of one pair in a hundred.
fn organization() -> Memory {
    let memory = Memory::default();
    for number in 0..VPCS {
        memory.add_vpc(&vpc(number), &[&block(number)], 1);
    }
    let mut peers: Vec<Vec<String>> = vec![Vec::new(); VPCS];
    for (number, (hub, spoke)) in pairs().enumerate() {
        let (one, other) = (vpc(hub), vpc(spoke));
        peers[spoke].push(format!("{}@{}@{}", one.vpc_id, one.region, one.owner_id));
        let key = PairKey::of([&one, &other]);
        let [requester, accepter] = key.ends();
        let id: VpcPeeringConnectionId = memory.add_connection(requester, accepter, Status::Active);
        let mut recorded = [json!([]), json!([])];
        for (end, to) in [(hub, spoke), (spoke, hub)] {
            let end = vpc(end);
            let table = &memory.tables(&end)[0].id;
            if number % 100 != 0 || end == other {
                memory.add_route(&end, 0, route(&block(to), Target::Peering(id.clone())));
            }
            let of_end = json!([{"Destinations": [block(to)], "RouteTableIds": [table]}]);
            recorded[usize::from(end != *requester)] = of_end;
        }
        memory.ledger.set(&key, "V", json!(1));
        memory.ledger.set(&key, "Connection", json!({"Id": id, "Made": true}));
        memory.ledger.set(&key, "AskedBy", json!({"Tags": [other.owner_id]}));
        memory.ledger.set(&key, "RoutesA", recorded[0].clone());
        memory.ledger.set(&key, "RoutesB", recorded[1].clone());
    }
    for (number, words) in peers.iter().enumerate() {
        let end = vpc(number);
        for (place, some) in words.chunks(5).enumerate() {
            memory.tag_vpc(&end, &format!("isthmus:peer:{place}"), &some.join(" "));
        }
        let table = memory.tables(&end)[0].routes.len();
        for other in table..ROUTES_PER_TABLE {
            let destination = format!("192.168.{}.{}/32", other / 250, other % 250);
            memory.add_route(&end, 0, route(&destination, Target::Other("tgw-0123456789abcdef0".into())));
        }
    }
    memory
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let memory = organization();
    let accounts: std::collections::BTreeSet<_> =
        (0..ACCOUNTS).filter_map(|number| account(number).parse().ok()).collect();
    let of_stack = Stack { member_accounts: accounts.clone(), trusted_accounts: accounts.clone(), ..stack() };
    let regions = REGIONS.iter().filter_map(|code| code.parse().ok()).collect();
    let how = Sweep { scope: Scope { accounts, regions }, id: "a sweep".into(), time: "2026-11-26T12:00:00Z".into() };
    memory.take_calls();
    memory.set_latency(LATENCY);
    let before = memory_mb("VmRSS");
    let _reset = std::fs::write("/proc/self/clear_refs", "5");
    let (began, machines) = (Instant::now(), Machines::default());
    let swept = sweep(context(&memory, &of_stack), &machines, &how, json!({}), || true).await.expect("swept");
    let figures = json!({
        "seconds": began.elapsed().as_secs_f64(),
        "peak MB": memory_mb("VmHWM") - before,
        "calls": memory.take_calls().len(),
        "desired": swept.desired,
        "in place": swept.in_place,
        "started": swept.started.len(),
        "left": swept.left,
    });
    println!("{figures}");
}
