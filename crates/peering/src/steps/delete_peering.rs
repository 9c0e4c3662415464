//! `DeletePeering`: remove the connection, whose routes are gone, and what came in between.

use super::batch::Progress;
use super::delete_routes::remove_routes;
use super::pair::Pair;
use super::planning::leading_to;
use super::tell::hush;
use crate::connection::{End, Status};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Answer, Network, Refusal, Refused};
use crate::stack::{Stack, is_made_by};
use futures_util::join;
use serde::{Deserialize, Serialize};

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTask {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// The end whose account and Region it is removed in: where it was made, so where its ownership tag is.
    pub requester: End,
    /// The two ends as the request names them.
    pub ends: [End; 2],
}

/// The connection is no more.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deleted {
    /// `deleted`
    pub status: Status,
}

/// Removes the connection, unless that has happened already, and its status from both VPCs. Looks once more whether it is
/// this stack's, and whether a tag wishes it by now.
pub async fn delete_peering(network: &impl Network, stack: &Stack, task: DeleteTask) -> Result<Deleted, Error> {
    let DeleteTask { vpc_peering_connection_id: id, requester, ends: [end, peer] } = task;
    let (pair, connection) = join!(Pair::read(network, stack, &end, &peer), network.connection(&requester, &id));
    let pair = pair?;
    pair.check_unwished(stack)?;
    if let Some(connection) = connection?.filter(|connection| connection.status.is_live()) {
        if !is_made_by(&connection.tags, stack) {
            return Err(Error::NotOurs { vpc_peering_connection_id: id });
        }
        remove_connection(network, &requester, &id).await?;
    }
    remove_stragglers(network, [&end, &peer], &id).await?;
    hush(network, &stack.tag_prefix, &pair).await;
    Ok(Deleted { status: Status::Deleted })
}

/// Removes a live connection. Somebody else may be quicker, and a deletion may be carried out and answered as a failure:
/// tried again, it then is in the wrong state. So whatever EC2 says, how the connection is now decides.
pub(super) async fn remove_connection(
    network: &impl Network,
    requester: &End,
    id: &VpcPeeringConnectionId,
) -> Answer<()> {
    match network.delete_connection(requester, id).await {
        Ok(()) | Err(Refused { refusal: Refusal::NoSuchConnection, .. }) => Ok(()),
        Err(refused) => match network.connection(requester, id).await {
            Ok(Some(now)) if !now.status.is_live() => Ok(()),
            _ => Err(refused),
        },
    }
}

/// A set-up that was at work at the same time may have written routes that were in no plan. Now that the connection is gone
/// no more can come.
async fn remove_stragglers(
    network: &impl Network,
    [end, peer]: [&End; 2],
    id: &VpcPeeringConnectionId,
) -> Result<(), Error> {
    let (tables, peer_tables) = join!(network.route_tables(end), network.route_tables(peer));
    let sides = [leading_to(end, &tables?, id), leading_to(peer, &peer_tables?, id)];
    let doomed = sides.each_ref().map(|side| (&side.end, side.removals().collect::<Vec<_>>()));
    if doomed.iter().all(|(_, routes)| routes.is_empty()) {
        return Ok(());
    }
    match remove_routes(network, doomed, id, || true).await? {
        Progress { failure: Some(refused), .. } => Err(refused.into()),
        Progress { remaining: 0, .. } => Ok(()),
        Progress { .. } => {
            Err(Error::ServiceFault { action: "ec2:DeleteRoute".into(), code: "RequestLimitExceeded".into() })
        }
    }
}
