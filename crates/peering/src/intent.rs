//! What the owner of a VPC requests by its tags.
//!
//! `isthmus:peer` names the other ends, `isthmus:accept` says who may name this VPC, `isthmus:routes` selects its tables,
//! `isthmus:dns` requests DNS resolution. An invalid word is reported and affects nothing but itself.

use crate::connection::End;
use crate::ids::{AccountId, Malformed, Region, RouteTableId, SubnetId, VpcId};
use crate::selection::{RouteSelection, TableSelection};
use crate::stack::Stack;
use crate::tags::{ACCEPT, DNS, PEER, ROUTES, Tags, key};
use std::collections::BTreeSet;

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
    /// Whether DNS resolution is requested; `None` where the tag is absent or invalid.
    pub dns_resolution: Option<bool>,
    /// What is invalid: the key and why.
    pub invalid: Vec<(String, Malformed)>,
}

/// Consent to be peered at another's request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accept {
    /// Every VPC of these accounts.
    pub accounts: BTreeSet<AccountId>,
    /// These VPCs.
    pub vpcs: BTreeSet<VpcId>,
}

impl VpcIntent {
    /// Parses the tags of the VPC `end`, whose Region and account are the default for its peers.
    pub fn parse(tags: &Tags, prefix: &str, end: &End) -> Self {
        let mut intent = Self {
            end: end.clone(),
            peers: BTreeSet::new(),
            accept: Accept::default(),
            routes: TagValue::Absent,
            dns_resolution: None,
            invalid: Vec::new(),
        };
        let value = |name: &str| tags.get(&key(prefix, name)).map(String::as_str);
        for word in value(PEER).unwrap_or_default().split_whitespace() {
            match parse_peer(word, end) {
                Ok(peer) if peer.vpc_id == end.vpc_id => {
                    let message = format!("{word:?} is this VPC itself: name another one");
                    intent.invalid.push((key(prefix, PEER), Malformed(message)));
                }
                Ok(peer) => drop(intent.peers.insert(peer)),
                Err(malformed) => intent.invalid.push((key(prefix, PEER), malformed)),
            }
        }
        for word in value(ACCEPT).unwrap_or_default().split_whitespace() {
            match (word.parse(), word.parse()) {
                (Ok(account), _) => drop(intent.accept.accounts.insert(account)),
                (_, Ok(vpc)) => drop(intent.accept.vpcs.insert(vpc)),
                _ => {
                    let message = format!("{word:?} is neither an account's 12 digits nor a vpc-… id");
                    intent.invalid.push((key(prefix, ACCEPT), Malformed(message)));
                }
            }
        }
        match value(ROUTES).map(parse_routes) {
            None => {}
            Some(Ok(tables)) => intent.routes = TagValue::Valid(tables),
            Some(Err(malformed)) => {
                intent.routes = TagValue::Invalid;
                intent.invalid.push((key(prefix, ROUTES), malformed));
            }
        }
        match value(DNS).map(str::trim) {
            None => {}
            Some("on") => intent.dns_resolution = Some(true),
            Some("off") => intent.dns_resolution = Some(false),
            Some(other) => {
                intent.invalid.push((key(prefix, DNS), Malformed(format!("{other:?} is neither on nor off"))));
            }
        }
        intent
    }

    /// Removes the peers in Regions that AWS doesn't have, and reports them as invalid.
    pub(crate) fn reject_unknown_regions(&mut self, prefix: &str, is_known: impl Fn(&Region) -> bool) {
        let (peers, rejected): (BTreeSet<End>, BTreeSet<End>) =
            std::mem::take(&mut self.peers).into_iter().partition(|peer| is_known(&peer.region));
        self.peers = peers;
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

    /// Whether its owner consents to be peered with the other end.
    pub fn consents(&self, other: &End, stack: &Stack) -> bool {
        self.names(other)
            || self.accept.vpcs.contains(&other.vpc_id)
            || self.accept.accounts.contains(&other.owner_id)
            || stack.trusted_accounts.contains(&self.end.owner_id)
    }

    /// The tags that request the same. What is invalid is left out.
    pub fn print(&self, prefix: &str) -> Tags {
        let peers = self.peers.iter().map(|End { vpc_id, region, owner_id }| format!("{vpc_id}@{region}@{owner_id}"));
        let Accept { accounts, vpcs } = &self.accept;
        let accepted = accounts.iter().map(AccountId::to_string).chain(vpcs.iter().map(VpcId::to_string));
        let routes = match &self.routes {
            TagValue::Valid(tables) => print_routes(tables),
            TagValue::Absent | TagValue::Invalid => String::new(),
        };
        let dns = match self.dns_resolution {
            Some(true) => "on",
            Some(false) => "off",
            None => "",
        };
        let words = [(PEER, listed(peers)), (ACCEPT, listed(accepted)), (ROUTES, routes), (DNS, dns.to_owned())];
        words
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (key(prefix, name), value))
            .collect()
    }

    /// The route selection of this VPC's side.
    pub fn selection(&self) -> RouteSelection {
        let tables = match &self.routes {
            TagValue::Valid(tables) => tables.clone(),
            TagValue::Absent | TagValue::Invalid => TableSelection::default(),
        };
        RouteSelection { tables, destinations: None }
    }
}

/// `vpc-…`, `vpc-…@region` or `vpc-…@region@account`.
fn parse_peer(word: &str, end: &End) -> Result<End, Malformed> {
    let mut parts = word.splitn(3, '@');
    let vpc_id: VpcId = parts.next().unwrap_or_default().parse()?;
    let region: Option<Region> = parts.next().map(str::parse).transpose()?;
    let owner_id: Option<AccountId> = parts.next().map(str::parse).transpose()?;
    Ok(End {
        vpc_id,
        region: region.unwrap_or_else(|| end.region.clone()),
        owner_id: owner_id.unwrap_or_else(|| end.owner_id.clone()),
    })
}

/// `all`, `main`, `none`, route table ids, subnet ids, or `tag:key=value`. Ids are separated by spaces or commas.
pub(crate) fn parse_routes(value: &str) -> Result<TableSelection, Malformed> {
    if let Some((key, value)) = value.trim_start().strip_prefix("tag:").and_then(|tag| tag.split_once('=')) {
        return Ok(TableSelection::Tags([(key.to_owned(), value.to_owned())].into()));
    }
    let words: Vec<&str> =
        value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["all"] => Ok(TableSelection::All),
        ["main"] => Ok(TableSelection::Main),
        ["none"] => Ok(TableSelection::None),
        [first, ..] if first.starts_with("rtb-") => {
            Ok(TableSelection::Ids(words.iter().map(|word| word.parse::<RouteTableId>()).collect::<Result<_, _>>()?))
        }
        [first, ..] if first.starts_with("subnet-") => {
            Ok(TableSelection::Subnets(words.iter().map(|word| word.parse::<SubnetId>()).collect::<Result<_, _>>()?))
        }
        _ => Err(Malformed(format!(
            "{value:?} is not all, main, none, a list of rtb-… or of subnet-… ids, or tag:key=value"
        ))),
    }
}

pub(crate) fn print_routes(tables: &TableSelection) -> String {
    match tables {
        TableSelection::All => "all".into(),
        TableSelection::Main => "main".into(),
        TableSelection::None => "none".into(),
        TableSelection::Ids(ids) => listed(ids.iter().map(RouteTableId::to_string)),
        TableSelection::Subnets(ids) => listed(ids.iter().map(SubnetId::to_string)),
        TableSelection::Tags(tags) => tags.iter().map(|(key, value)| format!("tag:{key}={value}")).collect(),
    }
}

fn listed(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}
