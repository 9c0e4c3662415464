//! Writing routes, several at once; stops at the first that can't be written, or when time runs short. In an established
//! peering, one that can't be had is skipped.

use crate::connection::End;
use crate::error::Conflict;
use crate::ids::VpcPeeringConnectionId;
use crate::plan::SidePlan;
use crate::ports::{CallError, CallErrorKind, Network, NetworkReads};
use crate::route_tables::{Route, Target};
use crate::routes::{Action, PlannedRoute, no_room};
use crate::shared::batch::{Progress, alternate, in_batches};
use crate::shared::lookups::deleted_connections;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// One route to write.
#[derive(Debug, Clone)]
pub(crate) struct RouteWrite {
    pub(crate) end: End,
    pub(crate) route: PlannedRoute,
}

/// Not all was written.
#[derive(Debug)]
pub(crate) struct Incomplete {
    pub(crate) remaining: usize,
    pub(crate) reason: Reason,
}

/// Why not all was written.
#[derive(Debug)]
pub(crate) enum Reason {
    OutOfTime,
    Conflict(Conflict),
    CallFailed(Box<RouteWrite>, CallError),
}

/// A route of an established peering that can't be had.
#[derive(Debug, Clone)]
pub(crate) struct Skipped {
    pub(crate) write: RouteWrite,
    /// The route that isn't ours and holds its place; `None` where its table is full.
    pub(crate) conflict: Option<Conflict>,
}

impl Skipped {
    /// The warning that it is.
    pub(crate) fn warning(&self) -> String {
        let route = &self.write.route;
        match &self.conflict {
            Some(conflict) => conflict.kept(),
            None => no_room(&route.table, [route.destination].into_iter()),
        }
    }
}

/// The routes that the plans of both sides add.
pub(crate) fn planned_writes([side, peer_side]: [&SidePlan; 2]) -> Vec<RouteWrite> {
    let writes = |side: &SidePlan| side.additions().map(|route| RouteWrite { end: side.end.clone(), route }).collect();
    alternate(writes(side), writes(peer_side))
}

/// Writes the routes to `target`; stops starting new calls when `has_time` says no. Answers those that were skipped.
pub(crate) async fn write_routes(
    network: &impl Network,
    target: &VpcPeeringConnectionId,
    writes: Vec<RouteWrite>,
    established: bool,
    has_time: impl Fn() -> bool,
) -> Result<Vec<Skipped>, Incomplete> {
    let is_throttled = |reason: &Reason| matches!(reason, Reason::CallFailed(_, error) if error.kind.is_transient());
    let skipped = RefCell::new(Vec::new());
    let write = async |write: RouteWrite| match write_route(network, target, write.clone()).await {
        Err(Reason::Conflict(conflict)) if established => {
            skipped.borrow_mut().push(Skipped { write, conflict: Some(conflict) });
            Ok(())
        }
        Err(Reason::CallFailed(_, CallError { kind: CallErrorKind::Quota(_), .. })) if established => {
            skipped.borrow_mut().push(Skipped { write, conflict: None });
            Ok(())
        }
        written => written,
    };
    let Progress { remaining, failure, .. } = in_batches(writes, has_time, is_throttled, write).await;
    match failure {
        None if remaining == 0 => Ok(skipped.take()),
        None => Err(Incomplete { remaining, reason: Reason::OutOfTime }),
        Some(reason) => Err(Incomplete { remaining, reason }),
    }
}

/// Writes one route, unless it is there.
pub(crate) async fn write_route(
    network: &impl Network,
    target: &VpcPeeringConnectionId,
    write: RouteWrite,
) -> Result<(), Reason> {
    let RouteWrite { end, route: PlannedRoute { table, destination, action } } = &write;
    if *action == Action::Repaired {
        delete_blackhole(network, target, &write).await?;
    }
    match network.create_route(end, table, *destination, target).await {
        Err(error) if error.kind == CallErrorKind::RouteExists => match existing_route(network, &write).await? {
            Some(route) if route.target == Target::Peering(target.clone()) => Ok(()),
            Some(route) => Err(conflict(&write, &route)),
            None => Err(Reason::CallFailed(Box::new(write), error)),
        },
        Err(error) => Err(Reason::CallFailed(Box::new(write), error)),
        Ok(()) => Ok(()),
    }
}

/// Deletes the blackhole, after looking once more: it may have been replaced since the plan was made. To delete and create
/// needs no permission to replace routes, and a blackhole has no traffic to interrupt.
async fn delete_blackhole(
    network: &impl Network,
    ours: &VpcPeeringConnectionId,
    write: &RouteWrite,
) -> Result<(), Reason> {
    let RouteWrite { end, route: PlannedRoute { table, destination, .. } } = write;
    let failed = |error| Reason::CallFailed(Box::new(write.clone()), error);
    let Some(route) = existing_route(network, write).await? else { return Ok(()) };
    let is_deleted = match &route.target {
        Target::Peering(id) if id == ours => return Ok(()),
        Target::Peering(id) if route.blackhole => {
            !deleted_connections(network, end, &[], BTreeSet::from([id.clone()])).await.map_err(failed)?.is_empty()
        }
        _ => false,
    };
    if !is_deleted {
        return Err(conflict(write, &route));
    }
    match network.delete_route(end, table, *destination).await {
        Err(error) if error.kind != CallErrorKind::NoSuchRoute => Err(failed(error)),
        _ => Ok(()),
    }
}

async fn existing_route(network: &impl NetworkReads, write: &RouteWrite) -> Result<Option<Route>, Reason> {
    let RouteWrite { end, route: PlannedRoute { table, destination, .. } } = write;
    let tables = network
        .route_tables_by_id(end, &BTreeSet::from([table.clone()]))
        .await
        .map_err(|error| Reason::CallFailed(Box::new(write.clone()), error))?;
    Ok(tables.first().and_then(|table| table.route_to(*destination)).cloned())
}

fn conflict(write: &RouteWrite, route: &Route) -> Reason {
    Reason::Conflict(Conflict {
        route_table_id: write.route.table.clone(),
        destination_cidr_block: write.route.destination,
        target: route.target.to_string(),
    })
}
