//! The state `PlanGroups`: which pairs the groups make, how these stand, and what each lane does next.

use isthmus_aws::{count_fault_of_groups, count_groups, serve};
use isthmus_peering::steps::{GroupsTask, plan_groups};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task: GroupsTask, call| {
        let attempt = task.attempt;
        let has_time = || call.has_time_for_a_call();
        let planned = plan_groups(runtime.context(call), &runtime.scope()?, task, has_time).await;
        planned.inspect(count_groups).inspect_err(|error| count_fault_of_groups(attempt, error))
    })
    .await
}
