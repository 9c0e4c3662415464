//! Parts of the causes of failures.

use crate::connection::End;
use crate::ids::{AccountId, RouteTableId, VpcId, VpcPeeringConnectionId};
use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// A connection that reached a status from which it never becomes active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EndedConnection {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// EC2's message about it.
    pub status_message: String,
}

/// An end whose tags, or missing tags, are the reason of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaggedEnd {
    /// The end's VPC.
    pub vpc_id: VpcId,
    /// Its account.
    pub owner_id: AccountId,
    /// The other end.
    #[serde(skip)]
    pub peer: End,
    /// What the stack's tag keys begin with.
    #[serde(skip)]
    pub tag_prefix: String,
}

impl TaggedEnd {
    /// The end `end` of the pair with `peer`.
    pub fn of(end: &End, peer: &End, tag_prefix: &str) -> Box<Self> {
        let End { vpc_id, owner_id, .. } = end.clone();
        Box::new(Self { vpc_id, owner_id, peer: peer.clone(), tag_prefix: tag_prefix.into() })
    }
}

/// A route that prevents one of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Conflict {
    /// The table.
    pub route_table_id: RouteTableId,
    /// The destination of both, IPv4 or IPv6.
    pub destination_cidr_block: IpNet,
    /// The target of the existing route.
    pub target: String,
}

/// A quota of AWS, by its name in the Service Quotas console.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Counted for IPv4 and IPv6 apart; propagated routes don't count.
    RoutesPerRouteTable,
    /// Active connections of a VPC.
    ActivePeeringsPerVpc,
    /// Requests of an account in a Region that are not accepted yet.
    OutstandingPeeringRequests,
}

impl Quota {
    /// Its name in the Service Quotas console.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoutesPerRouteTable => "Routes per route table",
            Self::ActivePeeringsPerVpc => "Active VPC peering connections per VPC",
            Self::OutstandingPeeringRequests => "Outstanding VPC peering connection requests",
        }
    }
}

impl std::fmt::Display for Quota {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Quota {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What is full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum FullResource {
    /// A VPC.
    VpcId(VpcId),
    /// A route table.
    RouteTableId(RouteTableId),
}

impl FullResource {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::VpcId(id) => id.as_str(),
            Self::RouteTableId(id) => id.as_str(),
        }
    }
}
