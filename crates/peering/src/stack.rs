//! What the stack's owner decided when deploying it.

use crate::connection::{End, canonical};
use crate::error::{Error, Quota};
use crate::groups::GroupAccounts;
use crate::ids::{AccountId, Malformed, Region};
use crate::ports::Location;
use crate::tags::Tags;
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::str::FromStr;

/// The stack's parameters, as far as steps need them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The installation id, `<stack name>.<region>.<account>`: unlike the name, no other stack has it.
    pub installation: String,
    /// The account it is deployed in: the default of `OwnerId`.
    pub account: AccountId,
    /// The Region it is deployed in: the default of `Region`.
    pub region: Region,
    /// What the tag keys on VPCs begin with, before the colon.
    pub tag_prefix: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The other accounts whose VPCs it peers.
    pub member_accounts: BTreeSet<AccountId>,
    /// Whether it also peers those of an organization's accounts. Code can't know them: IAM refuses the others.
    pub has_organization: bool,
    /// Accounts without a member role, such as a vendor's: nothing is read or written there.
    pub external_accounts: BTreeSet<AccountId>,
    /// Accounts whose VPCs consent to every request.
    pub trusted_accounts: BTreeSet<AccountId>,
    /// Whose VPCs may be members of groups, in which role.
    pub group_accounts: GroupAccounts,
    /// What every connection that is made carries, beside the tags of its request.
    pub connection_tags: Tags,
    /// What peers may route to by default, and at most: of a block outside, nothing is routed.
    pub routable_blocks: BTreeSet<IpNet>,
    /// Whether a peering that tags requested is torn down once none does.
    pub teardown_on_untag: bool,
    /// How long after that, in seconds.
    pub teardown_delay: i64,
    /// Whether EC2 is written to.
    pub mode: Mode,
    /// AWS's quotas in the owner's accounts.
    pub quotas: Quotas,
}

/// Whether EC2 is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Yes.
    Apply,
    /// No: everything is read and planned, and the plans are published.
    Report,
}

impl FromStr for Mode {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "apply" => Ok(Self::Apply),
            "report" => Ok(Self::Report),
            _ => Err(Malformed(format!("{text:?} is neither apply nor report"))),
        }
    }
}

impl Stack {
    /// The stack's name.
    pub fn name(&self) -> &str {
        self.installation.split('.').next().unwrap_or_default() // CloudFormation admits no dot in it
    }

    /// [`Error::InvalidRequest`] in report mode. For the steps after the one that plans: the mode was changed under way.
    pub(crate) fn check_mode(&self) -> Result<(), Error> {
        match self.mode {
            Mode::Apply => Ok(()),
            Mode::Report => {
                Err(Error::invalid("Mode", "the stack's parameter is report: set it to apply, then run again"))
            }
        }
    }

    /// Whether VPCs of that account may be peered.
    pub fn admits(&self, account: &AccountId) -> bool {
        self.acts_in(account) || self.is_external(account)
    }

    /// Whether calls are made in that account.
    pub fn acts_in(&self, account: &AccountId) -> bool {
        let is_member = *account == self.account || self.has_organization || self.member_accounts.contains(account);
        is_member && !self.is_external(account)
    }

    /// Whether that account's VPCs are peered from our side alone.
    pub fn is_external(&self, account: &AccountId) -> bool {
        self.external_accounts.contains(account)
    }

    /// The first of these ends, unless no calls are made in its account: then the other one.
    pub fn own_end<'e>(&self, [one, other]: [&'e End; 2]) -> &'e End {
        if self.is_external(&one.owner_id) { other } else { one }
    }

    /// The two ends in the one direction in which this stack requests the pair: requester, accepter. An external account is
    /// asked, and never asks here.
    pub fn direction<'e>(&self, one: &'e End, other: &'e End) -> (&'e End, &'e End) {
        let (first, second) = canonical(one, other);
        if self.is_external(&first.owner_id) { (second, first) } else { (first, second) }
    }
}

/// The accounts and Regions in which the stack looks for VPCs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The stack's own account and those of its members.
    pub accounts: BTreeSet<AccountId>,
    /// The stack's own Region and the others in use.
    pub regions: BTreeSet<Region>,
}

impl Scope {
    /// Every Region of every account.
    pub fn locations(&self) -> impl Iterator<Item = Location> + '_ {
        self.accounts.iter().flat_map(|owner_id| {
            self.regions.iter().map(|region| Location { owner_id: owner_id.clone(), region: region.clone() })
        })
    }
}

/// AWS's quotas, which an account can have raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Routes in one table, IPv4 and IPv6 apart.
    pub routes_per_table: u32,
    /// Active connections of one VPC.
    pub peerings_per_vpc: u32,
    /// Requests that wait for their accepter.
    pub outstanding_requests: u32,
}

impl Quotas {
    /// How many that quota allows.
    pub fn limit(&self, quota: Quota) -> u32 {
        match quota {
            Quota::RoutesPerRouteTable => self.routes_per_table,
            Quota::ActivePeeringsPerVpc => self.peerings_per_vpc,
            Quota::OutstandingPeeringRequests => self.outstanding_requests,
        }
    }
}
