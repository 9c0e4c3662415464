//! The other trigger: an event on the stack's bus requests a peering, so start it if its sender owns one of the ends.

use isthmus_aws::{RequestedEvent, log_requested, serve};
use isthmus_peering::steps::start_requested;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, event: RequestedEvent, _| {
        start_requested(&runtime.state_machines()?, runtime.stack(), event.task()).await.inspect(log_requested)
    })
    .await
}
