//! `start-requested`: an event asks for a peering, so start it if its sender owns one of the ends.
//!
//! Whoever may put events on the stack's bus may ask for anything; so the account that EventBridge stamped on the event
//! has to be the owner of one end, and that end becomes the one that asks. Whether the ends consent is for
//! `create-request` to find out, as with every execution; an event of the stack's own account speaks for it as an
//! execution would. What can't be understood is answered and never tried again.

use super::executions::{Executions, execution_name};
use crate::error::Error;
use crate::request::Request;
use crate::stack::Stack;
use crate::standing::Origin;
use serde::Serialize;
use serde_json::Value;

/// An event that asks for a peering.
#[derive(Debug, Clone)]
pub struct RequestedTask {
    /// The account that sent it, as EventBridge says.
    pub sender: String,
    /// What identifies the delivery, so that a repeated one starts nothing new.
    pub event_id: String,
    /// The input of the peering machine.
    pub request: Value,
}

/// What became of it: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Requested {
    /// The name of the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Starts one execution, named after the pair and the event.
pub async fn start_requested(
    executions: &impl Executions,
    stack: &Stack,
    task: RequestedTask,
) -> Result<Requested, Error> {
    let RequestedTask { sender, event_id, request } = task;
    let request = match read(&request, &sender, stack) {
        Ok(request) => request,
        Err(refusal) => return Ok(Requested { refused: Some(refusal), execution: None }),
    };
    let by = if request.end.owner_id == stack.account { Origin::Execution } else { Origin::MemberEvent };
    let name = execution_name(by, &request.end, &request.peer, &event_id);
    executions.set_up(&name, &request.into()).await?;
    Ok(Requested { execution: Some(name), refused: None })
}

/// The request, asked by the end that the sender owns, or why it starts nothing.
fn read(request: &Value, sender: &str, stack: &Stack) -> Result<Request, String> {
    let request = Request::parse(request, stack).map_err(|error| format!("account {sender}: {error}"))?;
    match [&request.end, &request.peer].map(|end| end.owner_id.as_str() == sender) {
        [true, _] => Ok(request),
        [false, true] => Ok(request.turned()),
        [false, false] => Err(format!(
            "account {sender} owns neither {} nor {}: whoever owns one of them has to ask",
            request.end, request.peer
        )),
    }
}
