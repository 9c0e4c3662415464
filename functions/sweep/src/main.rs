//! The schedule: holds wish and world against each other, and starts what events missed.

use isthmus_aws::{log_swept, serve};
use isthmus_peering::steps::sweep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |hub, task, call| {
        let (machines, how) = (hub.state_machines()?, hub.sweep(call)?);
        let swept = sweep(&hub.network, &machines, &hub.stack, &how, task, || call.has_time_for_a_call()).await;
        swept.inspect(log_swept)
    })
    .await
}
