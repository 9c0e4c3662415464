//! VPC peering connections: their life, and which one of several belongs to a pair of VPCs.

use crate::ids::{AccountId, Region, VpcId, VpcPeeringConnectionId};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

/// One end of a peering: a VPC, and where it lives.
///
/// The order of ends is the one canonical direction of a pair: the smaller is the requester. EC2 makes two
/// connections of A→B and B→A, but answers the existing one to a second A→B; so whoever asks, and however often at
/// once, asks in the same direction.
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
    /// What doesn't change over its life.
    pub record: Record,
    /// Where it is in its life.
    pub status: Status,
    /// EC2's words about the status.
    pub status_message: String,
    /// The tags on the side that was asked.
    pub tags: BTreeMap<String, String>,
    /// Which sides let the other resolve their DNS names.
    pub dns_resolution: DnsSides,
    /// When a request that nobody accepts expires: seven days after it was made, in seconds since 1970.
    pub expires_at: Option<i64>,
}

/// What identifies a connection and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// `pcx-…`
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// The end that asked.
    pub requester: End,
    /// The end that is asked.
    pub accepter: End,
}

/// The two sides of a connection, for DNS resolution from the remote VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DnsSides {
    /// The requester's side.
    pub requester: bool,
    /// The accepter's side.
    pub accepter: bool,
}

/// Where a connection is in its life.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Made a moment ago.
    InitiatingRequest,
    /// Waits for the accepter, for seven days.
    PendingAcceptance,
    /// Accepted, and on its way to active.
    Provisioning,
    /// Carries traffic.
    Active,
    /// The request was no good: overlapping blocks, or an account or VPC that isn't there. Can't be deleted.
    Failed,
    /// Nobody accepted it in seven days.
    Expired,
    /// The accepter refused.
    Rejected,
    /// On its way out.
    Deleting,
    /// Gone; the record stays visible for a while.
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
        &self.record.vpc_peering_connection_id
    }
}

impl Record {
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

/// The two ends in the one direction in which this pair is ever requested: requester, accepter.
pub fn canonical<'e>(one: &'e End, other: &'e End) -> (&'e End, &'e End) {
    if one < other { (one, other) } else { (other, one) }
}

/// The live connection to use for a pair, whoever made it and in whichever direction: the furthest in its life, and of
/// two opposite requests the earlier, because EC2 refuses to accept the later one.
pub fn adopt<'c>(connections: &'c [Connection], one: &End, other: &End) -> Option<&'c Connection> {
    connections
        .iter()
        .filter(|connection| connection.status.is_live() && connection.record.joins(one, other))
        .max_by_key(|connection| {
            let Record { requester, accepter, .. } = &connection.record;
            (connection.status, Reverse(connection.expires_at), requester < accepter, connection.id())
        })
}
