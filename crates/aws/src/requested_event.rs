//! The event `VPC Peering Requested`, which anybody may send whom the bus lets in: the request is its detail.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use isthmus_peering::steps::{Requested, RequestedTask};
use serde::Deserialize;
use serde_json::Value;

/// The event, as EventBridge delivers it to a function.
#[derive(Debug, Deserialize)]
pub struct RequestedEvent(EventBridgeEvent<Value>);

impl RequestedEvent {
    /// What it asks for, and who sent it: EventBridge stamps the sender's account, and no sender can write another.
    /// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
    pub fn task(self) -> RequestedTask {
        let Self(event) = self;
        RequestedTask {
            sender: event.account.unwrap_or_default(),
            event_id: event.id.unwrap_or_default(),
            request: event.detail,
        }
    }
}

/// The answer of an asynchronous invocation is heard by nobody, so what came of the request is logged.
pub fn log_requested(requested: &Requested) {
    match &requested.refused {
        Some(refusal) => tracing::warn!(refusal, "a requested peering is not started"),
        None => tracing::info!(execution = requested.execution, "started"),
    }
}
