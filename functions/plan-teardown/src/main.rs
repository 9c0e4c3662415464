//! The state `PlanTeardown`: finds the connection, checks that it is ours, and lists the routes that lead to it.

use isthmus_aws::serve;
use isthmus_peering::steps::plan_teardown;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| plan_teardown(runtime.context(call), task).await).await
}
