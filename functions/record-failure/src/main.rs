//! The states `RecordFailure` and `RecordOverlap`: tells on both VPCs why their peering could not be had.

use isthmus_aws::serve;
use isthmus_peering::steps::record_failure;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |hub, task, _| record_failure(&hub.network, &hub.stack, task).await).await
}
