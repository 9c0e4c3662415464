//! `RollBack`: leave nothing half made. Routes that this execution wrote go first, then the connection that it made.
//!
//! What this execution made is read back from EC2, by the tag that it put on the connection: the step that failed may
//! have been killed before it could tell. A connection that was adopted stays as it was.

mod failure;

use crate::connection::{Connection, End, Record, Status};
use crate::error::Error;
use crate::network::{Network, Refusal, Refused};
use crate::plan::SidePlan;
use crate::request::Request;
use crate::stack::{EXECUTION_TAG, Stack};
use crate::steps::Execution;
use crate::steps::batch::Progress;
use crate::steps::delete_peering::remove_connection;
use crate::steps::delete_routes::remove_routes;
use crate::steps::planning::check_regions;
use failure::public;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RollBackTask {
    /// The input of the execution, as it came.
    pub request: Value,
    /// The execution.
    pub execution: Execution,
    /// What failed.
    pub failure: Failure,
    /// What `CreateRequest` answered, if it came so far.
    pub peering: Option<Planned>,
}

/// A state's failure, as its `Catch` received it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// The state.
    pub state: String,
    /// The error's name: one of ours, or one of Lambda's or Step Functions' own.
    pub error: String,
    /// For one of ours, the JSON that Lambda wraps around it.
    pub cause: String,
}

/// The part of `CreateRequest`'s answer that says which routes this execution may have written.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Planned {
    #[serde(flatten)]
    record: Record,
    route_plan: [SidePlan; 2],
}

/// How the execution ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RolledBack {
    /// The error's name, always one of the public ones.
    pub error: String,
    /// A JSON object, as text: `Message`, the error's fields, and `RolledBack`.
    pub cause: String,
}

/// What was undone, for a person to read.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Undone {
    routes_deleted: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    connections_deleted: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_behind: Vec<String>,
}

/// Undoes what this execution did, and answers its failure by the public name. What could not be undone is named in the
/// cause, beside the original failure. Short of time it fails with [`Error::RoutesRemaining`], throttled with
/// [`Error::ServiceFault`], and is called again.
pub async fn roll_back(
    network: &impl Network,
    stack: &Stack,
    task: RollBackTask,
    has_time: impl Fn() -> bool,
) -> Result<RolledBack, Error> {
    let mut undone = Undone::default();
    if let Some(planned) = &task.peering
        && task.failure.state == "UpdateRoutes"
    {
        undone.routes(network, planned, has_time).await?;
    }
    if let Ok(request) = Request::parse(&task.request, stack)
        && !request.dry_run
        && check_regions(network, &request.end, &request.peer).await.is_ok()
    {
        undone.connections(network, &request, &task.execution).await?;
    }
    let (error, mut cause) = public(&task.failure);
    cause.insert("RolledBack".into(), serde_json::to_value(&undone).unwrap_or_default());
    Ok(RolledBack { error, cause: Value::Object(cause).to_string() })
}

impl Undone {
    /// Removes the routes that the plan says were absent before, wherever they now lead to the connection.
    async fn routes(
        &mut self,
        network: &impl Network,
        planned: &Planned,
        has_time: impl Fn() -> bool,
    ) -> Result<(), Error> {
        let id = &planned.record.vpc_peering_connection_id;
        let again = |remaining| Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining };
        let written = planned.route_plan.each_ref().map(|side| (&side.end, side.additions().collect()));
        match remove_routes(network, written, id, has_time).await {
            Ok(Progress { done, remaining: 0, .. }) => self.routes_deleted = done,
            Ok(Progress { failure: Some(refused), remaining, .. }) if refused.refusal != Refusal::Unavailable => {
                self.left_behind.push(format!("{remaining} routes to {id}: {refused}"));
            }
            Ok(Progress { remaining, .. }) => return Err(again(remaining)),
            Err(refused) => self.left_behind.push(format!("routes to {id}: {}", lasting(refused)?)),
        }
        Ok(())
    }

    /// Removes the connections that carry this execution's tag.
    async fn connections(
        &mut self,
        network: &impl Network,
        request: &Request,
        execution: &Execution,
    ) -> Result<(), Error> {
        let (requester, accepter) = request.canonical();
        match network.connections_between(requester, accepter).await {
            Ok(connections) => {
                let is_own = |c: &&Connection| c.tags.get(EXECUTION_TAG) == Some(&execution.id);
                for connection in connections.iter().filter(is_own) {
                    self.connection(network, requester, connection).await?;
                }
            }
            Err(refused) => {
                let refused = lasting(refused)?;
                self.left_behind.push(format!("perhaps a connection, which could not be looked for: {refused}"));
            }
        }
        Ok(())
    }

    /// `failed` can't be deleted. <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
    async fn connection(
        &mut self,
        network: &impl Network,
        requester: &End,
        connection: &Connection,
    ) -> Result<(), Error> {
        let id = connection.id();
        match connection.status {
            status if status.is_live() => match remove_connection(network, requester, id).await {
                Ok(()) => self.connections_deleted.push(id.to_string()),
                Err(refused) => self.left_behind.push(format!("{id}: {}", lasting(refused)?)),
            },
            Status::Failed => {
                self.left_behind.push(format!("{id}, which is failed and can't be deleted: EC2 drops it in two hours"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// What is only throttled is tried again by the machine; any other refusal is told.
fn lasting(refused: Refused) -> Result<Refused, Error> {
    match refused.refusal {
        Refusal::Unavailable => Err(refused.into()),
        _ => Ok(refused),
    }
}
