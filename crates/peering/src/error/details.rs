//! Parts of the causes of failures.

use crate::cidr::Overlap;
use crate::connection::End;
use crate::groups::GroupName;
use crate::ids::{AccountId, RouteTableId, VpcId, VpcPeeringConnectionId};
use crate::ledger::PairKey;
use ipnet::IpNet;
use serde::{Serialize, Serializer};
use std::fmt;

/// A connection that reached a status from which it never becomes active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EndedConnection {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// EC2's message about it.
    pub status_message: String,
}

/// What a denied call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A permission, or the Region.
    Call,
    /// A session in that account: STS makes it in the stack's Region, which the account has not enabled.
    HomeRegionOff,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "allow it to the stack's role in that account, and enable that Region if it is off",
            Self::HomeRegionOff => "that account has to enable the stack's own Region, in which its sessions are made",
        })
    }
}

/// A VPC that does not exist in the account and Region that a request says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingVpc {
    /// The end as the request has it.
    #[serde(flatten)]
    pub end: End,
    /// Where a connection shows it, and the fields that say something else: `Region` or `PeerOwnerId`, for example.
    #[serde(skip)]
    pub elsewhere: Option<(VpcPeeringConnectionId, Vec<(&'static str, String)>)>,
}

impl fmt::Display for MissingVpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { end, elsewhere } = self;
        match elsewhere {
            None => write!(f, "{end} does not exist: check VpcId, Region and OwnerId of that end"),
            Some((id, fields)) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
                write!(f, "{end} is not what {id} joins: write {}", fields.join(" and "))
            }
        }
    }
}

/// A pair that the brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HeldPair {
    /// One end.
    pub vpc_id: VpcId,
    /// The other.
    pub peer_vpc_id: VpcId,
}

impl HeldPair {
    /// That pair.
    pub fn of(pair: &PairKey) -> Self {
        let [vpc_id, peer_vpc_id] = pair.ends().map(|end| end.vpc_id.clone());
        Self { vpc_id, peer_vpc_id }
    }
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

/// An end whose tags ask for the peering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskingEnd {
    /// The end.
    #[serde(flatten)]
    pub end: TaggedEnd,
    /// The group that asks for it, where no `peer` tag does.
    #[serde(skip)]
    pub group: Option<GroupName>,
}

impl fmt::Display for AskingEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaggedEnd { vpc_id, peer: End { vpc_id: peer, .. }, tag_prefix: prefix, .. } = &self.end;
        match &self.group {
            None => write!(
                f,
                "the tag {prefix}:peer of {vpc_id} names {peer}: remove it from that tag, and the peering is torn down"
            ),
            Some(group) => write!(
                f,
                "the tags {prefix}:group of {vpc_id} and {peer} make both members of {group}: take one of them out of it first"
            ),
        }
    }
}

/// An end that may not be peered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UntrustedEnd {
    /// The end.
    #[serde(flatten)]
    pub end: TaggedEnd,
    /// Whether its account is one of the stack's, so that its owner's consent is what is missing.
    #[serde(skip)]
    pub is_admitted: bool,
}

impl fmt::Display for UntrustedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaggedEnd { vpc_id, owner_id, peer, tag_prefix } = &self.end;
        match self.is_admitted {
            true => write!(
                f,
                "{vpc_id} of {owner_id} has not consented: its owner has to tag it {tag_prefix}:accept={} (or {})",
                peer.vpc_id, peer.owner_id
            ),
            false => write!(
                f,
                "{vpc_id} is of {owner_id}, which is none of this stack's accounts: its owner has to add that to MemberAccounts"
            ),
        }
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

impl Conflict {
    /// The warning that it is, in an established peering.
    pub(crate) fn kept(&self) -> String {
        let Self { route_table_id, destination_cidr_block, target } = self;
        format!("{route_table_id} routes {destination_cidr_block} to {target}, which isn't ours: it was kept")
    }
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

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

pub(super) fn overlaps_in_words(overlaps: &[Overlap]) -> String {
    let pairs: Vec<String> =
        overlaps.iter().map(|o| format!("{} overlaps {}", o.cidr_block, o.peer_cidr_block)).collect();
    pairs.join(", ")
}

pub(super) fn conflicts_in_words(conflicts: &[Conflict]) -> String {
    let Some(first) = conflicts.first() else { return String::new() };
    let more = match conflicts.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    format!("{} already routes {} to {}{more}", first.route_table_id, first.destination_cidr_block, first.target)
}
