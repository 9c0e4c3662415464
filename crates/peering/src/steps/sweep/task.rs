//! What a sweep is asked for.

use crate::error::Error;
use crate::stack::Scope;
use serde::Deserialize;
use serde_json::Value;

/// What the schedule, or a person, sends.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct SweepTask {
    /// Whether to report the drift and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether to try at once what was refused, or would be tried later.
    #[serde(default)]
    pub retry: bool,
    /// How many of the removals that the brake holds are to be made.
    #[serde(default)]
    pub release: usize,
}

impl SweepTask {
    /// Reads the event. An unknown field or a wrong type is [`Error::InvalidRequest`].
    pub fn parse(event: &Value) -> Result<Self, Error> {
        let is_known = |key: &str| ["DryRun", "Retry", "Release"].contains(&key);
        let Some(fields) = event.as_object() else {
            return Err(Error::invalid("the sweep's input", "write an object"));
        };
        let unknown = fields.keys().find(|key| !is_known(key));
        let field = unknown.map_or("the sweep's input", String::as_str);
        Self::deserialize(event).map_err(|error| Error::invalid(field, error))
    }
}

/// One sweep.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Where to look.
    pub scope: Scope,
    /// Identifies this sweep, so that a repeated invocation starts nothing new.
    pub id: String,
    /// When it began, as ISO 8601.
    pub time: String,
}
