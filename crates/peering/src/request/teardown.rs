//! The input of the teardown machine.

use crate::connection::End;
use crate::consent::RequestedBy;
use crate::error::Error;
use crate::ids::{AccountId, Malformed, Region, VpcId};
use crate::request::{distinct_ends, read};
use crate::stack::Stack;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A pair of VPCs whose peering is to be torn down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeardownRequest {
    /// The end that the input calls `VpcId`.
    pub end: End,
    /// The end that the input calls `PeerVpcId`.
    pub peer: End,
    /// Whether to answer with the plan and change nothing.
    pub dry_run: bool,
    /// When the teardown may begin.
    pub not_before: Option<Moment>,
    /// Who requests it.
    pub requested_by: RequestedBy,
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
    /// When it may begin: until then the execution waits, without holding the pair. At most a day ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Moment>,
    /// Who requests it. Grants nothing: what `tags` asks for is compared with the tags as they are.
    #[serde(default)]
    pub requested_by: RequestedBy,
}

impl TeardownInput {
    /// The input of the execution that tags start.
    pub fn by_tags(end: &End, peer: &End, not_before: Option<Moment>) -> Self {
        Self {
            vpc_id: end.vpc_id.clone(),
            region: Some(end.region.clone()),
            owner_id: Some(end.owner_id.clone()),
            peer_vpc_id: peer.vpc_id.clone(),
            peer_region: Some(peer.region.clone()),
            peer_owner_id: Some(peer.owner_id.clone()),
            dry_run: false,
            not_before,
            requested_by: RequestedBy::Tags,
        }
    }
}

impl TeardownRequest {
    /// Parses the input of an execution. Fails with [`Error::InvalidRequest`], naming the field.
    pub fn parse(input: &Value, stack: &Stack) -> Result<Self, Error> {
        let TeardownInput {
            vpc_id,
            region,
            owner_id,
            peer_vpc_id,
            peer_region,
            peer_owner_id,
            dry_run,
            not_before,
            requested_by,
        } = read(input)?;
        let (end, peer) = distinct_ends((vpc_id, region, owner_id), (peer_vpc_id, peer_region, peer_owner_id), stack)?;
        Ok(Self { end, peer, dry_run, not_before, requested_by })
    }
}

/// A moment in ISO 8601, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub i64);

impl TryFrom<String> for Moment {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        OffsetDateTime::parse(&text, &Rfc3339)
            .map(|moment| Self(moment.unix_timestamp()))
            .map_err(|_| Malformed(format!("{text:?} is not a time such as 2026-11-26T12:00:00Z")))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        f.write_str(&moment.format(&Rfc3339).unwrap_or_default())
    }
}
