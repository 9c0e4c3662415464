//! A failure by its public name. Lambda and Step Functions have names of their own for a function that never answered.

use crate::connection::Status;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A state's failure, as the machine's `Catch` assigns it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// The state.
    pub state: String,
    /// What it caught.
    pub error: Caught,
    /// The failure that was to be rolled back, where the roll-back failed itself.
    pub after: Option<Box<Failure>>,
}

/// `$states.errorOutput`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    /// The error's name: one of ours, or one of Lambda's or Step Functions' own.
    pub error: String,
    /// For one of ours, the JSON that Lambda wraps around it. Step Functions may leave it out.
    #[serde(default)]
    pub cause: String,
}

/// What was undone, for a person to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RolledBack {
    /// How many routes.
    pub routes_deleted: usize,
    /// Which connections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connections_deleted: Vec<String>,
    /// What could not be undone, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<String>,
}

/// What every poll that comes too early carries.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Poll {
    vpc_peering_connection_id: VpcPeeringConnectionId,
    status: Status,
}

impl Failure {
    /// Whether it happened in that state.
    pub fn is_in(&self, state: &str) -> bool {
        self.state == state
    }

    /// The public name and the cause: a JSON object with `Message` and the error's fields.
    pub fn public(&self) -> (String, Map<String, Value>) {
        let Caught { error, cause } = &self.error;
        if let Some(first) = &self.after {
            return roll_back_failed(error, first);
        }
        let Some(cause) = own_cause(cause) else {
            return match error.as_str() {
                "TIMED_OUT" => closed("States.Timeout", "timed out"),
                "ABORTED" => closed("Aborted", "was stopped"),
                code => service_fault(&self.state, code),
            };
        };
        match error.as_str() {
            "PeeringPending" | "PeeringNotVisible" => match Poll::deserialize(Value::Object(cause)) {
                Ok(Poll { vpc_peering_connection_id, status }) => {
                    Error::PeeringTimedOut { vpc_peering_connection_id, status }.name_and_cause()
                }
                Err(_) => service_fault(&self.state, error),
            },
            "Throttled" => {
                let field = |name: &str| cause.get(name).and_then(Value::as_str).unwrap_or_default();
                service_fault(field("Action"), field("Code"))
            }
            "RoutesRemaining" if self.is_in("DeleteRoutes") => service_fault("ec2:DeleteRoute", "RequestLimitExceeded"),
            "RoutesRemaining" => service_fault("ec2:CreateRoute", "RequestLimitExceeded"),
            name => (name.to_owned(), cause),
        }
    }
}

/// An execution that ended in a way that no `Catch` can see, and was cleaned up after.
fn closed(code: &str, how: &str) -> (String, Map<String, Value>) {
    let (name, mut cause) = service_fault("states:StartExecution", code);
    cause.insert("Message".into(), format!("the execution {how} and was cleaned up after: run again").into());
    (name, cause)
}

/// Even then the execution ends by a public name; the cause holds the first failure, and says that something may be left.
fn roll_back_failed(code: &str, first: &Failure) -> (String, Map<String, Value>) {
    let (name, mut cause) = service_fault("RollBack", code);
    let message = "the execution failed, and so did its roll-back: look for a connection that carries this execution in its \
                   tags, and for routes to it";
    let (first_name, first_cause) = first.public();
    cause.insert("Message".into(), message.into());
    cause.insert("Failure".into(), json!({"Error": first_name, "Cause": first_cause}));
    (name, cause)
}

fn service_fault(action: &str, code: &str) -> (String, Map<String, Value>) {
    Error::ServiceFault { action: action.into(), code: code.into() }.name_and_cause()
}

/// Lambda answers `{"errorType": …, "errorMessage": …}`; our functions put their cause, as JSON, in the message.
fn own_cause(cause: &str) -> Option<Map<String, Value>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        error_message: String,
    }
    let report: Report = serde_json::from_str(cause).ok()?;
    serde_json::from_str(&report.error_message).ok().filter(|cause: &Map<String, Value>| cause.contains_key("Message"))
}
