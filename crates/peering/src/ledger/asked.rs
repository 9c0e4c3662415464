//! Who asked for a peering: what tags ask for and what the last execution asked for count together.

use crate::groups::GroupName;
use crate::ids::AccountId;
use crate::selection::RouteSelection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who asked for a peering.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AskedBy {
    /// The accounts whose `peer` tags did.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<AccountId>,
    /// The groups of which both VPCs are members.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<GroupName>,
    /// What the last execution asked for that a person, a pipeline or an event started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<AskedSelections>,
}

impl AskedBy {
    /// Whether tags did, of whichever kind.
    pub fn is_by_tags(&self) -> bool {
        !self.tags.is_empty() || !self.groups.is_empty()
    }

    /// Whether nothing but groups did.
    pub fn is_by_groups_alone(&self) -> bool {
        self.tags.is_empty() && self.execution.is_none() && !self.groups.is_empty()
    }
}

/// What an execution asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AskedSelections {
    /// For the first end in the pair's canonical order.
    pub routes_a: RouteSelection,
    /// For the second end.
    pub routes_b: RouteSelection,
    /// DNS resolution.
    #[serde(default)]
    pub dns_resolution: bool,
    /// The account whose event asked: its word counts at its own end alone. Nobody's, where a person or a pipeline of the
    /// stack's account did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_of: Option<AccountId>,
}
