//! The state `AcceptInPeerRegion`: accepts with the accepter's credentials in the accepter's Region.

use isthmus_aws::serve;
use isthmus_peering::steps::accept_in_peer_region;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve(async |runtime, task, call| accept_in_peer_region(runtime.context(call), task).await).await
}
