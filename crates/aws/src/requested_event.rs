//! The event `VPC Peering Requested`, which anybody may send whom the bus's policy admits: its detail is the request.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use isthmus_peering::steps::RequestedTask;
use serde::Deserialize;
use serde_json::Value;

/// The event, as EventBridge delivers it to a function.
#[derive(Debug, Deserialize)]
pub struct RequestedEvent(EventBridgeEvent<Value>);

impl RequestedEvent {
    /// What it requests, and who sent it: EventBridge sets the sender's account, and no sender can set another.
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
