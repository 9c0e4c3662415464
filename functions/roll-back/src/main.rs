//! The state `RollBack`: removes what the failed execution made.

use isthmus_aws::serve;
use isthmus_peering::steps::roll_back;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| roll_back(runtime.context(call), task, || call.has_time_for_a_call()).await).await
}
