//! The state `WaitActive`: looks once whether the connection is active.

use isthmus_aws::serve;
use isthmus_peering::steps::wait_active;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| wait_active(runtime.context(call), task).await).await
}
