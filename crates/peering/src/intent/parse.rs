//! The spelling of the tags, in both directions.

use crate::cidr::parse_destination;
use crate::connection::End;
use crate::groups::memberships;
use crate::ids::{AccountId, Malformed, Region, RouteTableId, SubnetId, VpcId};
use crate::intent::{Accept, TagValue, Unclear, VpcIntent};
use crate::selection::TableSelection;
use crate::tags::{ACCEPT, ADVERTISE, DNS, GROUP, PEER, ROUTES, Tags, key, words};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

impl VpcIntent {
    /// Parses the tags of the VPC `end`, whose Region and account are the default for its peers.
    pub fn parse(tags: &Tags, prefix: &str, end: &End) -> Self {
        let mut intent = Self {
            end: end.clone(),
            peers: BTreeSet::new(),
            accept: Accept::default(),
            routes: TagValue::Absent,
            routes_to: BTreeMap::new(),
            advertise: TagValue::Absent,
            dns_resolution: None,
            groups: BTreeMap::new(),
            invalid: Vec::new(),
            unclear: Unclear::default(),
        };
        let start = format!("{prefix}:");
        for (tag, value) in tags {
            let Some(name) = tag.strip_prefix(&start) else { continue };
            let refused = match name.split_once(':').map_or((name, None), |(name, rest)| (name, Some(rest))) {
                (PEER, _) => intent.read_peers(value),
                (ACCEPT, _) => intent.read_accept(value),
                (ROUTES, None) => intent.read_routes(None, value),
                (ROUTES, Some(peer)) => intent.read_routes_to(peer, value),
                (ADVERTISE, None) => intent.read_advertise(value),
                (DNS, None) => intent.read_dns(value),
                (GROUP, None) => intent.read_groups(value),
                (ADVERTISE | DNS | GROUP, Some(_)) => {
                    vec![Malformed("there is no such key: use the one without that ending".into())]
                }
                _ => Vec::new(),
            };
            intent.invalid.extend(refused.into_iter().map(|malformed| (tag.clone(), malformed)));
        }
        intent
    }

    fn read_peers(&mut self, value: &str) -> Vec<Malformed> {
        let mut refused = Vec::new();
        for word in words(value) {
            match parse_peer(word, &self.end) {
                Ok(peer) if peer.vpc_id == self.end.vpc_id => {
                    refused.push(Malformed(format!("{word:?} is this VPC itself: name another one")));
                }
                Ok(peer) => drop(self.peers.insert(peer)),
                Err(malformed) => refused.push(malformed),
            }
        }
        self.unclear.peers |= !refused.is_empty();
        refused
    }

    fn read_accept(&mut self, value: &str) -> Vec<Malformed> {
        let mut refused = Vec::new();
        for word in words(value) {
            match (word.parse(), word.parse()) {
                (Ok(account), _) => drop(self.accept.accounts.insert(account)),
                (_, Ok(vpc)) => drop(self.accept.vpcs.insert(vpc)),
                _ => {
                    refused.push(Malformed(format!("{word:?} is neither an account's 12 digits nor a vpc-… id")));
                }
            }
        }
        self.unclear.accept |= !refused.is_empty();
        refused
    }

    fn read_routes_to(&mut self, peer: &str, value: &str) -> Vec<Malformed> {
        match peer.parse::<VpcId>() {
            Ok(peer) => self.read_routes(Some(peer), value),
            Err(malformed) => {
                self.unclear.routes = true;
                vec![malformed]
            }
        }
    }

    fn read_routes(&mut self, peer: Option<VpcId>, value: &str) -> Vec<Malformed> {
        let (tables, refused) = match parse_routes(value) {
            Ok((tables, refused)) => (TagValue::Valid(tables), refused),
            Err(malformed) => (TagValue::Invalid, vec![malformed]),
        };
        self.unclear.routes |= !refused.is_empty();
        match peer {
            Some(peer) => drop(self.routes_to.insert(peer, tables)),
            None => self.routes = tables,
        }
        refused
    }

    fn read_advertise(&mut self, value: &str) -> Vec<Malformed> {
        let (mut blocks, mut refused) = (BTreeSet::new(), Vec::new());
        for word in words(value) {
            match parse_destination(word) {
                Ok(block) => drop(blocks.insert(block)),
                Err(malformed) => refused.push(malformed),
            }
        }
        if blocks.is_empty() && refused.is_empty() {
            refused.push(Malformed("it names no block".into()));
        }
        self.unclear.advertise |= !refused.is_empty();
        self.advertise = if blocks.is_empty() { TagValue::Invalid } else { TagValue::Valid(blocks) };
        refused
    }

