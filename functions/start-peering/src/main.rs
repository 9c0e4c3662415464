//! The trigger: a tag changed on a VPC, so start one execution for each peer that its tags wish.

use isthmus_aws::{TagEvent, log_refusals, serve};
use isthmus_peering::steps::{Started, start_peering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |hub, event: TagEvent, _| match event.hint() {
        Some(task) => start_peering(&hub.network, &hub.state_machine()?, &hub.stack, task).await.inspect(log_refusals),
        None => Ok(Started::default()),
    })
    .await
}
