//! The inputs of both machines, and what they request. After parsing there are no strings that mean something.

mod tags;
mod teardown;

use crate::connection::End;
use crate::consent::RequestedBy;
use crate::error::Error;
use crate::ids::{AccountId, Region, VpcId};
use crate::selection::RouteSelection;
use crate::stack::Stack;
use crate::tags::{NAME, Tags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tags::check_tags;
pub use teardown::{Moment, TeardownInput, TeardownRequest};

/// A peering that is requested.
#[derive(Debug, Clone, PartialEq)]
pub struct PeeringRequest {
    /// The end that the input calls `VpcId`.
    pub end: End,
    /// The end that the input calls `PeerVpcId`.
    pub peer: End,
    /// `Tags`, and `Name` where the input gives one.
    pub tags: Tags,
    /// What to write in the route tables of `end`.
    pub routes: RouteSelection,
    /// What to write in the route tables of `peer`.
    pub peer_routes: RouteSelection,
    /// Whether each side resolves the other's public DNS hostnames to private addresses.
    pub dns_resolution: bool,
    /// Whether to answer with the plan and change nothing.
    pub dry_run: bool,
    /// Whether a connection that exists becomes this stack's, to keep and to tear down.
    pub take_over: bool,
    /// Who requests it, as the input claims.
    pub requested_by: RequestedBy,
}

/// The input of the peering machine, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct PeeringInput {
    /// One end.
    pub vpc_id: VpcId,
    /// Its Region; the stack's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Its account; the stack's by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<AccountId>,
    /// The other end.
    pub peer_vpc_id: VpcId,
    /// Its Region; `Region` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_region: Option<Region>,
    /// Its account; `OwnerId` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_owner_id: Option<AccountId>,
    /// The connection's `Name` tag; `<VpcId>/<PeerVpcId>` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Further tags of the connection.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// What to write in the route tables of `VpcId`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub routes: RouteSelection,
    /// What to write in the route tables of `PeerVpcId`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub peer_routes: RouteSelection,
    /// Whether each side resolves the other's public DNS hostnames to private addresses.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns_resolution: bool,
    /// Whether to answer with the plan and change nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dry_run: bool,
    /// Whether a connection that exists becomes this stack's, to keep and to tear down.
    #[serde(default, skip_serializing_if = "is_default")]
    pub take_over: bool,
    /// Who requests it. Grants nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requested_by: RequestedBy,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl PeeringRequest {
    /// Parses the input of an execution. Fails with [`Error::InvalidRequest`], naming the field.
    pub fn parse(input: &Value, stack: &Stack) -> Result<Self, Error> {
        let input: PeeringInput = read(input)?;
        check_tags(&input, stack)?;
        let (end, peer) = distinct_ends(
            (input.vpc_id, input.region, input.owner_id),
            (input.peer_vpc_id, input.peer_region, input.peer_owner_id),
            stack,
        )?;
        for (end, field, selection) in [(&end, "Routes", &input.routes), (&peer, "PeerRoutes", &input.peer_routes)] {
            if stack.is_external(&end.owner_id) && !is_default(selection) {
                let message = format!("nothing is written in the external account {}: leave it out", end.owner_id);
                return Err(Error::invalid(field, message));
            }
        }
        let mut tags = input.tags;
        tags.extend(input.name.map(|name| (NAME.to_owned(), name)));
        Ok(Self {
            end,
            peer,
            tags,
            routes: input.routes,
            peer_routes: input.peer_routes,
            dns_resolution: input.dns_resolution,
            dry_run: input.dry_run,
            take_over: input.take_over,
            requested_by: input.requested_by,
        })
    }

    /// What this request puts on that end's side of the connection: `Name` and the stack's `ConnectionTags` on both, the
    /// others where the asker's word counts. An event asks for the account of the end that it names first, everything else for the stack's.
    pub fn tags_at(&self, end: &End, stack: &Stack) -> Tags {
        let asker = if self.requested_by == RequestedBy::Event { &self.end.owner_id } else { &stack.account };
        let mut tags = self.tags.clone();
        tags.retain(|key, _| key == NAME || end.owner_id == *asker);
        tags.extend(stack.connection_tags.clone());
        tags
    }

    /// The tags of a connection that this request makes, on its requester's side. An adopted one keeps its name unless the
    /// request gives another: A→B and B→A would rename it back and forth.
    pub fn tags_at_creation(&self, stack: &Stack) -> Tags {
        let mut tags = self.tags_at(self.direction(stack).0, stack);
        tags.entry(NAME.into()).or_insert_with(|| format!("{}/{}", self.end.vpc_id, self.peer.vpc_id));
        tags
    }

    /// The same, with the other end named first.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { end: self.peer, peer: self.end, routes: self.peer_routes, peer_routes: self.routes, ..self }
    }

    /// The two ends in the one direction in which this stack requests the pair: requester, accepter.
    pub fn direction(&self, stack: &Stack) -> (&End, &End) {
        stack.direction(&self.end, &self.peer)
    }
}