    fn read_dns(&mut self, value: &str) -> Vec<Malformed> {
        match value.trim() {
            "on" => self.dns_resolution = Some(true),
            "off" => self.dns_resolution = Some(false),
            other => {
                self.unclear.dns = true;
                return vec![Malformed(format!("{other:?} is neither on nor off"))];
            }
        }
        Vec::new()
    }

    fn read_groups(&mut self, value: &str) -> Vec<Malformed> {
        let (groups, refused) = memberships(value);
        self.groups = groups;
        self.unclear.groups = !refused.is_empty();
        refused
    }

    /// The tags that request the same. What is invalid is left out.
    pub fn print(&self, prefix: &str) -> Tags {
        let peers = self.peers.iter().map(|End { vpc_id, region, owner_id }| format!("{vpc_id}@{region}@{owner_id}"));
        let Accept { accounts, vpcs } = &self.accept;
        let accepted = accounts.iter().map(AccountId::to_string).chain(vpcs.iter().map(VpcId::to_string));
        let routes = |value: &TagValue<TableSelection>| match value {
            TagValue::Valid(tables) => print_routes(tables),
            TagValue::Absent | TagValue::Invalid => String::new(),
        };
        let advertised = match &self.advertise {
            TagValue::Valid(blocks) => listed(blocks.iter().map(IpNet::to_string)),
            TagValue::Absent | TagValue::Invalid => String::new(),
        };
        let dns = match self.dns_resolution {
            Some(true) => "on",
            Some(false) => "off",
            None => "",
        };
        let mut values = vec![
            (PEER.to_owned(), listed(peers)),
            (ACCEPT.to_owned(), listed(accepted)),
            (ROUTES.to_owned(), routes(&self.routes)),
            (ADVERTISE.to_owned(), advertised),
            (DNS.to_owned(), dns.to_owned()),
            (GROUP.to_owned(), listed(self.groups.iter().map(|(name, role)| format!("{name}:{role}")))),
        ];
        values.extend(self.routes_to.iter().map(|(peer, value)| (format!("{ROUTES}:{peer}"), routes(value))));
        values
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (key(prefix, &name), value))
            .collect()
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

/// `all`, `main`, `none`, route table ids, subnet ids, or `tag:key=value`. Ids are separated by spaces or commas; of a list
/// the valid ones, and why the others are not.
fn parse_routes(value: &str) -> Result<(TableSelection, Vec<Malformed>), Malformed> {
    if let Some((key, value)) = value.trim_start().strip_prefix("tag:").and_then(|tag| tag.split_once('=')) {
        return Ok((TableSelection::Tags([(key.to_owned(), value.to_owned())].into()), Vec::new()));
    }
    let words: Vec<&str> = words(value).collect();
    match words.as_slice() {
        ["all"] => Ok((TableSelection::All, Vec::new())),
        ["main"] => Ok((TableSelection::Main, Vec::new())),
        ["none"] => Ok((TableSelection::None, Vec::new())),
        [first, ..] if first.starts_with("rtb-") => parse_ids(&words, TableSelection::Ids),
        [first, ..] if first.starts_with("subnet-") => parse_ids(&words, TableSelection::Subnets),
        _ => Err(Malformed(format!(
            "{value:?} is not all, main, none, a list of rtb-… or of subnet-… ids, or tag:key=value"
        ))),
    }
}

/// As the tag spells it. A list of which one id is invalid is refused.
impl FromStr for TableSelection {
    type Err = Malformed;

    fn from_str(value: &str) -> Result<Self, Malformed> {
        let (tables, refused) = parse_routes(value)?;
        refused.into_iter().next().map_or(Ok(tables), Err)
    }
}

fn parse_ids<T: FromStr<Err = Malformed> + Ord>(
    words: &[&str],
    selection: impl Fn(BTreeSet<T>) -> TableSelection,
) -> Result<(TableSelection, Vec<Malformed>), Malformed> {
    let (mut ids, mut refused) = (BTreeSet::new(), Vec::<Malformed>::new());
    for word in words {
        match word.parse() {
            Ok(id) => drop(ids.insert(id)),
            Err(malformed) => refused.push(malformed),
        }
    }
    match refused.first() {
        Some(first) if ids.is_empty() => Err(first.clone()),
        _ => Ok((selection(ids), refused)),
    }
}

fn print_routes(tables: &TableSelection) -> String {
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
