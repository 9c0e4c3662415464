//! The state `UpdateRoutes`: writes the planned routes on both sides, then turns on DNS resolution.

use isthmus_aws::{count_routes, serve};
use isthmus_peering::steps::update_routes;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| {
        update_routes(runtime.context(call), task, || call.has_time_for_a_call()).await.inspect(count_routes)
    })
    .await
}
