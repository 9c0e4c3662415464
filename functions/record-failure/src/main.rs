//! The state `RecordFailure` of both machines: names the failure, counts it, and writes its status to both VPCs.

use isthmus_aws::{count_failure, serve};
use isthmus_peering::steps::record_failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| record_failure(runtime.context(call), task).await.inspect(count_failure)).await
}
