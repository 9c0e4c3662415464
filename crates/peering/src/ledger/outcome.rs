//! How the last execution of a pair ended.

use serde::{Deserialize, Serialize};

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outcome {
    /// The execution.
    pub by: String,
    /// The error's public name, where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The error's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How often in a row it failed with that error.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u32,
    /// Until when no sweep tries again, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<i64>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Outcome {
    /// A success of that execution.
    pub fn success(execution: &str) -> Self {
        Self { by: execution.into(), error: None, message: None, count: 0, retry_at: None }
    }
}
