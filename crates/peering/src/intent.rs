//! What the owner of a VPC wishes, read from its tags.
//!
//! `isthmus:peer` names the other ends, `isthmus:accept` says by whom this VPC may be named, `isthmus:routes` selects its
//! tables, `isthmus:dns` asks for DNS resolution. A piece that can't be understood is reported and spoils nothing but
//! itself.

use crate::connection::End;
use crate::ids::{AccountId, Malformed, Region, RouteTableId, SubnetId, VpcId};
use crate::network::Tags;
use crate::selection::{RouteSelection, TableSelection};
use std::collections::BTreeSet;

/// The tag that names the other ends, without the prefix.
pub const PEER: &str = "peer";
/// The tag that consents to be named.
pub const ACCEPT: &str = "accept";
/// The tag that selects this VPC's tables.
pub const ROUTES: &str = "routes";
/// The tag that asks for DNS resolution.
pub const DNS: &str = "dns";

/// A tag's key under the stack's prefix.
pub fn key(prefix: &str, name: &str) -> String {
    format!("{prefix}:{name}")
}

/// What one tag says.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Wish<T> {
    /// Nothing: there is no such tag.
    #[default]
    None,
    /// This.
    Some(T),
    /// Something that can't be understood.
    Malformed,
}

/// What one VPC's tags say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intent {
    /// The other ends, each once.
    pub peers: BTreeSet<End>,
    /// By whom this VPC may be peered at their request.
    pub accept: Accept,
    /// This VPC's tables.
    pub routes: Wish<TableSelection>,
    /// Whether DNS resolution is asked for; `None` where the tag is absent or can't be understood.
    pub dns_resolution: Option<bool>,
    /// What can't be understood: the key and why.
    pub refused: Vec<(String, Malformed)>,
}

/// Consent to be peered at another's request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accept {
    /// Every VPC of these accounts.
    pub accounts: BTreeSet<AccountId>,
    /// These VPCs.
    pub vpcs: BTreeSet<VpcId>,
}

impl Intent {
    /// Reads the tags of the VPC `end`, which lends its Region and account to peers that name none.
    pub fn read(tags: &Tags, prefix: &str, end: &End) -> Self {
        let mut intent = Self::default();
        let value = |name: &str| tags.get(&key(prefix, name)).map(String::as_str);
        for word in value(PEER).unwrap_or_default().split_whitespace() {
            match parse_peer(word, end) {
                Ok(peer) if peer.vpc_id == end.vpc_id => {
                    let message = format!("{word:?} is this very VPC, which can't be peered with itself");
                    intent.refused.push((key(prefix, PEER), Malformed(message)));
                }
                Ok(peer) => drop(intent.peers.insert(peer)),
                Err(malformed) => intent.refused.push((key(prefix, PEER), malformed)),
            }
        }
        for word in value(ACCEPT).unwrap_or_default().split_whitespace() {
            match (word.parse(), word.parse()) {
                (Ok(account), _) => drop(intent.accept.accounts.insert(account)),
                (_, Ok(vpc)) => drop(intent.accept.vpcs.insert(vpc)),
                _ => {
                    let message = format!("{word:?} is neither an account's 12 digits nor a vpc-… id");
                    intent.refused.push((key(prefix, ACCEPT), Malformed(message)));
                }
            }
        }
        match value(ROUTES).map(parse_routes) {
            None => {}
            Some(Ok(tables)) => intent.routes = Wish::Some(tables),
            Some(Err(malformed)) => {
                intent.routes = Wish::Malformed;
                intent.refused.push((key(prefix, ROUTES), malformed));
            }
        }
        match value(DNS).map(str::trim) {
            None => {}
            Some("on") => intent.dns_resolution = Some(true),
            Some("off") => intent.dns_resolution = Some(false),
            Some(other) => {
                intent.refused.push((key(prefix, DNS), Malformed(format!("{other:?} is neither on nor off"))));
            }
        }
        intent
    }

    /// Takes out the peers in Regions that AWS doesn't have, and reports them with what else can't be understood.
    pub(crate) fn refuse_regions(&mut self, prefix: &str, is_known: impl Fn(&Region) -> bool) {
        let (peers, lost): (BTreeSet<End>, BTreeSet<End>) =
            std::mem::take(&mut self.peers).into_iter().partition(|peer| is_known(&peer.region));
        self.peers = peers;
        self.refused.extend(lost.into_iter().map(|End { vpc_id, region, .. }| {
            (key(prefix, PEER), Malformed(format!("\"{vpc_id}@{region}\" is in no Region that AWS has")))
        }));
    }

    /// The tags that say the same. What could not be understood is left out.
    pub fn print(&self, prefix: &str) -> Tags {
        let peers = self.peers.iter().map(|End { vpc_id, region, owner_id }| format!("{vpc_id}@{region}@{owner_id}"));
        let Accept { accounts, vpcs } = &self.accept;
        let accepted = accounts.iter().map(AccountId::to_string).chain(vpcs.iter().map(VpcId::to_string));
        let routes = match &self.routes {
            Wish::Some(tables) => print_routes(tables),
            Wish::None | Wish::Malformed => String::new(),
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
            Wish::Some(tables) => tables.clone(),
            Wish::None | Wish::Malformed => TableSelection::default(),
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
