//! The schedule: compares desired and actual state, and starts what events missed.

use isthmus_aws::{log_swept, serve};
use isthmus_peering::steps::sweep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| {
        let (machines, this) = (runtime.state_machines()?, runtime.sweep(call)?);
        let has_time = || call.has_time_for_a_call();
        sweep(runtime.context(call), &machines, &this, task, has_time).await.inspect(log_swept)
    })
    .await
}
