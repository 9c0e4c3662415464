//! Who asked for a peering: what tags ask for and what the last execution asked for count together.

use crate::ids::AccountId;
use crate::selection::RouteSelection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who asked for a peering.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AskedBy {
    /// The accounts whose tags did.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<AccountId>,
    /// What the last execution asked for that a person, a pipeline or an event started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<AskedSelections>,
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
