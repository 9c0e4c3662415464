//! The other trigger: an event on the stack's bus asks for a peering, so start it if its sender owns one of the ends.

use isthmus_aws::{RequestedEvent, log_requested, serve};
use isthmus_peering::steps::start_requested;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |hub, event: RequestedEvent, _| {
        start_requested(&hub.state_machines()?, &hub.stack, event.task()).await.inspect(log_requested)
    })
    .await
}
