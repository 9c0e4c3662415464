//! What the owner of a VPC requests by its tags.
//!
//! `isthmus:peer` names the other ends, `isthmus:accept` says who may name this VPC, `isthmus:routes` selects its tables,
//! `isthmus:advertise` says what of its blocks peers may route to, `isthmus:dns` requests DNS resolution,
//! `isthmus:group` makes this VPC a member of groups. Lists are separated by spaces or commas. An invalid word is reported and adds nothing; while a key has one, nothing is removed because of that
//! key.

mod parse;

use crate::connection::End;
use crate::groups::{GroupName, Role};
use crate::ids::{AccountId, Malformed, Region, VpcId};
use crate::selection::{RouteSelection, TableSelection};
use crate::stack::Stack;
use crate::tags::{PEER, key};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// The value of one tag.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum TagValue<T> {
    /// There is no such tag.
    #[default]
    Absent,
    /// A valid value.
    Valid(T),
    /// Anything else.
    Invalid,
}

/// What one VPC's tags request.
#[derive(Debug, Clone, PartialEq)]
pub struct VpcIntent {
    /// The VPC.
    pub end: End,
    /// The other ends, each once.
    pub peers: BTreeSet<End>,
    /// Who may peer this VPC at their request.
    pub accept: Accept,
    /// This VPC's tables.
    pub routes: TagValue<TableSelection>,
    /// This VPC's tables for one peer alone.
    pub routes_to: BTreeMap<VpcId, TagValue<TableSelection>>,
    /// What of this VPC's blocks peers may route to.
    pub advertise: TagValue<BTreeSet<IpNet>>,
    /// Whether DNS resolution is requested; `None` where the tag is absent or invalid.
    pub dns_resolution: Option<bool>,
    /// The groups of which it is a member, each with its role.
    pub groups: BTreeMap<GroupName, Role>,
    /// What is invalid: the key and why.
    pub invalid: Vec<(String, Malformed)>,
    /// Which lists have invalid words.
    pub unclear: Unclear,
}

/// Consent to be peered at another's request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accept {
    /// Every VPC of these accounts.
    pub accounts: BTreeSet<AccountId>,
    /// These VPCs.
    pub vpcs: BTreeSet<VpcId>,
}

/// Lists of which some words are invalid: what isn't among the others may have been meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unclear {
    /// The peers.
    pub peers: bool,
    /// The consent.
    pub accept: bool,
    /// The tables.
    pub routes: bool,
    /// The blocks.
    pub advertise: bool,
    /// Whether DNS resolution is wanted: it may have been meant to be refused.
    pub dns: bool,
    /// The groups.
    pub groups: bool,
}

impl VpcIntent {
    /// Removes the peers in Regions that AWS doesn't have, and reports them as invalid.
    pub(crate) fn reject_unknown_regions(&mut self, prefix: &str, is_known: impl Fn(&Region) -> bool) {
        let (peers, rejected): (BTreeSet<End>, BTreeSet<End>) =
            std::mem::take(&mut self.peers).into_iter().partition(|peer| is_known(&peer.region));
        self.peers = peers;
        self.unclear.peers |= !rejected.is_empty();
        self.invalid.extend(rejected.into_iter().map(|End { vpc_id, region, .. }| {
            (key(prefix, PEER), Malformed(format!("\"{vpc_id}@{region}\" is in a Region that AWS does not have")))
        }));
    }

    /// Whether its `peer` tag names the other end.
    pub fn names(&self, other: &End) -> bool {
        self.peers.contains(other)
    }

    /// Whether its tags ask for or accept that peer, wherever they say that it is.
    pub(crate) fn mentions(&self, peer: &End) -> bool {
        self.mentions_id(&peer.vpc_id) || self.accept.accounts.contains(&peer.owner_id)
    }

    fn mentions_id(&self, id: &VpcId) -> bool {
        self.peers.iter().any(|end| end.vpc_id == *id) || self.accept.vpcs.contains(id)
    }

    /// Whether they may ask for or accept a peer of that id, of whatever account.
    pub(crate) fn may_mention(&self, id: &VpcId) -> bool {
        self.mentions_id(id) || !self.accept.accounts.is_empty()
    }

    /// Whether its owner consents to be peered with the other end. The owner of an external account says so in EC2, by the
    /// request that they make or accept. To a VPC of such an account, which may serve many customers, only its id is consent.
    pub fn consents(&self, other: &End, stack: &Stack) -> bool {
        let is_named = self.names(other) || self.accept.vpcs.contains(&other.vpc_id);
        let is_by_account =
            self.accept.accounts.contains(&other.owner_id) || stack.trusted_accounts.contains(&self.end.owner_id);
        stack.is_external(&self.end.owner_id) || is_named || (is_by_account && !stack.is_external(&other.owner_id))
    }

    /// Whether its tags may have been meant to name that end: they do, or name its id in another place, or have a word that
    /// can't be understood.
    pub(crate) fn may_name(&self, other: &End) -> bool {
        self.unclear.peers || self.peers.iter().any(|end| end.vpc_id == other.vpc_id)
    }

    /// Whether its owner may have been meant to consent to that end.
    pub(crate) fn may_consent(&self, other: &End, stack: &Stack) -> bool {
        self.unclear.accept || self.may_name(other) || self.consents(other, stack)
    }

    /// Its tables for that peer, as its own tag selects them.
    pub fn routes_to(&self, peer: &End) -> &TagValue<TableSelection> {
        self.routes_to.get(&peer.vpc_id).unwrap_or(&self.routes)
    }

    /// The route selection of this VPC's side.
    pub fn selection(&self, peer: &End) -> RouteSelection {
        let tables = match self.routes_to(peer) {
            TagValue::Valid(tables) => tables.clone(),
            TagValue::Absent | TagValue::Invalid => TableSelection::default(),
        };
        RouteSelection { tables, destinations: None }
    }
}
