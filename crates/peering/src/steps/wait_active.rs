//! `WaitActive`: look once. The machine's `Retry` waits, at one state transition a poll.

use crate::connection::Status;
use crate::context::Context;
use crate::error::Error;
use crate::ports::NetworkReads;
use crate::shared::diagnosis::diagnose;
use crate::shared::lease::check_time;
use crate::steps::PeeringTask;
use serde::Serialize;

/// The connection is active.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Active {
    /// `active`
    pub status: Status,
}

/// Answers once the connection is active; [`Error::PeeringPending`] while it may still become so. Where one account is external,
/// [`Error::PlanAgain`] in place of an answer: its blocks are shown now, or its owner has yet to accept.
pub async fn wait_active<L>(context: Context<'_, impl NetworkReads, L>, task: PeeringTask) -> Result<Active, Error> {
    let PeeringTask { peering, started, .. } = task;
    check_time(context, "WaitActive", started)?;
    let Context { network, stack, .. } = context;
    let id = peering.vpc_peering_connection_id.clone();
    let [requester, accepter] = [peering.requester.end(), peering.accepter.end()];
    let [asks, accepts] = [requester, accepter].map(|end| stack.is_external(&end.owner_id));
    // Not visible doesn't mean deleted: a deleted connection stays visible for hours, a new one may not be visible yet.
    let Some(connection) = network.connection(stack.own_end([requester, accepter]), &id).await? else {
        return Err(Error::PeeringPending { vpc_peering_connection_id: id, status: Status::InitiatingRequest });
    };
    match connection.status {
        Status::Active if asks || accepts => Err(Error::PlanAgain {}),
        Status::PendingAcceptance if accepts => Err(Error::PlanAgain {}),
        status @ Status::Active => Ok(Active { status }),
        status if status.is_live() => Err(Error::PeeringPending { vpc_peering_connection_id: id, status }),
        _ => Err(diagnose(context, peering.ends(), &connection).await),
    }
}
