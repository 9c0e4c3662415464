//! The input of the teardown machine.

use crate::connection::End;
use crate::error::Error;
use crate::ids::{AccountId, Region, VpcId};
use crate::request::{distinct_ends, read};
use crate::stack::Stack;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pair of VPCs whose peering is to be torn down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeardownRequest {
    /// The end that the input calls `VpcId`.
    pub end: End,
    /// The end that the input calls `PeerVpcId`.
    pub peer: End,
    /// Whether to answer with the plan and change nothing.
    pub dry_run: bool,
}

/// The input of the teardown machine, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TeardownInput {
    /// One end.
    pub vpc_id: VpcId,
    /// Its Region; the stack's by default.
    pub region: Option<Region>,
    /// Its account; the stack's by default.
    pub owner_id: Option<AccountId>,
    /// The other end.
    pub peer_vpc_id: VpcId,
    /// Its Region; `Region` by default.
    pub peer_region: Option<Region>,
    /// Its account; `OwnerId` by default.
    pub peer_owner_id: Option<AccountId>,
    /// Whether to answer with the plan and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

impl TeardownInput {
    /// The input that tears this pair down.
    pub fn of(end: &End, peer: &End) -> Self {
        Self {
            vpc_id: end.vpc_id.clone(),
            region: Some(end.region.clone()),
            owner_id: Some(end.owner_id.clone()),
            peer_vpc_id: peer.vpc_id.clone(),
            peer_region: Some(peer.region.clone()),
            peer_owner_id: Some(peer.owner_id.clone()),
            dry_run: false,
        }
    }
}

impl TeardownRequest {
    /// Parses the input of an execution. Fails with [`Error::InvalidRequest`], naming the field.
    pub fn parse(input: &Value, stack: &Stack) -> Result<Self, Error> {
        let TeardownInput { vpc_id, region, owner_id, peer_vpc_id, peer_region, peer_owner_id, dry_run } = read(input)?;
        let (end, peer) = distinct_ends((vpc_id, region, owner_id), (peer_vpc_id, peer_region, peer_owner_id), stack)?;
        Ok(Self { end, peer, dry_run })
    }
}
