//! A pair, its connection, and what is found about it.

use crate::End;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A pair of VPCs that is peered, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Peering {
    /// The connection, where there is one: `pcx-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_peering_connection_id: Option<String>,
    /// EC2's code for the connection's status, such as `active` or `pending-acceptance`; none without a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The requester of the connection; without one, who would be.
    pub requester: End,
    /// The accepter of the connection; without one, who would be.
    pub accepter: End,
    /// Whether the ledger has the connection as made or taken over by this stack. An adopted one isn't.
    #[serde(default)]
    pub ours: bool,
    /// Who asks for the peering, from the tags and the ledger.
    #[serde(default)]
    pub requested_by: RequestedBy,
    /// What is found about it.
    pub finding: Finding,
    /// In what it differs, as the sweep reports it: `Missing`, `NotActive`, `Routes`, `DnsResolution`, `Unrecorded`,
    /// `NotRequested`, `Blackhole`, or an error's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
    /// The public name of the error that prevents it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is wrong and what to do: the error's sentence, or for what the pair waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The id of the end whose owner has to consent or accept, where that is what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// The routes of each side, by the id of the VPC whose tables they are in.
    #[serde(default)]
    pub routes: BTreeMap<String, RouteCounts>,
    /// Whether public DNS names of each VPC resolve to private addresses in the other.
    #[serde(default)]
    pub dns_resolution: bool,
}

/// What is found about a pair. The sweep comes to the same by the same plan.
///
/// In this order they are drawn: the last is on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Finding {
    /// A connection that nobody asks this stack for and that it doesn't use.
    Foreign,
    /// It is as it is asked for: the connection, the routes, DNS resolution. So is one that the stack keeps for a pipeline or by
    /// its parameters.
    InPlace,
    /// Nothing has to be repaired, but it isn't done: an execution works on it, an owner has yet to consent or accept, a
    /// teardown waits for its time, or the brake holds it (`Error` is then `TeardownHeld`).
    Waiting,
    /// It is asked for, and there is no connection.
    Missing,
    /// There is a connection, and something differs from what is asked for, or it isn't asked for any more.
    Drift,
    /// It can't be as it is asked for: the last attempt was refused, or the next one would be. `Error` says by what.
    Failed,
}

impl Finding {
    /// All, in the order in which they are drawn.
    pub const ALL: [Self; 6] = [Self::Foreign, Self::InPlace, Self::Waiting, Self::Missing, Self::Drift, Self::Failed];

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Foreign => "not ours",
            Self::InPlace => "in place",
            Self::Waiting => "waiting",
            Self::Missing => "missing",
            Self::Drift => "drift",
            Self::Failed => "failed",
        }
    }

    /// Whether somebody has to look at it.
    pub fn needs_attention(self) -> bool {
        !matches!(self, Self::Foreign | Self::InPlace)
    }
}

/// Who asks for a peering. All empty: nobody does.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestedBy {
    /// The ids of the ends whose tags name the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The names of the groups that join the two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whether an execution asked that a person, a pipeline or an event started.
    #[serde(default, skip_serializing_if = "is_false")]
    pub execution: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The routes in the tables of one VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RouteCounts {
    /// How many are asked for.
    pub wanted: usize,
    /// How many of these lead to the connection.
    pub present: usize,
    /// Some of the others, at most 100 a side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingRoute>,
}

/// A route that is asked for and isn't there, or leads elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MissingRoute {
    /// The table.
    pub route_table_id: String,
    /// The destination, IPv4 or IPv6.
    pub destination_cidr_block: String,
}
