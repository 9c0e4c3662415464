//! The input of the state machine, parsed once. Past this door there are no strings that mean something.

use crate::connection::{End, canonical};
use crate::error::Error;
use crate::ids::{AccountId, Region, VpcId};
use crate::network::Tags;
use crate::selection::RouteSelection;
use crate::stack::{OWN_TAGS, Stack, TAGS_OF_A_RESOURCE};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A peering that somebody wishes.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
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
    /// Whether each side shall resolve the other's private DNS names.
    pub dns_resolution: bool,
    /// Whether to answer with the plan and change nothing.
    pub dry_run: bool,
}

/// The input as it is spelt. Whoever starts an execution from Rust writes this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Input {
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
    #[serde(default)]
    pub routes: RouteSelection,
    /// What to write in the route tables of `PeerVpcId`.
    #[serde(default)]
    pub peer_routes: RouteSelection,
    /// Whether each side shall resolve the other's private DNS names.
    #[serde(default)]
    pub dns_resolution: bool,
    /// Whether to answer with the plan and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// AWS's limits on tags. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>
const TAG_KEY_CHARACTERS: usize = 128;
const TAG_VALUE_CHARACTERS: usize = 256;
/// Those of a resource, less `Name` and the two that say whose it is.
const TAGS: usize = TAGS_OF_A_RESOURCE - 3;

impl Request {
    /// Reads the input of an execution. Fails with [`Error::InvalidRequest`], naming the field.
    pub fn parse(input: &Value, stack: &Stack) -> Result<Self, Error> {
        let input: Input = read(input)?;
        check_tags(&input, stack)?;
        let (end, peer) = distinct_ends(
            (input.vpc_id, input.region, input.owner_id),
            (input.peer_vpc_id, input.peer_region, input.peer_owner_id),
            stack,
        )?;
        let mut tags = input.tags;
        tags.extend(input.name.map(|name| ("Name".to_owned(), name)));
        Ok(Self {
            end,
            peer,
            tags,
            routes: input.routes,
            peer_routes: input.peer_routes,
            dns_resolution: input.dns_resolution,
            dry_run: input.dry_run,
        })
    }

    /// The tags of a connection that this request makes. One that is there already keeps its name unless the request
    /// gives another: A→B and B→A would rename it back and forth.
    pub fn tags_at_creation(&self) -> Tags {
        let mut tags = self.tags.clone();
        tags.entry("Name".into()).or_insert_with(|| format!("{}/{}", self.end.vpc_id, self.peer.vpc_id));
        tags
    }

    /// The same, seen from the other end.
    #[must_use]
    pub fn turned(self) -> Self {
        Self { end: self.peer, peer: self.end, routes: self.peer_routes, peer_routes: self.routes, ..self }
    }

    /// The two ends in the one direction in which this pair is ever requested: requester, accepter.
    pub fn canonical(&self) -> (&End, &End) {
        canonical(&self.end, &self.peer)
    }
}

/// The same, spelt out: what the input left to the defaults is written down.
impl From<Request> for Input {
    fn from(request: Request) -> Self {
        let Request { end, peer, mut tags, routes, peer_routes, dns_resolution, dry_run } = request;
        let name = tags.remove("Name");
        Self {
            vpc_id: end.vpc_id,
            region: Some(end.region),
            owner_id: Some(end.owner_id),
            peer_vpc_id: peer.vpc_id,
            peer_region: Some(peer.region),
            peer_owner_id: Some(peer.owner_id),
            name,
            tags,
            routes,
            peer_routes,
            dns_resolution,
            dry_run,
        }
    }
}

/// An end as an input spells it: what it leaves out has a default.
type SpeltEnd = (VpcId, Option<Region>, Option<AccountId>);

/// The two ends: the first defaults to the stack's Region and account, the other one to those of the first.
pub(crate) fn distinct_ends(end: SpeltEnd, peer: SpeltEnd, stack: &Stack) -> Result<(End, End), Error> {
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
pub(crate) fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Error> {
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

fn check_tags(input: &Input, stack: &Stack) -> Result<(), Error> {
    let own = format!("{}:", stack.tag_prefix);
    if let Some(name) = &input.name
        && name.chars().count() > TAG_VALUE_CHARACTERS
    {
        return Err(Error::invalid("Name", format!("a tag's value has at most {TAG_VALUE_CHARACTERS} characters")));
    }
    if input.tags.len() > TAGS {
        return Err(Error::invalid(
            "Tags",
            format!("give at most {TAGS}: AWS allows 50 a resource, and three are ours"),
        ));
    }
    for (key, value) in &input.tags {
        let refusal = match key.as_str() {
            "Name" => Some("write it as the field Name".to_owned()),
            "" => Some("a tag's key can't be empty".to_owned()),
            key if key.to_ascii_lowercase().starts_with("aws:") => {
                Some("AWS keeps keys that begin with aws: to itself".to_owned())
            }
            key if key.starts_with(&own) || key.starts_with(OWN_TAGS) => {
                Some("keys with that prefix are the stack's own".to_owned())
            }
            key if key.chars().count() > TAG_KEY_CHARACTERS => {
                Some(format!("a tag's key has at most {TAG_KEY_CHARACTERS} characters"))
            }
            _ if value.chars().count() > TAG_VALUE_CHARACTERS => {
                Some(format!("a tag's value has at most {TAG_VALUE_CHARACTERS} characters"))
            }
            _ => None,
        };
        if let Some(message) = refusal {
            return Err(Error::invalid(format!("Tags.{key}"), message));
        }
    }
    Ok(())
}
