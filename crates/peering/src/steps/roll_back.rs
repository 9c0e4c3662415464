//! `RollBack`: leave nothing half made. Routes that this execution wrote go first, then the connection that it made.
//!
//! What this execution made is read back from EC2, by the tag that it put on the connection: the step that failed may
//! have been killed before it could answer. A connection that was adopted stays as it was.

use crate::connection::{Connection, End, Status};
use crate::context::Context;
use crate::error::Error;
use crate::failure::{Failure, RolledBack};
use crate::peering::Peering;
use crate::ports::{CallError, CallErrorKind, Network};
use crate::request::PeeringRequest;
use crate::shared::batch::Progress;
use crate::shared::lookups::check_regions;
use crate::shared::removal::{delete_connection, delete_routes};
use crate::tags::EXECUTION;
use serde::Deserialize;
use serde_json::Value;

/// The task of the state.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RollBackTask {
    /// The input of the execution: `CreateRequest` may have failed before it answered anything else.
    pub request: Value,
    /// What `CreateRequest` answered, if it did.
    pub peering: Option<Peering>,
    /// The ARN of the execution.
    pub execution: String,
    /// What failed.
    pub failure: Failure,
}

/// Undoes what this execution did. Short of time it fails with [`Error::RoutesRemaining`], throttled with
/// [`Error::ServiceFault`], and is called again.
pub async fn roll_back(
    Context { network, stack }: Context<'_, impl Network>,
    task: RollBackTask,
    has_time: impl Fn() -> bool,
) -> Result<RolledBack, Error> {
    let RollBackTask { request, peering, execution, failure } = task;
    let mut undone = RolledBack::default();
    if let Some(peering) = peering.filter(|_| failure.is_in("UpdateRoutes")) {
        undone.delete_routes(network, &peering, has_time).await?;
    }
    if let Ok(request) = PeeringRequest::parse(&request, stack)
        && !request.dry_run
        && check_regions(network, &request.end, &request.peer).await.is_ok()
    {
        undone.delete_connections(network, &request, &execution).await?;
    }
    Ok(undone)
}

impl RolledBack {
    /// Deletes the routes that the plan adds, wherever they lead to the connection.
    async fn delete_routes(
        &mut self,
        network: &impl Network,
        peering: &Peering,
        has_time: impl Fn() -> bool,
    ) -> Result<(), Error> {
        let id = &peering.vpc_peering_connection_id;
        let continue_later = |remaining| Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining };
        let added = peering.sides().map(|side| (side.end(), side.plan.additions().collect()));
        match delete_routes(network, added, id, has_time).await {
            Ok(Progress { done, remaining: 0, .. }) => self.routes_deleted = done,
            Ok(Progress { failure: Some(error), remaining, .. }) if error.kind != CallErrorKind::Unavailable => {
                self.left_behind.push(format!("{remaining} routes to {id}: {error}"));
            }
            Ok(Progress { remaining, .. }) => return Err(continue_later(remaining)),
            Err(error) => self.left_behind.push(format!("routes to {id}: {}", permanent_error(error)?)),
        }
        Ok(())
    }

    /// Deletes the connections that carry this execution's tag.
    async fn delete_connections(
        &mut self,
        network: &impl Network,
        request: &PeeringRequest,
        execution: &str,
    ) -> Result<(), Error> {
        let (requester, accepter) = request.canonical();
        match network.connections_between(requester, accepter).await {
            Ok(connections) => {
                let is_own = |c: &&Connection| c.tags.get(EXECUTION).map(String::as_str) == Some(execution);
                for connection in connections.iter().filter(is_own) {
                    self.delete_connection(network, requester, connection).await?;
                }
            }
            Err(error) => {
                let error = permanent_error(error)?;
                self.left_behind.push(format!("perhaps a connection, which could not be looked for: {error}"));
            }
        }
        Ok(())
    }

    /// `failed` can't be deleted. <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
    async fn delete_connection(
        &mut self,
        network: &impl Network,
        requester: &End,
        connection: &Connection,
    ) -> Result<(), Error> {
        let id = connection.id();
        match connection.status {
            status if status.is_live() => match delete_connection(network, requester, id).await {
                Ok(()) => self.connections_deleted.push(id.to_string()),
                Err(error) => self.left_behind.push(format!("{id}: {}", permanent_error(error)?)),
            },
            Status::Failed => {
                let message = "which is failed and can't be deleted: EC2 removes it after two hours";
                self.left_behind.push(format!("{id}, {message}"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// A call that was only throttled is tried again by the machine; any other error is reported.
fn permanent_error(error: CallError) -> Result<CallError, Error> {
    match error.kind {
        CallErrorKind::Unavailable => Err(error.into()),
        _ => Ok(error),
    }
}
