//! Two VPCs in one Region, each of an owner of its own.

use crate::Memory;
use isthmus_peering::connection::End;
use isthmus_peering::ports::Location;
use serde_json::{Value, json};

/// The stack's account.
pub const HUB: &str = "123456789012";
/// The account of a member.
pub const MEMBER: &str = "222222222222";

/// An account in which nothing is read or written.
pub const EXTERNAL: &str = "555555555555";

/// A VPC of that account.
pub fn end(id: &str, owner: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": "us-east-1", "OwnerId": owner})).expect("an end")
}

/// The request to peer them.
pub fn request(end: &End, peer: &End, requested_by: &str) -> Value {
    json!({"VpcId": end.vpc_id, "OwnerId": end.owner_id, "PeerVpcId": peer.vpc_id, "PeerOwnerId": peer.owner_id,
           "RequestedBy": requested_by})
}

/// A VPC of the hub, and one of that account, each with two tables.
pub fn two(owner: &str) -> (Memory, End, End) {
    let (one, other) = (end("vpc-0000000a", HUB), end("vpc-0000000b", owner));
    let memory = Memory::default();
    memory.add_vpc(&one, &["10.1.0.0/16"], 2);
    memory.add_vpc(&other, &["10.2.0.0/16"], 2);
    (memory, one, other)
}

/// A VPC of the hub with two tables, and one of an external account with two blocks.
pub fn vendor() -> (Memory, End, End) {
    // The vendor's id is the smaller one: in the canonical direction it would be the requester.
    let (own, vendor) = (end("vpc-0000000b", HUB), end("vpc-0000000a", EXTERNAL));
    let memory = Memory::default();
    memory.add_vpc(&own, &["10.1.0.0/16"], 2);
    memory.add_vpc(&vendor, &["10.2.0.0/16", "10.3.0.0/16"], 2);
    memory.deny(&Location::from(&vendor));
    (memory, own, vendor)
}
