//! A route selection as JSON: at most one of `Tables`, `Subnets` and `TableTags`, and `Destinations`.

use crate::cidr::parse_destination;
use crate::ids::{Malformed, RouteTableId, SubnetId};
use crate::selection::{RouteSelection, TableSelection};
use crate::tags::{KEY_CHARACTERS, TAGS_PER_RESOURCE, Tags, VALUE_CHARACTERS};
use ipnet::IpNet;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The selection as JSON.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SelectionJson {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tables: Option<Tables>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subnets: Option<Listed<SubnetId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table_tags: Option<Tags>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destinations: Option<Listed<Destination>>,
}

/// More than a VPC has route tables or subnets, and as many as a route table holds routes, under AWS's default quotas. A list passes
/// from state to state, and all states' data have to fit into 256 KiB.
const LISTED: usize = 500;

/// A list that isn't empty: an empty one would silently select nothing.
#[derive(Deserialize, Serialize, Clone)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: DeserializeOwned + Ord", serialize = "T: Serialize + Clone")
)]
struct Listed<T>(BTreeSet<T>);

impl<T: Ord> TryFrom<Vec<T>> for Listed<T> {
    type Error = Malformed;

    fn try_from(items: Vec<T>) -> Result<Self, Malformed> {
        match items.len() {
            0 => Err(Malformed(
                "the list is empty: name at least one, or write {\"Tables\": \"none\"} for no route".into(),
            )),
            count if count > LISTED => Err(Malformed(format!("the list has {count} elements: name at most {LISTED}"))),
            _ => Ok(Self(items.into_iter().collect())),
        }
    }
}

impl<T> From<Listed<T>> for Vec<T> {
    fn from(listed: Listed<T>) -> Vec<T> {
        listed.0.into_iter().collect()
    }
}

#[derive(Deserialize, Serialize, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String", into = "String")]
struct Destination(IpNet);

impl TryFrom<String> for Destination {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        parse_destination(&text).map(Self)
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> String {
        destination.0.to_string()
    }
}

#[derive(Deserialize, Serialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
#[derive(Clone)]
enum Tables {
    All,
    Main,
    None,
    Ids(BTreeSet<RouteTableId>),
}

impl TryFrom<serde_json::Value> for Tables {
    type Error = Malformed;

    fn try_from(value: serde_json::Value) -> Result<Self, Malformed> {
        match value.as_str() {
            Some("all") => return Ok(Self::All),
            Some("main") => return Ok(Self::Main),
            Some("none") => return Ok(Self::None),
            _ if !value.is_array() => {
                return Err(Malformed(format!("{value} is not \"all\", \"main\", \"none\" or a list of rtb-… ids")));
            }
            _ => {}
        }
        let listed: Listed<RouteTableId> =
            serde_json::from_value(value).map_err(|error| Malformed(error.to_string()))?;
        Ok(Self::Ids(listed.0))
    }
}

impl From<Tables> for serde_json::Value {
    fn from(tables: Tables) -> Self {
        match tables {
            Tables::All => "all".into(),
            Tables::Main => "main".into(),
            Tables::None => "none".into(),
            Tables::Ids(ids) => ids.into_iter().map(String::from).collect(),
        }
    }
}

impl TryFrom<SelectionJson> for RouteSelection {
    type Error = Malformed;

    fn try_from(json: SelectionJson) -> Result<Self, Malformed> {
        let tables = match (json.tables, json.subnets, json.table_tags) {
            (None, None, None) | (Some(Tables::All), None, None) => TableSelection::All,
            (Some(Tables::Main), None, None) => TableSelection::Main,
            (Some(Tables::None), None, None) => TableSelection::None,
            (Some(Tables::Ids(ids)), None, None) => TableSelection::Ids(ids),
            (None, Some(subnets), None) => TableSelection::Subnets(subnets.0),
            (None, None, Some(tags)) => TableSelection::Tags(check_table_tags(tags)?),
            _ => return Err(Malformed("give at most one of Tables, Subnets and TableTags".into())),
        };
        let destinations = json.destinations.map(|listed| listed.0.into_iter().map(|d| d.0).collect());
        Ok(Self { tables, destinations })
    }
}

/// What no table can carry selects none, and is a mistake.
fn check_table_tags(tags: Tags) -> Result<Tags, Malformed> {
    let is_too_long = |(key, value): (&String, &String)| {
        key.chars().count() > KEY_CHARACTERS || value.chars().count() > VALUE_CHARACTERS
    };
    match tags.len() {
        0 => Err(Malformed("TableTags is empty: name at least one tag".into())),
        count if count > TAGS_PER_RESOURCE => {
            Err(Malformed(format!("TableTags has {count} tags: AWS allows {TAGS_PER_RESOURCE} a table")))
        }
        _ if tags.iter().any(is_too_long) => Err(Malformed(format!(
            "a key of TableTags has more than {KEY_CHARACTERS} characters, or a value more than {VALUE_CHARACTERS}"
        ))),
        _ => Ok(tags),
    }
}

impl From<RouteSelection> for SelectionJson {
    fn from(selection: RouteSelection) -> Self {
        let destinations = selection.destinations.map(|blocks| Listed(blocks.into_iter().map(Destination).collect()));
        let mut json = SelectionJson { tables: None, subnets: None, table_tags: None, destinations };
        match selection.tables {
            TableSelection::All => json.tables = Some(Tables::All),
            TableSelection::Main => json.tables = Some(Tables::Main),
            TableSelection::None => json.tables = Some(Tables::None),
            TableSelection::Ids(ids) => json.tables = Some(Tables::Ids(ids)),
            TableSelection::Subnets(subnets) => json.subnets = Some(Listed(subnets)),
            TableSelection::Tags(tags) => json.table_tags = Some(tags),
        }
        json
    }
}

/// serde would read a list as the fields in their order.
struct ObjectOnly;

impl<'de> Visitor<'de> for ObjectOnly {
    type Value = SelectionJson;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object such as {\"Tables\": \"all\"}")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<SelectionJson, M::Error> {
        SelectionJson::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de> Deserialize<'de> for RouteSelection {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json: SelectionJson = deserializer.deserialize_map(ObjectOnly)?;
        json.try_into().map_err(serde::de::Error::custom)
    }
}

impl Serialize for RouteSelection {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SelectionJson::from(self.clone()).serialize(serializer)
    }
}
