//! `RollBack`: leave nothing half made. Routes that this execution wrote go first, then the connection that it made.
//!
//! What this execution made is read back from EC2, by the tag that it put on the connection: the step that failed may
//! have been killed before it could tell. A connection that was adopted stays as it was.

mod failure;

use crate::connection::{Connection, End, Record, Status};
use crate::network::{Network, Refusal, Refused};
use crate::plan::SidePlan;
use crate::request::Request;
use crate::routes::PlannedRoute;
use crate::stack::{EXECUTION_TAG, Stack};
use crate::steps::Execution;
use crate::steps::create_request::check_regions;
use crate::steps::delete_routes::still_leading_to;
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

/// Undoes what this execution did, and answers its failure by the public name. Never fails itself: what could not be
/// undone is named in the cause, beside the original failure.
pub async fn roll_back(network: &impl Network, stack: &Stack, task: RollBackTask) -> RolledBack {
    let mut undone = Undone::default();
    if let Some(planned) = &task.peering
        && task.failure.state == "UpdateRoutes"
    {
        for side in &planned.route_plan {
            remove_routes(network, side, &planned.record, &mut undone).await;
        }
    }
    if let Ok(request) = Request::parse(&task.request, stack)
        && !request.dry_run
        && check_regions(network, &request.end, &request.peer).await.is_ok()
    {
        remove_connections(network, &request, &task.execution, &mut undone).await;
    }
    let (error, mut cause) = public(&task.failure);
    cause.insert("RolledBack".into(), serde_json::to_value(&undone).unwrap_or_default());
    RolledBack { error, cause: Value::Object(cause).to_string() }
}

/// Removes the routes that the plan says were absent before, wherever they now lead to the connection.
async fn remove_routes(network: &impl Network, side: &SidePlan, record: &Record, undone: &mut Undone) {
    let routes = match still_leading_to(network, side, &record.vpc_peering_connection_id).await {
        Ok(routes) => routes,
        Err(refused) => return undone.left_behind.push(format!("routes of {}: {refused}", side.end.vpc_id)),
    };
    for PlannedRoute { table, destination, .. } in routes {
        match network.delete_route(&side.end, &table, destination).await {
            Err(refused) if refused.refusal != Refusal::NoSuchRoute => {
                undone.left_behind.push(format!("{destination} in {table}: {refused}"));
            }
            _ => undone.routes_deleted += 1,
        }
    }
}

async fn remove_connections(network: &impl Network, request: &Request, execution: &Execution, undone: &mut Undone) {
    let (requester, accepter) = request.canonical();
    let connections = match network.connections_between(requester, accepter).await {
        Ok(connections) => connections,
        Err(refused) => {
            return undone.left_behind.push(format!("perhaps a connection, which could not be looked for: {refused}"));
        }
    };
    let is_own = |c: &&Connection| c.tags.get(EXECUTION_TAG) == Some(&execution.id);
    for connection in connections.iter().filter(is_own) {
        remove_connection(network, requester, connection, undone).await;
    }
}

/// `failed` can't be deleted. <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
async fn remove_connection(network: &impl Network, requester: &End, connection: &Connection, undone: &mut Undone) {
    let id = connection.id();
    match connection.status {
        status if status.is_live() => match network.delete_connection(requester, id).await {
            Ok(()) | Err(Refused { refusal: Refusal::NoSuchConnection, .. }) => {
                undone.connections_deleted.push(id.to_string());
            }
            // A deletion may be carried out and answered as a failure; tried again it then is in the wrong state.
            Err(refused) => match network.connection(requester, id).await {
                Ok(Some(connection)) if !connection.status.is_live() => undone.connections_deleted.push(id.to_string()),
                _ => undone.left_behind.push(format!("{id}: {refused}")),
            },
        },
        Status::Failed => {
            undone.left_behind.push(format!("{id}, which is failed and can't be deleted: EC2 drops it in two hours"));
        }
        _ => {}
    }
}
