//! What a run of the groups machine is asked for, and what it knows of its rounds.

use crate::error::Error;
use crate::groups::{Cost, GroupName};
use crate::ledger::Withdrawer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// What the state passes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupsTask {
    /// The input of the execution.
    pub input: Value,
    /// The ARN of the execution, which holds the pairs that it works on.
    pub execution: String,
    /// What the round before left; `None` in the first.
    #[serde(default)]
    pub before: Option<Progress>,
    /// How many lanes work at once.
    pub lanes_at_once: usize,
    /// How often the machine has called this step before.
    #[serde(default)]
    pub attempt: u32,
    /// When the state was entered, as ISO 8601.
    pub time: String,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Progress {
    /// How many calls and pairs the lanes have left.
    pub left: usize,
    /// Whose removals the brake holds since this run, and has been told.
    #[serde(default)]
    pub told: BTreeSet<Withdrawer>,
    /// How many rounds in a row that became no less.
    pub idle_rounds: u32,
    /// What the first round planned, for the report.
    #[serde(flatten)]
    pub cost: Cost,
}

/// After so many rounds without progress, what isn't set up is given up.
const PATIENCE: u32 = 2;
/// After so many, what isn't undone either is left to the next run.
const LAST: u32 = 4;

impl Progress {
    /// The same, with so much left now.
    pub(super) fn of(before: Option<Self>, left: usize, cost: Cost) -> Self {
        match before {
            None => Self { left, idle_rounds: 0, told: BTreeSet::new(), cost },
            Some(before) if left < before.left => Self { left, idle_rounds: 0, ..before },
            // More may be left because more is asked for: then the next round has less.
            Some(before) => Self { left, idle_rounds: before.idle_rounds + 1, ..before },
        }
    }

    /// Whether what isn't set up by now is given up.
    pub(super) fn gives_up(&self) -> bool {
        self.idle_rounds >= PATIENCE
    }

    /// Whether the run ends, whatever is left.
    pub(super) fn ends(&self) -> bool {
        self.idle_rounds >= LAST
    }
}

/// The input of an execution.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct GroupsInput {
    /// The groups that it is about; empty for all.
    #[serde(default)]
    pub(super) groups: BTreeSet<GroupName>,
    /// Whether nothing is changed or published.
    #[serde(default)]
    pub(super) dry_run: bool,
}

impl GroupsInput {
    /// Whether the run is about that group.
    pub(super) fn is_about(&self, group: &GroupName) -> bool {
        self.groups.is_empty() || self.groups.contains(group)
    }

    /// Reads the input. An unknown field or a wrong type is [`Error::InvalidRequest`].
    pub(super) fn parse(input: &Value) -> Result<Self, Error> {
        let Some(fields) = input.as_object() else {
            return Err(Error::invalid("the input", "write an object, such as {\"Groups\": [\"payments\"]}"));
        };
        for (field, value) in fields {
            let is_valid = match field.as_str() {
                "Groups" => BTreeSet::<GroupName>::deserialize(value).map(drop),
                "DryRun" => bool::deserialize(value).map(drop),
                _ => return Err(Error::invalid(field, "there is no such field: write Groups or DryRun")),
            };
            is_valid.map_err(|error| Error::invalid(field, error))?;
        }
        Self::deserialize(input).map_err(|error| Error::invalid("the input", error))
    }
}
