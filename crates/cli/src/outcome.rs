//! What a command answers where it doesn't fail.

use crate::exit;
use crate::failure::Failure;
use crate::text::Line;
use serde::Serialize;
use serde_json::Value;

/// The same answer twice, for people and for programs, and the exit code.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// For `--output text`.
    pub text: Vec<Line>,
    /// For `--output json`.
    pub document: Value,
    /// The exit code.
    pub code: u8,
}

impl Outcome {
    /// An answer with the exit code [`exit::DONE`].
    pub fn done(text: Vec<Line>, document: &impl Serialize) -> Result<Self, Failure> {
        let document = serde_json::to_value(document).map_err(Failure::other)?;
        Ok(Self { text, document, code: exit::DONE })
    }

    /// The same with another exit code, if `condition` is true.
    #[must_use]
    pub fn with_code(self, condition: bool, code: u8) -> Self {
        if condition { Self { code, ..self } } else { self }
    }
}
