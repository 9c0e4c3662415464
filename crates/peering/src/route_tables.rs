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
    /// Its routes whose destination is a CIDR block. Routes to a prefix list are left out: their blocks are not in the
    /// table, and a more specific route beside them wins.
    pub routes: Vec<Route>,
}

impl RouteTable {
    /// The route in force for exactly that destination: where a static and a propagated one exist, the static one.
    pub fn route_to(&self, destination: IpNet) -> Option<&Route> {
        let same_destination = self.routes.iter().filter(|route| route.destination == destination);
        same_destination.min_by_key(|route| route.propagated)
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
    /// Whether a virtual private gateway propagated it: a static route to the same destination silently wins.
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
