//! The events about a change of a VPC, reduced to hints: EventBridge's own
//! `Tag Change on Resource`, and the reports of the two machines.
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-tag.html>

use aws_lambda_events::eventbridge::EventBridgeEvent;
use isthmus_peering::connection::End;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{StartTask, VpcChange};
use isthmus_peering::tags::{ACCEPT, GROUP, key};
use serde::Deserialize;
use serde_json::Value;

/// The event, as EventBridge delivers it to a function.
#[derive(Debug, Deserialize)]
pub struct ChangeEvent(EventBridgeEvent<Value>);

impl ChangeEvent {
    /// The hint about a VPC, or `None` where the event is about something else, or about somebody else's VPC.
    pub fn hint(&self, stack: &Stack) -> Option<StartTask> {
        let hint = self.read(stack);
        if hint.is_none() {
            tracing::warn!(source = self.0.source, account = self.0.account, resources = ?self.0.resources, "not an event to act on");
        }
        hint
    }

    fn read(&self, stack: &Stack) -> Option<StartTask> {
        // In whatever order: Step Functions adds the ARNs of the execution and of its machine.
        let mut ends = self.0.resources.iter().flatten().filter_map(|arn| vpc_of(arn));
        let mut end = ends.next()?;
        let account = self.0.account.as_deref()?;
        let change = match self.0.source.as_str() {
            // EventBridge sets the account; an ARN of another one is forged.
            "aws.tag" if account == end.owner_id.as_str() => {
                let keys = self.0.detail.get("changed-tag-keys").and_then(Value::as_array);
                let has = |word: &str| {
                    let changed = key(&stack.tag_prefix, word);
                    let is_it = |key: &str| {
                        key.strip_prefix(&changed).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
                    };
                    keys.into_iter().flatten().any(|key| key.as_str().is_some_and(is_it))
                };
                VpcChange::Tags { accept: has(ACCEPT), group: has(GROUP) }
            }
            "isthmus" if account == stack.account.as_str() => {
                let mut peer = ends.next()?;
                // Of a VPC of an external account no tag is read.
                if stack.is_external(&end.owner_id) {
                    std::mem::swap(&mut end, &mut peer);
                }
                match self.0.detail_type.as_str() {
                    "VPC Peering Active" | "VPC Peering Pending" => VpcChange::SetUp(peer),
                    "VPC Peering Removed" => VpcChange::TornDown(peer),
                    // A tag requests it again: what was removed until then has to be put back.
                    "VPC Peering Failed"
                        if self.0.detail.get("error").and_then(Value::as_str) == Some("StillTagged") =>
                    {
                        VpcChange::TornDown(peer)
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let time = self.0.time.map(|time| time.to_rfc3339().replace("+00:00", "Z")).unwrap_or_default();
        Some(StartTask { end, change, event_id: self.0.id.clone().unwrap_or_default(), time })
    }
}

/// `arn:<partition>:ec2:<region>:<account>:vpc/<id>`
fn vpc_of(arn: &str) -> Option<End> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "ec2", region, account, resource] = parts.as_slice() else { return None };
    Some(End {
        vpc_id: resource.strip_prefix("vpc/")?.parse().ok()?,
        region: region.parse().ok()?,
        owner_id: account.parse().ok()?,
    })
}
