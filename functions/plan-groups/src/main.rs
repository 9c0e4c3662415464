//! The state `PlanGroups`: which pairs the groups make, how these stand, and what each lane does next.

use isthmus_aws::{count_groups, serve};
use isthmus_peering::steps::plan_groups;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| {
        let has_time = || call.has_time_for_a_call();
        plan_groups(runtime.context(call), &runtime.scope()?, task, has_time).await.inspect(count_groups)
    })
    .await
}
