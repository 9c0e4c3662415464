//! VPC peering connections: their lifecycle, and which one of several belongs to a pair of VPCs.

use crate::ids::{AccountId, Region, VpcId, VpcPeeringConnectionId};
use crate::stack::Stack;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// One end of a peering: a VPC, its Region and its account.
///
/// The order of ends is the canonical direction of a pair: the smaller is the requester. EC2 makes two connections of
/// A→B and B→A, but answers the existing one to a second A→B; so every request for a pair goes in the same direction.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct End {
    /// The VPC.
    pub vpc_id: VpcId,
    /// The Region it is in.
    pub region: Region,
    /// The account that owns it.
    pub owner_id: AccountId,
}

impl End {
    /// Whether the two see different tags on one connection: these belong to one account and Region.
    /// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
    pub fn sees_other_tags_than(&self, other: &Self) -> bool {
        (&self.region, &self.owner_id) != (&other.region, &other.owner_id)
    }

    /// The VPC's ARN in that partition.
    pub fn arn(&self, partition: &str) -> String {
        let Self { vpc_id, region, owner_id } = self;
        format!("arn:{partition}:ec2:{region}:{owner_id}:vpc/{vpc_id}")
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} of {}", self.vpc_id, self.region, self.owner_id)
    }
}

/// A VPC as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its associated blocks, primary first, then secondary, then IPv6.
    pub cidr_blocks: Vec<IpNet>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A connection as one side sees it. Tags belong to one account and Region: `tags` are those of the side asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id and its ends.
    pub identity: ConnectionIdentity,
    /// Its status.
    pub status: Status,
    /// EC2's message about the status.
    pub status_message: String,
    /// The tags on the side that was asked.
    pub tags: BTreeMap<String, String>,
    /// Which sides allow DNS resolution from the other.
    pub dns_resolution: DnsSides,
    /// The blocks of both VPCs, requester and accepter, as far as EC2 shows them: all of an active connection, and perhaps the
    /// requester's before.
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html>
    pub cidr_blocks: [Vec<IpNet>; 2],
    /// When the request expires if it is not accepted, in seconds since 1970.
    pub expires_at: Option<i64>,
}

/// What identifies a connection and never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionIdentity {
    /// `pcx-…`
    pub id: VpcPeeringConnectionId,
    /// The end that requested it.
    pub requester: End,
    /// The end that accepts it.
    pub accepter: End,
}

/// The two sides of a connection, for DNS resolution from the remote VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DnsSides {
    /// The requester's side.
    pub requester: bool,
    /// The accepter's side.
    pub accepter: bool,
}

/// The status of a connection, in the order of its lifecycle.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Just requested.
    InitiatingRequest,
    /// Not accepted yet; expires after seven days.
    PendingAcceptance,
    /// Accepted, not active yet.
    Provisioning,
    /// Carries traffic.
    Active,
    /// The request was invalid: overlapping blocks, or an account or VPC that does not exist. Can't be deleted.
    Failed,
    /// Not accepted within seven days.
    Expired,
    /// Rejected by the accepter.
    Rejected,
    /// Being deleted.
    Deleting,
    /// Deleted; EC2 shows it for a while.
    Deleted,
}

impl Status {
    /// Whether the connection is, or can still become, active.
    pub fn is_live(self) -> bool {
        self <= Self::Active
    }

    /// As EC2 spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InitiatingRequest => "initiating-request",
            Self::PendingAcceptance => "pending-acceptance",
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Connection {
    /// `pcx-…`
    pub fn id(&self) -> &VpcPeeringConnectionId {
        &self.identity.id
    }

    /// The blocks of that end's VPC, as far as EC2 shows them here.
    pub fn blocks_of(&self, end: &End) -> &[IpNet] {
        let [requester, accepter] = &self.cidr_blocks;
        if self.identity.requester == *end { requester } else { accepter }
    }
}

impl ConnectionIdentity {
    /// Whether it joins these two VPCs, in either direction: both ids, Regions and owners.
    pub fn joins(&self, one: &End, other: &End) -> bool {
        let ends = (&self.requester, &self.accepter);
        ends == (one, other) || ends == (other, one)
    }

    /// The end that isn't this one.
    pub fn other(&self, end: &End) -> &End {
        if self.requester == *end { &self.accepter } else { &self.requester }
    }
}

/// The two ends in the one direction in which this pair is requested: requester, accepter.
pub fn canonical<'e>(one: &'e End, other: &'e End) -> (&'e End, &'e End) {
    if one < other { (one, other) } else { (other, one) }
}

/// The live connection to use for a pair, whoever made it and in either direction: the furthest in its lifecycle; of two
/// opposite requests the one that an external account made, for that is the one that we can accept, or else the earlier,
/// because EC2 refuses to accept the later one.
pub fn adopt<'c>(connections: &'c [Connection], one: &End, other: &End, stack: &Stack) -> Option<&'c Connection> {
    connections
        .iter()
        .filter(|connection| connection.status.is_live() && connection.identity.joins(one, other))
        .max_by_key(|connection| {
            let ConnectionIdentity { requester, accepter, .. } = &connection.identity;
            let is_theirs = stack.is_external(&requester.owner_id);
            (connection.status, is_theirs, Reverse(connection.expires_at), requester < accepter, connection.id())
        })
}
