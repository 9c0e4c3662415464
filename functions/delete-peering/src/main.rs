//! The state `DeletePeering`: removes the connection, whose routes are gone.

use isthmus_aws::serve;
use isthmus_peering::steps::delete_peering;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |hub, task, _| delete_peering(&hub.network, &hub.stack, task).await).await
}
