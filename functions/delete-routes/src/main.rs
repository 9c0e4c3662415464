//! The state `DeleteRoutes`: removes the planned routes, each only while it still leads to the connection.

use isthmus_aws::serve;
use isthmus_peering::steps::delete_routes;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| delete_routes(runtime.context(call), task, || call.has_time_for_a_call()).await)
        .await
}
