//! Three VPCs of one account, the first of which names the others, and the event that its tags changed.

use crate::{HasLedger, Machines, Memory, context, stack};
use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::ports::{Executions, Network, RegionReads};
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{StartTask, Started, VpcChange, start_peering};
use serde_json::json;

/// The id of the event.
pub const EVENT: &str = "0c0ffee0-0000-4000-8000-000000000001";
const TIME: &str = "2026-11-25T12:00:00Z";

/// A VPC of the stack's account and Region.
pub fn end(id: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": "us-east-1", "OwnerId": "123456789012"})).expect("an end")
}

/// The network.
pub fn network() -> Memory {
    let memory = Memory::default();
    for (id, block) in
        [("vpc-0000000a", "10.1.0.0/16"), ("vpc-0000000b", "10.2.0.0/16"), ("vpc-0000000c", "10.3.0.0/16")]
    {
        memory.add_vpc(&end(id), &[block], 1);
    }
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:peer", "vpc-0000000b vpc-0000000c");
    memory
}

/// The task of that event, or of another change, about this VPC.
pub fn task(id: &str, change: VpcChange) -> StartTask {
    StartTask { end: end(id), change, event_id: EVENT.into(), time: TIME.into() }
}

/// The tags changed, `accept` not among them.
pub const TAGS: VpcChange = VpcChange::Tags { accept: false, group: false };

/// Runs the trigger.
pub async fn start_as(
    network: &(impl Network + RegionReads + HasLedger),
    machines: &impl Executions,
    stack: &Stack,
    task: StartTask,
) -> Result<Started, Error> {
    start_peering(context(network, stack), machines, task).await
}

/// Runs it for the event, for the stack of all tests.
pub async fn start(memory: &Memory, machine: &Machines) -> Started {
    start_as(memory, machine, &stack(), task("vpc-0000000a", TAGS)).await.expect("started")
}
