//! `RollBack`: leave nothing half made. Routes that this execution wrote go first, then the connection that it made.
//!
//! The ledger says which routes were about to be written. The connection is found by its id, where that is known, and by the
//! execution that its tag names: a step may have been killed before it could answer. A connection that was adopted stays.
//! Who doesn't hold the pair touches nothing.

use crate::connection::{Connection, End, Status};
use crate::consent::check_accounts;
use crate::context::Context;
use crate::error::Error;
use crate::failure::{Failure, RolledBack};
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::{LedgerItem, PairKey};
use crate::peering::Peering;
use crate::ports::{CallError, CallErrorKind, Ledger, Network};
use crate::request::PeeringRequest;
use crate::shared::batch::Progress;
use crate::shared::lease::take_over;
use crate::shared::lookups::check_regions;
use crate::shared::removal::{self, delete_routes};
use crate::stack::Mode;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// The task of the state.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RollBackTask {
    /// The input of the execution: `CreateRequest` may have failed before it answered anything else. As the event of an
    /// execution's end has it, a JSON text.
    pub request: Value,
    /// What `CreateRequest` answered, if it did.
    #[serde(default)]
    pub peering: Option<Peering>,
    /// The ARN of the execution.
    pub execution: String,
    /// In the clean-up machine: the execution that ended without a roll-back.
    #[serde(default)]
    pub dead: Option<String>,
    /// What failed.
    pub failure: Failure,
    /// How often the machine has called this step before.
    pub attempt: u32,
    /// When the state was entered, as ISO 8601.
    pub time: String,
}

/// So many looks for a connection that may have been made and isn't visible yet: EC2 is eventually consistent.
const LOOKS_FOR_A_KNOWN_ONE: u32 = 12;
/// Where it isn't even known whether one was made.
const LOOKS_FOR_AN_UNKNOWN_ONE: u32 = 4;

/// Undoes what this execution did. Short of time it fails with [`Error::RoutesRemaining`], throttled with
/// [`Error::ServiceFault`], while a connection may not be visible yet with [`Error::PeeringNotVisible`], and is called
/// again.
pub async fn roll_back(
    context: Context<'_, impl Network, impl Ledger>,
    task: RollBackTask,
    has_time: impl Fn() -> bool,
) -> Result<RolledBack, Error> {
    let network = context.network;
    let Some(request) = readable(&task.request, context).filter(|request| !request.dry_run) else {
        return Ok(RolledBack::default());
    };
    if check_accounts([&request.end, &request.peer], context.stack).is_err() {
        return Ok(RolledBack::default());
    }
    match check_regions(network, &request.end, &request.peer).await {
        // No call can have been made there.
        Err(Error::InvalidRequest { .. }) => return Ok(RolledBack::default()),
        checked => checked?,
    }
    let is_external = [&request.end, &request.peer].iter().any(|end| context.stack.is_external(&end.owner_id));
    if never_took_the_pair(&task) && !is_external {
        return Ok(RolledBack::default());
    }
    let key = PairKey::of([&request.end, &request.peer]);
    let Some(item) = take_over(context, &key, &task.execution, task.dead.as_deref(), &task.time).await? else {
        return Ok(RolledBack::default());
    };
    if context.stack.mode == Mode::Report {
        // The ledger keeps what was made, for a later execution.
        let left_behind = vec!["everything: the stack's parameter Mode is report".into()];
        return Ok(RolledBack { left_behind, ..RolledBack::default() });
    }
    let mut undone = RolledBack::default();
    if let Some(connection) = &item.connection {
        undone.delete_pending(network, &item, &connection.id, has_time).await?;
    }
    undone.delete_connections(context, &item, &request, &task).await?;
    Ok(undone)
}

fn readable<N, L>(request: &Value, context: Context<'_, N, L>) -> Option<PeeringRequest> {
    let parsed = match request.as_str() {
        Some(text) => PeeringRequest::parse(&serde_json::from_str(text).ok()?, context.stack),
        None => PeeringRequest::parse(request, context.stack),
    };
    parsed.ok()
}

