//! The state `WorkLane`: the writes of groups in one Region of one account.

use isthmus_aws::serve;
use isthmus_peering::steps::work_lane;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| {
        work_lane(runtime.context(call), runtime.pace()?, task, || call.has_time_for_a_call()).await
    })
    .await
}
