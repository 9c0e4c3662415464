//! The state `CreateRequest`: plans the peering, then makes or adopts the connection.

use isthmus_aws::serve;
use isthmus_peering::steps::create_request;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| create_request(runtime.context(call), task).await).await
}
