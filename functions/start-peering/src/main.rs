//! The trigger: something changed about a VPC, so start what its peerings need now.

use isthmus_aws::{ChangeEvent, log_started, serve, until_not_throttled};
use isthmus_peering::steps::{Started, start_peering};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, event: ChangeEvent, call| match event.hint(runtime.stack()) {
        Some(task) => {
            let machines = runtime.state_machines()?;
            let start = async || start_peering(runtime.context(call), &machines, task.clone()).await;
            until_not_throttled(call, start).await.inspect(log_started)
        }
        None => Ok(Started::default()),
    })
    .await
}
