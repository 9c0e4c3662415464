//! What the stack's owner decided when deploying it.

use crate::error::Quota;
use crate::ids::{AccountId, Region};
use crate::network::{Location, Tags};
use std::collections::BTreeSet;

/// The stack's parameters, as far as steps need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// The account it is deployed in: the default of `OwnerId`.
    pub account: AccountId,
    /// The Region it is deployed in: the default of `Region`.
    pub region: Region,
    /// What the tag keys on VPCs begin with, before the colon.
    pub tag_prefix: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Accounts whose VPCs consent to every request.
    pub trusted_accounts: BTreeSet<AccountId>,
    /// Whether a peering that tags wished is taken apart once none does.
    pub teardown_on_untag: bool,
    /// What AWS allows this owner.
    pub limits: Limits,
}

/// Where the stack looks for VPCs whose tags no event told it of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// The stack's own account and those of its members.
    pub accounts: BTreeSet<AccountId>,
    /// The stack's own Region and the others in use.
    pub regions: BTreeSet<Region>,
}

impl Fleet {
    /// Every Region of every account.
    pub fn locations(&self) -> impl Iterator<Item = Location> + '_ {
        self.accounts.iter().flat_map(|owner_id| {
            self.regions.iter().map(|region| Location { owner_id: owner_id.clone(), region: region.clone() })
        })
    }
}

/// AWS's quotas, which an account can have raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Routes in one table, IPv4 and IPv6 apart.
    pub routes_per_table: u32,
    /// Active connections of one VPC.
    pub peerings_per_vpc: u32,
    /// Requests that wait for their accepter.
    pub outstanding_requests: u32,
}

impl Limits {
    /// How many that quota allows.
    pub fn of(&self, quota: Quota) -> u32 {
        match quota {
            Quota::RoutesPerRouteTable => self.routes_per_table,
            Quota::ActivePeeringsPerVpc => self.peerings_per_vpc,
            Quota::OutstandingPeeringRequests => self.outstanding_requests,
        }
    }
}

/// The tag that says which stack made a connection: only what carries it is ours to change or remove.
///
/// Its key doesn't follow the stack's prefix, because IAM policies condition on it and a key can't be a parameter there.
pub const STACK_TAG: &str = "isthmus:stack";

/// The tag that says which execution made a connection: only that one may undo it when it fails.
pub const EXECUTION_TAG: &str = "isthmus:execution";

/// The tag that says that a VPC's tags wished a connection: only such a one is taken apart when they no longer do.
pub const WISHED_BY: &str = "isthmus:wished-by";

/// Its value.
pub const BY_TAGS: &str = "tags";

/// What the key of the tag begins with that says which of a VPC's tables its tags selected when it was routed last; the
/// VPC's id follows.
pub(crate) const ROUTED: &str = "isthmus:routed:";

/// The tag by which an owner keeps a VPC or a route table out of reach, with the value `true`. The policies deny what
/// carries it, so planning with it could only fail.
pub const EXCLUDE_TAG: &str = "isthmus:exclude";

/// Whether its owner keeps it out of reach.
pub(crate) fn is_excluded(tags: &Tags) -> bool {
    tags.get(EXCLUDE_TAG).map(String::as_str) == Some("true")
}

/// AWS's limit. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>
pub(crate) const TAGS_OF_A_RESOURCE: usize = 50;

/// What these keys begin with.
pub(crate) const OWN_TAGS: &str = "isthmus:";

/// Whether a connection with these tags was made by the stack.
pub(crate) fn is_made_by(tags: &Tags, stack: &Stack) -> bool {
    tags.get(STACK_TAG) == Some(&stack.name)
}

/// Whether a connection with these tags lives by the wish of tags.
pub(crate) fn is_wished_by_tags(tags: &Tags) -> bool {
    tags.get(WISHED_BY).map(String::as_str) == Some(BY_TAGS)
}
