//! Who takes away what tags asked for: the brake counts for each of them.

use crate::groups::GroupName;
use crate::ids::{AccountId, Malformed};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// An account whose tags no longer ask for something, or a group of which VPCs are no longer members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Withdrawer {
    /// The account.
    Account(AccountId),
    /// The group. What its members' tags no longer ask for counts here, and for none of their accounts.
    Group(GroupName),
}

/// As no account is spelled.
const GROUP: &str = "group:";

impl Withdrawer {
    /// `Account` or `Group`, as a field of a map.
    pub(crate) fn as_field<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, id) = match self {
            Self::Account(account) => ("Account", account.as_str()),
            Self::Group(group) => ("Group", group.as_str()),
        };
        serializer.collect_map([(name, id)])
    }

    /// In a sentence.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Account(account) => format!("account {account}"),
            Self::Group(group) => format!("group {group}"),
        }
    }
}

impl fmt::Display for Withdrawer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => account.fmt(f),
            Self::Group(group) => write!(f, "{GROUP}{group}"),
        }
    }
}

impl TryFrom<String> for Withdrawer {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        match text.strip_prefix(GROUP) {
            Some(group) => group.parse().map(Self::Group),
            None => text.parse().map(Self::Account),
        }
    }
}

impl From<Withdrawer> for String {
    fn from(withdrawer: Withdrawer) -> Self {
        withdrawer.to_string()
    }
}