impl PeeringInput {
    /// The input of an execution that tags start: the ends alone. What the tags request is read when it plans.
    pub fn by_tags(end: &End, peer: &End) -> Self {
        Self {
            vpc_id: end.vpc_id.clone(),
            region: Some(end.region.clone()),
            owner_id: Some(end.owner_id.clone()),
            peer_vpc_id: peer.vpc_id.clone(),
            peer_region: Some(peer.region.clone()),
            peer_owner_id: Some(peer.owner_id.clone()),
            name: None,
            tags: Tags::new(),
            routes: RouteSelection::default(),
            peer_routes: RouteSelection::default(),
            dns_resolution: false,
            dry_run: false,
            take_over: false,
            requested_by: RequestedBy::Tags,
        }
    }
}

/// The same with every default written out.
impl From<PeeringRequest> for PeeringInput {
    fn from(request: PeeringRequest) -> Self {
        let ends = Self::by_tags(&request.end, &request.peer);
        let PeeringRequest { mut tags, routes, peer_routes, dns_resolution, dry_run, take_over, requested_by, .. } =
            request;
        let name = tags.remove(NAME);
        Self { name, tags, routes, peer_routes, dns_resolution, dry_run, take_over, requested_by, ..ends }
    }
}

/// An end as an input spells it: what it leaves out has a default.
type SpelledEnd = (VpcId, Option<Region>, Option<AccountId>);

/// The two ends: the first defaults to the stack's Region and account, the other one to those of the first.
fn distinct_ends(end: SpelledEnd, peer: SpelledEnd, stack: &Stack) -> Result<(End, End), Error> {
    let (vpc_id, region, owner_id) = end;
    let end = End {
        vpc_id,
        region: region.unwrap_or_else(|| stack.region.clone()),
        owner_id: owner_id.unwrap_or_else(|| stack.account.clone()),
    };
    let (vpc_id, region, owner_id) = peer;
    let peer = End {
        vpc_id,
        region: region.unwrap_or_else(|| end.region.clone()),
        owner_id: owner_id.unwrap_or_else(|| end.owner_id.clone()),
    };
    if end.vpc_id == peer.vpc_id {
        let message = format!("{} can't be peered with itself: name another VPC", end.vpc_id);
        return Err(Error::invalid("PeerVpcId", message));
    }
    Ok((end, peer))
}

/// Reads an input, naming the field that can't be read.
fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Error> {
    // serde would read a list as the fields in their order.
    if !input.is_object() {
        return Err(Error::invalid("$", "the input is not a JSON object: write one with VpcId and PeerVpcId"));
    }
    serde_path_to_error::deserialize(input).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        Error::invalid(offending_field(path, &message), message)
    })
}

/// serde reports a missing field with the path of what lacks it; the field itself is what a person looks for.
fn offending_field(path: String, message: &str) -> String {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match (path.as_str(), missing) {
        (_, Some(field)) => field.to_owned(),
        ("." | "", None) => "$".to_owned(),
        _ => path,
    }
}
