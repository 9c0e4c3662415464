//! What a run of the groups machine is asked for.

use crate::error::Error;
use crate::groups::GroupName;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the state passes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupsTask {
    /// The input of the execution.
    pub input: Value,
}

/// The input of an execution.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct GroupsInput {
    /// The groups to report about; empty for all.
    #[serde(default)]
    pub(super) groups: BTreeSet<GroupName>,
    /// Whether nothing is published.
    #[serde(default)]
    pub(super) dry_run: bool,
}

impl GroupsInput {
    /// Whether the report is about that group.
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
