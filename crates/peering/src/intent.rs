//! What the owner of a VPC wishes, read from its tags.
//!
//! `isthmus:peer` names the other ends, `isthmus:routes` selects this VPC's tables, `isthmus:dns` asks for DNS
//! resolution. A piece that can't be understood is reported and spoils nothing but itself.

use crate::connection::End;
use crate::ids::{AccountId, Malformed, Region, RouteTableId, SubnetId, VpcId};
use crate::network::Tags;
use crate::selection::{RouteSelection, TableSelection};
use std::collections::BTreeSet;

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
    /// This VPC's tables.
    pub routes: Wish<TableSelection>,
    /// Whether DNS resolution is asked for; `None` where the tag is absent or can't be understood.
    pub dns_resolution: Option<bool>,
    /// What can't be understood: the key and why.
    pub refused: Vec<(String, Malformed)>,
}

impl Intent {
    /// Reads the tags of the VPC `end`, which lends its Region and account to peers that name none.
    pub fn read(tags: &Tags, prefix: &str, end: &End) -> Self {
        let mut intent = Self::default();
        let value = |name: &str| {
            let key = format!("{prefix}:{name}");
            tags.get(&key).map(|value| (key, value.as_str()))
        };
        if let Some((key, value)) = value("peer") {
            for word in value.split_whitespace() {
                match parse_peer(word, end) {
                    Ok(peer) => drop(intent.peers.insert(peer)),
                    Err(malformed) => intent.refused.push((key.clone(), malformed)),
                }
            }
        }
        if let Some((key, value)) = value("routes") {
            match parse_routes(value) {
                Ok(tables) => intent.routes = Wish::Some(tables),
                Err(malformed) => {
                    intent.routes = Wish::Malformed;
                    intent.refused.push((key, malformed));
                }
            }
        }
        if let Some((key, value)) = value("dns") {
            match value {
                "on" => intent.dns_resolution = Some(true),
                "off" => intent.dns_resolution = Some(false),
                other => intent.refused.push((key, Malformed(format!("{other:?} is neither on nor off")))),
            }
        }
        intent
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

/// `all`, `main`, `none`, route table ids, subnet ids, or `tag:key=value`.
fn parse_routes(value: &str) -> Result<TableSelection, Malformed> {
    if let Some((key, value)) = value.strip_prefix("tag:").and_then(|tag| tag.split_once('=')) {
        return Ok(TableSelection::Tags([(key.to_owned(), value.to_owned())].into()));
    }
    let words: Vec<&str> = value.split_whitespace().collect();
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
