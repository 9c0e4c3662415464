//! `DeletePeering`: delete the connection, whose routes are deleted, and routes that were written meanwhile.

use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::ports::Network;
use crate::shared::batch::Progress;
use crate::shared::pair::Pair;
use crate::shared::removal::{delete_connection, delete_routes, routes_leading_to};
use crate::shared::status_tags::clear_status;
use crate::steps::TeardownTask;
use crate::tags::is_made_by;
use crate::teardown::TeardownOutput;
use futures_util::join;
use serde::Serialize;

/// The connection is deleted.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deleted {
    /// The output of the execution.
    pub output: TeardownOutput,
}

/// Deletes the connection, unless that has happened already, and removes its status from both VPCs. Looks once more whether
/// it is this stack's, and whether a tag requests it by now.
pub async fn delete_peering(context: Context<'_, impl Network>, task: TeardownTask) -> Result<Deleted, Error> {
    let Context { network, stack } = context;
    let teardown = task.teardown;
    let (id, requester) = (&teardown.vpc_peering_connection_id, &teardown.requester.end);
    let (pair, connection) = join!(Pair::read(context, teardown.ends()), network.connection(requester, id));
    let pair = pair?;
    pair.check_untagged(stack)?;
    if let Some(connection) = connection?.filter(|connection| connection.status.is_live()) {
        if !is_made_by(&connection.tags, stack) {
            return Err(Error::NotOurs { vpc_peering_connection_id: id.clone() });
        }
        delete_connection(network, requester, id).await?;
    }
    delete_later_routes(network, teardown.ends(), id).await?;
    clear_status(context, &pair).await;
    Ok(Deleted { output: teardown.deleted() })
}

/// A set-up that ran at the same time may have written routes that were in no plan. Now that the connection is deleted, no
/// more can follow.
async fn delete_later_routes(
    network: &impl Network,
    [end, peer]: [&End; 2],
    id: &VpcPeeringConnectionId,
) -> Result<(), Error> {
    let (tables, peer_tables) = join!(network.route_tables(end), network.route_tables(peer));
    let sides = [routes_leading_to(end, &tables?, id), routes_leading_to(peer, &peer_tables?, id)];
    let routes = sides.each_ref().map(|side| (&side.end, side.removals().collect::<Vec<_>>()));
    if routes.iter().all(|(_, routes)| routes.is_empty()) {
        return Ok(());
    }
    match delete_routes(network, routes, id, || true).await? {
        Progress { failure: Some(error), .. } => Err(error.into()),
        Progress { remaining: 0, .. } => Ok(()),
        Progress { .. } => {
            Err(Error::ServiceFault { action: "ec2:DeleteRoute".into(), code: "RequestLimitExceeded".into() })
        }
    }
}
