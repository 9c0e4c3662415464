//! Why a command failed: a name, a cause, and an exit code.

use crate::exit::{self, code_of};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Display;

/// A failure, as the JSON document of `--output json` has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// One of the errors of an execution, or one of [`exit::OWN`].
    pub error: String,
    /// `Message`, one sentence that says what to do, and the error's fields.
    pub cause: Map<String, Value>,
    /// Commands that help.
    #[serde(skip)]
    pub help: Vec<String>,
}

impl Failure {
    /// A failure of that name.
    pub fn new(error: &str, message: impl Display) -> Self {
        let cause = Map::from_iter([("Message".to_owned(), Value::from(message.to_string()))]);
        Self { error: error.to_owned(), cause, help: Vec::new() }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Display) -> Self {
        Self::new("Usage", message)
    }

    /// Something that has no name of its own.
    pub fn other(message: impl Display) -> Self {
        Self::new("Failed", message)
    }

    /// How an execution or a function failed. A cause that isn't an object, which a person may have given when stopping it, is
    /// the message.
    pub fn of_execution(error: &str, cause: &str) -> Self {
        match serde_json::from_str(cause) {
            Ok(Value::Object(cause)) => Self { error: error.to_owned(), cause, help: Vec::new() },
            _ => Self::new(error, if cause.is_empty() { "it gave no reason" } else { cause }),
        }
    }

    /// The same with a field of the cause.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.cause.insert(field.to_owned(), value.into());
        self
    }

    /// The same with a command that helps.
    #[must_use]
    pub fn with_help(mut self, command: impl Into<String>) -> Self {
        self.help.push(command.into());
        self
    }

    /// What went wrong, and what to do.
    pub fn message(&self) -> &str {
        self.cause.get("Message").and_then(Value::as_str).unwrap_or("it gave no reason")
    }

    /// The program's exit code.
    pub fn code(&self) -> u8 {
        code_of(&self.error)
    }

    /// Whether an execution fails by that name, which `isthmus explain` then explains.
    pub fn is_explained(&self) -> bool {
        exit::is_error(&self.error)
    }
}