impl RolledBack {
    /// Deletes the routes that were about to be written, wherever they lead to the connection.
    async fn delete_pending(
        &mut self,
        network: &impl Network,
        item: &LedgerItem,
        id: &VpcPeeringConnectionId,
        has_time: impl Fn() -> bool,
    ) -> Result<(), Error> {
        let continue_later = |remaining| Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining };
        let pending = item.pair.ends().map(|end| (end, item.pending_at(end).deletions().collect()));
        match delete_routes(network, pending, &[id.clone()].into(), has_time).await {
            Ok(Progress { done, remaining: 0, .. }) => self.routes_deleted = done,
            Ok(Progress { failure: Some(error), remaining, .. }) if !error.kind.is_transient() => {
                self.left_behind.push(format!("{remaining} routes to {id}: {error}"));
            }
            Ok(Progress { remaining, .. }) => return Err(continue_later(remaining)),
            Err(error) => self.left_behind.push(format!("routes to {id}: {}", permanent_error(error)?)),
        }
        Ok(())
    }

    /// Deletes the connections that this execution, or a dead one before it, made for the pair and did not hand over.
    async fn delete_connections<L>(
        &mut self,
        Context { network, stack, .. }: Context<'_, impl Network, L>,
        item: &LedgerItem,
        request: &PeeringRequest,
        task: &RollBackTask,
    ) -> Result<(), Error> {
        let (requester, accepter) = request.direction(stack);
        let connections = match network.connections_between(requester, accepter).await {
            Ok(connections) => connections,
            Err(error) => {
                let error = permanent_error(error)?;
                self.left_behind.push(format!("perhaps a connection, which could not be looked for: {error}"));
                Vec::new()
            }
        };
        let made_now = task.peering.as_ref().filter(|peering| peering.created);
        let created = made_now.map(|peering| &peering.vpc_peering_connection_id);
        // Recorded before the first run for the pair ended: a new connection.
        let recorded = item.own_connection().filter(|_| item.asked_by.is_none());
        let known = created.or(recorded);
        let is_ours = |c: &&Connection| {
            if !c.identity.joins(requester, accepter) {
                return false;
            }
            item.is_by_maker(c) || known == Some(c.id())
        };
        let found: Vec<&Connection> = connections.iter().filter(is_ours).collect();
        for connection in &found {
            self.delete_connection(network, requester, connection).await?;
        }
        let seen: BTreeSet<_> = found.iter().map(|connection| connection.id()).collect();
        match known {
            Some(id) if !seen.contains(id) => self.delete_invisible(network, requester, id, task.attempt).await,
            None if seen.is_empty() && may_have_made_one(task) && task.attempt < LOOKS_FOR_AN_UNKNOWN_ONE => {
                Err(Error::PeeringNotVisible { vpc_peering_connection_id: None, status: Status::InitiatingRequest })
            }
            _ => Ok(()),
        }
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
            status if status.is_live() => match removal::delete_connection(network, requester, id).await {
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

    /// EC2 answered the creation of this connection and doesn't show it yet. It is deleted by its id.
    async fn delete_invisible(
        &mut self,
        network: &impl Network,
        requester: &End,
        id: &VpcPeeringConnectionId,
        attempt: u32,
    ) -> Result<(), Error> {
        match network.delete_connection(requester, id).await {
            Ok(()) => self.connections_deleted.push(id.to_string()),
            Err(error) if error.kind == CallErrorKind::NoSuchConnection && attempt < LOOKS_FOR_A_KNOWN_ONE => {
                let vpc_peering_connection_id = Some(id.clone());
                return Err(Error::PeeringNotVisible { vpc_peering_connection_id, status: Status::InitiatingRequest });
            }
            Err(error) if error.kind == CallErrorKind::WrongState => {
                // One that has ended may be hidden again.
                if let Some(connection) = network.connection(requester, id).await? {
                    self.delete_connection(network, requester, &connection).await?;
                }
            }
            Err(error) => self.left_behind.push(format!("{id}: {}", permanent_error(error)?)),
        }
        Ok(())
    }
}

/// Whether the step that failed may have made a connection that nobody knows the id of: it was killed, or a call to EC2 was
/// not answered. Everything that planning refuses it refuses before.
fn may_have_made_one(task: &RollBackTask) -> bool {
    let (error, _) = task.failure.public();
    task.peering.is_none() && ["ServiceFault", "AccessDenied"].contains(&error.as_str())
}

/// Whether the ledger failed when the pair was to be taken, which is before any call to EC2. With an external account it is
/// written after the request as well.
fn never_took_the_pair(task: &RollBackTask) -> bool {
    let (_, cause) = task.failure.public();
    let action = cause.get("Action").and_then(Value::as_str).unwrap_or_default();
    let is_of_ledger = action.starts_with("dynamodb:") || action == "states:DescribeExecution";
    task.failure.is_in("CreateRequest") && is_of_ledger
}

/// A call that was only throttled is tried again by the machine; any other error is reported.
fn permanent_error(error: CallError) -> Result<CallError, Error> {
    match error.kind.is_transient() {
        true => Err(error.into()),
        false => Ok(error),
    }
}
