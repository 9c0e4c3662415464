//! EventBridge's `Tag Change on Resource`, reduced to the hint that it is.
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-tag.html>

use aws_lambda_events::eventbridge::EventBridgeEvent;
use isthmus_peering::connection::End;
use isthmus_peering::steps::StartTask;
use serde::Deserialize;
use serde_json::Value;

/// The event, as EventBridge delivers it to a function.
#[derive(Debug, Deserialize)]
pub struct TagEvent(EventBridgeEvent<Value>);

impl TagEvent {
    /// The VPC it speaks of, or `None` where it speaks of something else.
    pub fn hint(&self) -> Option<StartTask> {
        let arn = self.0.resources.as_ref()?.first()?;
        // arn:<partition>:ec2:<region>:<account>:vpc/<id>
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, "ec2", region, account, resource] = parts.as_slice() else { return None };
        let end = End {
            vpc_id: resource.strip_prefix("vpc/")?.parse().ok()?,
            region: region.parse().ok()?,
            owner_id: account.parse().ok()?,
        };
        // EventBridge stamps the account; an ARN of another one was written by hand.
        (self.0.account.as_deref() == Some(end.owner_id.as_str()))
            .then(|| StartTask { end, event_id: self.0.id.clone().unwrap_or_default() })
    }
}
