//! The answer of the function `topology`: what it writes, and what the program `isthmus` and the picture read.
//!
//! A later release may add fields, which are ignored here. What changes the meaning of a field, or adds a [`Finding`],
//! changes the [`VERSION`], and such an answer is refused.

use serde::{Deserialize, Serialize};

mod peering;

pub use peering::{Finding, MissingRoute, Peering, RequestedBy, RouteCounts};

/// The version of the answer that this release writes and reads.
pub const VERSION: u32 = 1;

/// Every VPC and every peering that a stack sees, and what it finds about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Topology {
    /// The version of this form: [`VERSION`].
    pub version: u32,
    /// The stack's name, from its parameters.
    pub stack: String,
    /// The prefix of the tags that people write: the stack's parameter `TagPrefix`.
    #[serde(default = "default_prefix")]
    pub tag_prefix: String,
    /// When reading began: UTC, as ISO 8601.
    pub time: String,
    /// The VPCs of all accounts and Regions of the stack, tagged or not.
    pub vpcs: Vec<Vpc>,
    /// The pairs that tags or executions ask for, those that the ledger knows, and all other connections that are seen.
    pub peerings: Vec<Peering>,
    /// What could not be read. Nothing is known about the VPCs there but what other places say about them.
    #[serde(default)]
    pub unreachable: Vec<Unreachable>,
}

fn default_prefix() -> String {
    "isthmus".into()
}

/// A VPC, as EC2 describes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vpc {
    /// Where it is.
    #[serde(flatten)]
    pub end: End,
    /// Its tag `Name`, as its owner wrote it; empty without one. Not unique.
    #[serde(default)]
    pub name: String,
    /// Its associated blocks, IPv4 and IPv6.
    #[serde(default)]
    pub cidr_blocks: Vec<String>,
    /// The ids of its route tables.
    #[serde(default)]
    pub route_tables: Vec<String>,
    /// Whether its owner excludes it by the tag `isthmus:exclude`: nothing about its peerings is changed.
    #[serde(default)]
    pub excluded: bool,
    /// The words of its tags `isthmus:group…`: `<name>` or `<name>:<role>`.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The words of its tags `isthmus:peer…` that can be understood: whom it asks for.
    #[serde(default)]
    pub peers: Vec<String>,
    /// The words of its tags `isthmus:accept…` that can be understood: accounts and VPCs that may ask for it.
    #[serde(default)]
    pub accepts: Vec<String>,
}

impl Vpc {
    /// Whether it is the hub of a group.
    pub fn is_hub(&self) -> bool {
        self.groups.iter().any(|word| word.ends_with(":hub"))
    }
}

/// One end of a peering: a VPC, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct End {
    /// The Region's code.
    pub region: String,
    /// The account: 12 digits.
    pub owner_id: String,
    /// `vpc-…`.
    pub vpc_id: String,
}

/// A place, or an item of the ledger, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unreachable {
    /// The Region's code; none of a ledger's item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The account; none where the whole Region is meant, or an item of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// Why: AWS's code and the action, or the item and what is wrong with it.
    pub message: String,
}

/// Why a topology can't be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableTopology {
    /// It is of another release.
    #[error(
        "this topology is of version {0}, and this release reads version {VERSION}: use the release that the stack has"
    )]
    Version(u64),
    /// It is no topology.
    #[error("this is not an answer of the function topology: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Topology {
    /// Reads an answer. The version is checked first: of another one, nothing else can be relied on.
    pub fn parse(json: &[u8]) -> Result<Self, UnreadableTopology> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct OfAnyVersion {
            version: u64,
        }
        let OfAnyVersion { version } = serde_json::from_slice(json)?;
        match version == u64::from(VERSION) {
            true => Ok(serde_json::from_slice(json)?),
            false => Err(UnreadableTopology::Version(version)),
        }
    }
}
