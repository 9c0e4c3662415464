//! The input of the teardown state machine: which pair to take apart.

use crate::connection::End;
use crate::error::Error;
use crate::ids::{AccountId, Region, VpcId};
use crate::request::{distinct_ends, read};
use crate::stack::Stack;
use serde::Deserialize;
use serde_json::Value;

/// A pair of VPCs that shall no longer be peered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teardown {
    /// The end that the input calls `VpcId`.
    pub end: End,
    /// The end that the input calls `PeerVpcId`.
    pub peer: End,
    /// Whether to answer with the plan and change nothing.
    pub dry_run: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Input {
    vpc_id: VpcId,
    region: Option<Region>,
    owner_id: Option<AccountId>,
    peer_vpc_id: VpcId,
    peer_region: Option<Region>,
    peer_owner_id: Option<AccountId>,
    #[serde(default)]
    dry_run: bool,
}

impl Teardown {
    /// Reads the input of an execution. Fails with [`Error::InvalidRequest`], naming the field.
    pub fn parse(input: &Value, stack: &Stack) -> Result<Self, Error> {
        let Input { vpc_id, region, owner_id, peer_vpc_id, peer_region, peer_owner_id, dry_run } = read(input)?;
        let (end, peer) = distinct_ends((vpc_id, region, owner_id), (peer_vpc_id, peer_region, peer_owner_id), stack)?;
        Ok(Self { end, peer, dry_run })
    }
}
