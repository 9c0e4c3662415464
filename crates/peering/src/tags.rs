//! Every tag key that Isthmus reads or writes.
//!
//! Keys on VPCs that people write begin with the stack's prefix. Those on connections, and `isthmus:exclude`, have a fixed
//! one, because IAM policies condition on them and a key can't be a parameter there.

use crate::ids::VpcId;
use crate::stack::Stack;
use std::collections::BTreeMap;

/// Tags, by key.
pub type Tags = BTreeMap<String, String>;

// On a VPC, written by its owner, without the prefix.

/// Names the VPCs to peer this one with.
pub const PEER: &str = "peer";
/// Consents to requests of other accounts.
pub const ACCEPT: &str = "accept";
/// Selects which of this VPC's tables get routes.
pub const ROUTES: &str = "routes";
/// Requests DNS resolution.
pub const DNS: &str = "dns";

/// A key under the stack's prefix.
pub fn key(prefix: &str, name: &str) -> String {
    format!("{prefix}:{name}")
}

// On a VPC, written by Isthmus. No rule listens to these keys, so writing them starts nothing.

/// The key of the status of one peering.
pub fn status_key(prefix: &str, peer: &VpcId) -> String {
    format!("{prefix}:status:{peer}")
}

/// The key of the status that says what in a VPC's tags is invalid.
pub fn invalid_status_key(prefix: &str) -> String {
    format!("{prefix}:status:invalid")
}

/// All status keys, as EC2's filter `tag-key` spells them.
pub fn status_key_pattern(prefix: &str) -> String {
    format!("{prefix}:status:*")
}

/// The peers that a VPC has a status of.
pub fn peers_with_status<'t>(tags: &'t Tags, prefix: &str) -> impl Iterator<Item = VpcId> + 't {
    let start = format!("{prefix}:status:");
    tags.keys().filter_map(move |key| key.strip_prefix(&start)?.parse().ok())
}

// On a VPC or a route table.

/// The owner excludes the VPC or table, with the value `true`. The policies deny calls on what carries it.
pub const EXCLUDE: &str = "isthmus:exclude";

/// Whether its owner excludes it.
pub(crate) fn is_excluded(tags: &Tags) -> bool {
    tags.get(EXCLUDE).map(String::as_str) == Some("true")
}

// On a connection.

/// What the keys of Isthmus's own tags on connections begin with.
pub(crate) const CONNECTION_TAGS: &str = "isthmus:";

/// AWS's own tag for a name.
pub const NAME: &str = "Name";

/// The stack that made the connection: only what carries it is changed or removed.
pub const STACK: &str = "isthmus:stack";

/// The execution that made the connection: only that one may undo it when it fails.
pub const EXECUTION: &str = "isthmus:execution";

/// Tags requested the connection: only such a one is torn down when they no longer do.
pub const REQUESTED_BY: &str = "isthmus:requested-by";

/// The value of [`REQUESTED_BY`].
pub const BY_TAGS: &str = "tags";

/// Which of a VPC's tables its tags selected when it was routed last; the VPC's id follows.
pub(crate) const ROUTED: &str = "isthmus:routed:";

/// Whether a connection with these tags was made by the stack.
pub(crate) fn is_made_by(tags: &Tags, stack: &Stack) -> bool {
    tags.get(STACK) == Some(&stack.name)
}

/// Whether a connection with these tags was requested by tags of a VPC.
pub(crate) fn is_requested_by_tags(tags: &Tags) -> bool {
    tags.get(REQUESTED_BY).map(String::as_str) == Some(BY_TAGS)
}

// AWS's limits. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>

pub(crate) const TAGS_PER_RESOURCE: usize = 50;
pub(crate) const KEY_CHARACTERS: usize = 128;
pub(crate) const VALUE_CHARACTERS: usize = 256;
