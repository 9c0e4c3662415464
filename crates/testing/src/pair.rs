//! Two VPCs in two Regions, a request to peer them, and what must be true once they are.

use crate::chain::execute;
use crate::memory::Memory;
use isthmus_peering::connection::{End, Status};
use isthmus_peering::route_tables::{Route, Target};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many calls a first run of the request makes: two of VPCs, one of connections, two of tables; create, the tags of the
/// other side, accept, and one look that finds it active; six routes.
pub const CALLS: usize = 5 + 2 + 2 + 6;

/// A VPC of the stack's account.
pub fn end(id: &str, region: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": region, "OwnerId": "123456789012"})).expect("an end")
}

/// The two VPCs.
pub fn ends() -> (End, End) {
    (end("vpc-0000000b", "us-east-1"), end("vpc-0000000a", "eu-west-1"))
}

/// Two VPCs with two tables each: 2 × 2 + 2 × 1 routes.
pub fn network() -> Memory {
    let (one, other) = ends();
    let memory = Memory::default();
    memory.add_vpc(&one, &["10.1.0.0/16"], 2);
    memory.add_vpc(&other, &["10.2.0.0/16", "fd00:2::/56"], 2);
    memory
}

/// The request to peer them.
pub fn request() -> Value {
    json!({"VpcId": "vpc-0000000b", "PeerVpcId": "vpc-0000000a", "PeerRegion": "eu-west-1"})
}

/// The same, with the other end named first.
pub fn swapped() -> Value {
    json!({"VpcId": "vpc-0000000a", "Region": "eu-west-1", "PeerVpcId": "vpc-0000000b", "PeerRegion": "us-east-1"})
}

/// One live connection, which is active, and every route there once.
pub fn assert_peered(memory: &Memory) {
    let live: Vec<_> = memory.connections().into_iter().filter(|c| c.status.is_live()).collect();
    assert_eq!(live.len(), 1, "{live:?}");
    assert_eq!(live[0].status, Status::Active);
    assert_eq!(routes_to_peerings(memory), 6);
    for table in [ends().0, ends().1].iter().flat_map(|end| memory.tables(end)) {
        for route in table.routes.iter().filter(|r| matches!(r.target, Target::Peering(_))) {
            assert_eq!(route.target, Target::Peering(live[0].id().clone()));
        }
    }
}

/// How many routes of both lead to any connection.
pub fn routes_to_peerings(memory: &Memory) -> usize {
    let tables = [ends().0, ends().1].into_iter().flat_map(|end| memory.tables(&end));
    tables.flat_map(|table| table.routes).filter(|route| matches!(route.target, Target::Peering(_))).count()
}

/// A peering that is complete.
pub async fn peered() -> Memory {
    let memory = network();
    execute(&memory, "the first", &request()).await.expect("peered");
    memory
}

const GATEWAY: &str = "tgw-0123456789abcdef0";

/// Somebody else's route.
pub fn foreign(destination: &str) -> Route {
    let target = Target::Other(GATEWAY.into());
    Route { destination: destination.parse().expect("a block"), target, blackhole: false, propagated: false }
}

/// Whether that table of the VPC has one.
pub fn has_foreign(memory: &Memory, end: &End, table: usize) -> bool {
    memory.tables(end)[table].routes.iter().any(|route| route.target == Target::Other(GATEWAY.into()))
}

/// The tables of the VPC by number, and the destinations that lead to a connection.
pub fn routed(memory: &Memory, end: &End) -> BTreeSet<(usize, String)> {
    let tables = memory.tables(end).into_iter().enumerate();
    let routes = tables.flat_map(|(number, table)| table.routes.into_iter().map(move |route| (number, route)));
    let leading = routes.filter(|(_, route)| matches!(route.target, Target::Peering(_)));
    leading.map(|(number, route)| (number, route.destination.to_string())).collect()
}
