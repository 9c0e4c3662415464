//! What the stack's owner decided when deploying it.

use crate::error::Quota;
use crate::ids::{AccountId, Region};
use crate::network::Tags;

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
    /// What AWS allows this owner.
    pub limits: Limits,
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

/// What both keys begin with.
pub(crate) const OWN_TAGS: &str = "isthmus:";

/// Whether a connection with these tags was made by the stack.
pub(crate) fn is_made_by(tags: &Tags, stack: &Stack) -> bool {
    tags.get(STACK_TAG) == Some(&stack.name)
}
