//! Every tag key that Isthmus reads or writes.
//!
//! Keys on VPCs that people write begin with the stack's prefix. Those on connections, and `isthmus:exclude`, have a fixed
//! one, because IAM policies condition on them and a key can't be a parameter there.

use crate::ids::VpcId;
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
/// Says which of this VPC's blocks, or parts of them, peers may route to.
pub const ADVERTISE: &str = "advertise";
/// Requests DNS resolution.
pub const DNS: &str = "dns";
/// Makes this VPC a member of groups.
pub const GROUP: &str = "group";

/// A key under the stack's prefix.
pub fn key(prefix: &str, name: &str) -> String {
    format!("{prefix}:{name}")
}

/// The words of a list, which spaces or commas separate.
pub(crate) fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}

// On a VPC, written by Isthmus. No rule listens to these keys, so writing them starts nothing.

/// What the keys of all statuses begin with.
pub(crate) fn status_key_start(prefix: &str) -> String {
    format!("{prefix}:status:")
}

/// The key of the status of one peering.
pub fn status_key(prefix: &str, peer: &VpcId) -> String {
    format!("{prefix}:status:{peer}")
}

/// The key of the status that says what in a VPC's tags is invalid.
pub fn invalid_status_key(prefix: &str) -> String {
    format!("{prefix}:status:invalid")
}

/// The key of the status of one group.
pub fn group_status_key(prefix: &str, group: &str) -> String {
    format!("{prefix}:status:group:{group}")
}

/// The groups that a VPC has a status of, by the keys.
pub(crate) fn group_statuses<'t>(tags: &'t Tags, prefix: &str) -> impl Iterator<Item = &'t String> {
    let start = group_status_key(prefix, "");
    tags.keys().filter(move |key| key.starts_with(&start))
}

/// All status keys, as EC2's filter `tag-key` spells them.
pub fn status_key_pattern(prefix: &str) -> String {
    format!("{prefix}:status:*")
}

/// The peers that a VPC has a status of.
pub fn peers_with_status<'t>(tags: &'t Tags, prefix: &str) -> impl Iterator<Item = VpcId> + 't {
    let start = status_key_start(prefix);
    tags.keys().filter_map(move |key| key.strip_prefix(&start)?.parse().ok())
}

// On a VPC or a route table.

/// The owner excludes the VPC or table, with any value but `false`. The policies deny calls on what carries it.
pub const EXCLUDE: &str = "isthmus:exclude";

/// Whether its owner excludes it. IAM compares the keys of tags without case, so that `Isthmus:Exclude` counts as well.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourcetag>
pub(crate) fn is_excluded(tags: &Tags) -> bool {
    tags.iter().any(|(key, value)| key.eq_ignore_ascii_case(EXCLUDE) && value != "false")
}

// On a connection.

/// What the keys of Isthmus's own tags on connections begin with.
pub(crate) const CONNECTION_TAGS: &str = "isthmus:";

/// AWS's own tag for a name.
pub const NAME: &str = "Name";

/// The installation that made the connection. It tells people, and policies have conditions on it; what is ours is decided
/// by the ledger, because others may write this tag.
pub const STACK: &str = "isthmus:stack";

/// The execution that made the connection, by which it is found again if that execution dies before it records it.
pub const EXECUTION: &str = "isthmus:execution";

// AWS's limits. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>

pub(crate) const TAGS_PER_RESOURCE: usize = 50;
pub(crate) const KEY_CHARACTERS: usize = 128;
pub(crate) const VALUE_CHARACTERS: usize = 256;
