//! `WaitActive`: look once. The machine's `Retry` does the waiting, at one state transition a poll.

use super::diagnose::{LastSeen, diagnose};
use crate::connection::{End, Record, Status};
use crate::error::Error;
use crate::network::Network;
use serde::{Deserialize, Serialize};

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitTask {
    /// The connection.
    #[serde(flatten)]
    pub record: Record,
    /// The two ends as the request names them.
    pub ends: [End; 2],
}

/// The connection carries traffic.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Active {
    /// `active`
    pub status: Status,
}

/// Answers once the connection is active; [`Error::PeeringPending`] while it may still become so.
pub async fn wait_active(network: &impl Network, task: WaitTask) -> Result<Active, Error> {
    let WaitTask { record, ends } = task;
    let id = record.vpc_peering_connection_id.clone();
    // Not seen is not gone: a dead connection stays on record for hours, a fresh one may take a moment to show.
    let Some(connection) = network.connection(&record.requester, &id).await? else {
        return Err(Error::PeeringPending { vpc_peering_connection_id: id, status: Status::InitiatingRequest });
    };
    match connection.status {
        status @ Status::Active => Ok(Active { status }),
        status if status.is_live() => Err(Error::PeeringPending { vpc_peering_connection_id: id, status }),
        _ => Err(diagnose(network, &ends, LastSeen::of(&connection)).await),
    }
}
