//! The key of an item: a pair of ends.

use crate::connection::{End, canonical};
use crate::ids::Malformed;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A pair of ends in its canonical order: the key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PairKey {
    ends: [End; 2],
}

impl PairKey {
    /// The key of the pair, whichever end comes first.
    pub fn of([one, other]: [&End; 2]) -> Self {
        let (first, second) = canonical(one, other);
        Self { ends: [first.clone(), second.clone()] }
    }

    /// The two ends, in their canonical order.
    pub fn ends(&self) -> [&End; 2] {
        self.ends.each_ref()
    }

    /// What belongs to these two ends, in the canonical order of the pair.
    pub fn in_order<T>(&self, ends: [&End; 2], [one, other]: [T; 2]) -> [T; 2] {
        if *ends[0] == self.ends[0] { [one, other] } else { [other, one] }
    }
}

impl fmt::Display for PairKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", end_key(&self.ends[0]), end_key(&self.ends[1]))
    }
}

impl FromStr for PairKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = || Malformed(format!("{text:?} is not the key of a pair"));
        let (one, other) = text.split_once('|').ok_or_else(malformed)?;
        Ok(Self { ends: [parse_end_key(one).ok_or_else(malformed)?, parse_end_key(other).ok_or_else(malformed)?] })
    }
}

impl TryFrom<String> for PairKey {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text.parse()
    }
}

impl From<PairKey> for String {
    fn from(key: PairKey) -> String {
        key.to_string()
    }
}

/// An end as keys and indexes spell it: `vpc-…@region@account`.
pub fn end_key(End { vpc_id, region, owner_id }: &End) -> String {
    format!("{vpc_id}@{region}@{owner_id}")
}

fn parse_end_key(text: &str) -> Option<End> {
    let parts: Vec<&str> = text.split('@').collect();
    let [vpc_id, region, owner_id] = parts.as_slice() else { return None };
    Some(End { vpc_id: vpc_id.parse().ok()?, region: region.parse().ok()?, owner_id: owner_id.parse().ok()? })
}
