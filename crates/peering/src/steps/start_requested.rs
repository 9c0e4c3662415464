//! `start-requested`: an event requests a peering, so start it if its sender owns one of the ends.
//!
//! Whoever may put events on the stack's bus may request anything. So the account that EventBridge set in the event has to
//! own one end, and that end is named first. `create-request` checks consent, as for every execution. An event that is
//! invalid is answered and not tried again.

use crate::consent::RequestedBy;
use crate::error::Error;
use crate::ports::Executions;
use crate::request::PeeringRequest;
use crate::shared::tag_requests::name_by_event;
use crate::stack::Stack;
use serde::Serialize;
use serde_json::Value;

/// An event that requests a peering.
#[derive(Debug, Clone)]
pub struct RequestedTask {
    /// The account that sent it, as EventBridge says.
    pub sender: String,
    /// Identifies the event, so that a repeated one starts nothing new.
    pub event_id: String,
    /// The input of the peering machine.
    pub request: Value,
}

/// The answer: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Requested {
    /// The name of the execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
}

/// Starts one execution, named after the pair and the event.
pub async fn start_requested(
    executions: &impl Executions,
    stack: &Stack,
    task: RequestedTask,
) -> Result<Requested, Error> {
    let RequestedTask { sender, event_id, request } = task;
    let request = match sender_first(&request, &sender, stack) {
        Ok(request) => PeeringRequest { requested_by: RequestedBy::Event, ..request },
        Err(reason) => return Ok(Requested { invalid: Some(reason), execution: None }),
    };
    let name = name_by_event(&request.end, &request.peer, &event_id);
    executions.start_peering(&name, &request.into()).await?;
    Ok(Requested { execution: Some(name), invalid: None })
}

/// The request with the sender's end first, or why it starts nothing.
fn sender_first(request: &Value, sender: &str, stack: &Stack) -> Result<PeeringRequest, String> {
    let request = PeeringRequest::parse(request, stack).map_err(|error| format!("account {sender}: {error}"))?;
    match [&request.end, &request.peer].map(|end| end.owner_id.as_str() == sender) {
        [true, _] => Ok(request),
        [false, true] => Ok(request.swapped()),
        [false, false] => Err(format!(
            "account {sender} owns neither {} nor {}: the owner of one of them has to send the event",
            request.end, request.peer
        )),
    }
}
