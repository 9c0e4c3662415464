//! What a VPC's tag `group` says: of which groups it is a member, and in which role.

use crate::ids::Malformed;
use crate::tags::words;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The name of a group: up to 32 small letters, digits and dashes, of which a dash isn't the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(String);

const NAME_CHARACTERS: usize = 32;

/// What a member is in its group. Two members peer where one of them is a hub or both are mesh. In this order they are admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It peers with every member.
    Hub,
    /// It peers with hubs and with every other mesh member.
    Mesh,
    /// It peers with hubs alone.
    Spoke,
}

impl Role {
    /// Whether members of these roles peer.
    pub fn peers_with(self, other: Self) -> bool {
        self == Self::Hub || other == Self::Hub || (self, other) == (Self::Mesh, Self::Mesh)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hub => "hub",
            Self::Mesh => "mesh",
            Self::Spoke => "spoke",
        })
    }
}

impl FromStr for Role {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text {
            "hub" => Ok(Self::Hub),
            "mesh" => Ok(Self::Mesh),
            "spoke" => Ok(Self::Spoke),
            _ => Err(Malformed(format!("{text:?} is not a role: write hub, spoke or mesh"))),
        }
    }
}

impl GroupName {
    /// As the tag spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for GroupName {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let is_part = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let is_valid = !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_part);
        if text.len() > NAME_CHARACTERS {
            return Err(Malformed(format!("{text:?} has more than {NAME_CHARACTERS} characters")));
        }
        match is_valid {
            true => Ok(Self(text)),
            false => Err(Malformed(format!("{text:?} is not a group's name: write small letters, digits and dashes"))),
        }
    }
}

impl FromStr for GroupName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::try_from(text.to_owned())
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads `<name>[:hub|:spoke|:mesh] …`; without a role it is mesh. Answers the groups, each with the VPC's role, and the words that
/// mean nothing, with the reasons. A group that is named in two roles is one of these.
pub fn memberships(value: &str) -> (BTreeMap<GroupName, Role>, Vec<Malformed>) {
    let (mut groups, mut invalid) = (BTreeMap::new(), Vec::new());
    let mut twice: BTreeSet<GroupName> = BTreeSet::new();
    for word in words(value) {
        match parse_word(word) {
            Ok((name, role)) => {
                let known = *groups.entry(name.clone()).or_insert(role);
                if known != role {
                    twice.insert(name);
                }
            }
            Err(malformed) => invalid.push(malformed),
        }
    }
    for name in twice {
        groups.remove(&name);
        invalid.push(Malformed(format!("{:?} is named in two roles: name it in one", name.as_str())));
    }
    (groups, invalid)
}

fn parse_word(word: &str) -> Result<(GroupName, Role), Malformed> {
    match word.split_once(':') {
        None => Ok((word.parse()?, Role::Mesh)),
        Some((name, role)) => Ok((name.parse()?, role.parse()?)),
    }
}
