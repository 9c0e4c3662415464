//! Route tables as EC2 describes them, reduced to what planning needs.

use crate::ids::{RouteTableId, SubnetId, VpcPeeringConnectionId};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A route table of a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-…`
    pub id: RouteTableId,
    /// Whether it is the main table: the one of every subnet without an association of its own.
    pub main: bool,
    /// Whether it is associated with a gateway ("edge association") rather than with subnets.
    pub edge: bool,
    /// The subnets explicitly associated with it.
    pub subnets: BTreeSet<SubnetId>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its routes whose destination is a CIDR block.
    pub routes: Vec<Route>,
    /// Its routes whose destination is a prefix list.
    pub prefix_lists: Vec<PrefixListRoute>,
}

impl RouteTable {
    /// The route in force for exactly that destination: where a static and a propagated one exist, the static one.
    pub fn route_to(&self, destination: IpNet) -> Option<&Route> {
        let same_destination = self.routes.iter().filter(|route| route.destination == destination);
        same_destination.min_by_key(|route| route.propagated)
    }
}

/// A route whose destination is a prefix list. A static route to a block of the list has priority over it.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixListRoute {
    /// `pl-…`
    pub id: String,
    /// The target.
    pub target: Target,
    /// The blocks of the list; `None` where we are not allowed to read it. Empty for one of AWS's own services.
    pub blocks: Option<Vec<IpNet>>,
    /// Whether they are IPv6 blocks.
    pub is_v6: bool,
    /// How many routes it counts for: the most blocks that the list may have.
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html>
    pub size: usize,
}

impl PrefixListRoute {
    /// Its target, with the list.
    pub fn via(&self) -> String {
        format!("{} by the prefix list {}", self.target, self.id)
    }
}

/// One route of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The destination block.
    pub destination: IpNet,
    /// The target.
    pub target: Target,
    /// Whether its target is gone or not yet active, so that its packets are dropped.
    pub blackhole: bool,
    /// Whether a virtual private gateway or a route server propagated it: a static route to the same destination silently wins.
    pub propagated: bool,
}

/// The target of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A peering connection.
    Peering(VpcPeeringConnectionId),
    /// Anything else, by AWS's own name for it: `local`, `igw-…`, `tgw-…`.
    Other(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peering(id) => id.fmt(f),
            Self::Other(name) => f.write_str(name),
        }
    }
}
