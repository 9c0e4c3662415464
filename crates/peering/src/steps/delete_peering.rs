//! `DeletePeering`: remove the connection, whose routes are gone.

use crate::connection::{End, Status};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Network, Refusal};
use crate::stack::{Stack, is_made_by};
use serde::{Deserialize, Serialize};

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteTask {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// The end whose account and Region it is removed in: where it was made, so where its ownership tag is.
    pub requester: End,
}

/// The connection is no more.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deleted {
    /// `deleted`
    pub status: Status,
}

/// Removes the connection, unless that has happened already. Looks once more whether it is this stack's.
pub async fn delete_peering(network: &impl Network, stack: &Stack, task: DeleteTask) -> Result<Deleted, Error> {
    let DeleteTask { vpc_peering_connection_id: id, requester } = task;
    let gone = Deleted { status: Status::Deleted };
    let Some(connection) = network.connection(&requester, &id).await? else { return Ok(gone) };
    if !connection.status.is_live() {
        return Ok(gone);
    }
    if !is_made_by(&connection.tags, stack) {
        return Err(Error::NotOurs { vpc_peering_connection_id: id });
    }
    match network.delete_connection(&requester, &id).await {
        Err(refused) if refused.refusal != Refusal::NoSuchConnection => Err(refused.into()),
        _ => Ok(gone),
    }
}
