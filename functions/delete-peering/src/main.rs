//! The state `DeletePeering`: deletes the connection, whose routes are deleted.

use isthmus_aws::serve;
use isthmus_peering::steps::delete_peering;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| delete_peering(runtime.context(call), task).await).await
}
