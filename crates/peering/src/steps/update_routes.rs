//! `UpdateRoutes`: write the planned routes on both sides, turn on DNS resolution, and only then delete stale routes.
//!
//! EC2 refills five `CreateRoute` a second, so no single call has to finish: short of time, it answers
//! [`Error::RoutesRemaining`] and the machine calls again. Every later call reads the tables first and continues.

use crate::connection::End;
use crate::context::Context;
use crate::error::{Error, FullResource};
use crate::ids::{RouteTableId, VpcId};
use crate::ledger::{LedgerItem, RecordedRoutes, Update};
use crate::peering::{Peering, PeeringOutput, PeeringSide};
use crate::ports::{CallError, CallErrorKind, Ledger, Network, NetworkReads, NetworkWrites};
use crate::shared::batch::Progress;
use crate::shared::diagnosis::still_live;
use crate::shared::lease::{check_time, update_held};
use crate::shared::remaining_routes::{Remaining, remaining};
use crate::shared::removal::delete_routes;
use crate::shared::route_writes::{Incomplete, Reason, planned_writes, write_routes};
use crate::shared::status_tags::write_statuses;
use crate::status::PeeringStatus;
use crate::steps::PeeringTask;
use futures_util::join;
use serde::Serialize;
use std::collections::BTreeSet;

/// The answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Routed {
    /// The output of the execution.
    pub output: PeeringOutput,
    /// For the event: the ARNs of both VPCs where tags request the peering, else none.
    pub resources: Vec<String>,
}

/// Writes what remains to be written, for as long as `has_time` says so. The ledger knows it before, and what stands after.
pub async fn update_routes(
    context: Context<'_, impl Network, impl Ledger>,
    task: PeeringTask,
    has_time: impl Fn() -> bool,
) -> Result<Routed, Error> {
    let stack = context.stack;
    let PeeringTask { mut peering, execution, attempt, time, started } = task;
    let key = peering.key();
    let warnings = match intend(context, &peering, &execution, started).await? {
        Some(item) => {
            let written = write(context, &mut peering, attempt, &has_time).await?;
            let routes = recorded_routes(&peering, &item, written.keeps_stale);
            // While the pair is held: a later execution may write another status.
            write_active_status(context, &peering, &time).await;
            let complete = Update::complete(&execution, &peering.recorded_connection(), &routes, &peering.asked_by);
            let item = update_held(context, &key, &execution, complete).await?;
            // An execution of tags gave up waiting: the event makes start-peering start another one.
            peering.requested_by_tags |= item.again == Some(true);
            written.warnings
        }
        None => Vec::new(),
    };
    peering.warnings.splice(0..0, warnings);
    let resources = peering.resources(&stack.partition);
    Ok(Routed { output: peering.into_output(), resources })
}

/// What was surprising about the writes, and whether stale routes could not be deleted.
struct Written {
    warnings: Vec<String>,
    keeps_stale: bool,
}

/// New routes, then DNS resolution, then stale routes. Tables that were deleted meanwhile leave the plan.
async fn write<L>(
    context: Context<'_, impl Network, L>,
    peering: &mut Peering,
    attempt: u32,
    has_time: &impl Fn() -> bool,
) -> Result<Written, Error> {
    let network = context.network;
    let plans = peering.sides().map(|side| &side.plan);
    let Remaining { writes, deleted_tables } = match attempt {
        0 => Remaining { writes: planned_writes(plans), deleted_tables: BTreeSet::new() },
        _ => remaining(network, plans, &peering.vpc_peering_connection_id).await?,
    };
    if let Err(incomplete) = write_routes(network, &peering.vpc_peering_connection_id, writes, has_time).await {
        return Err(explain(context, peering, incomplete).await);
    }
    let dns_warnings = allow_dns_resolution(network, peering).await?;
    // From here on nothing may fail any more: a roll-back would delete the new routes.
    let stale_warning = delete_stale_routes(network, peering, has_time).await?;
    for side in [&mut peering.requester, &mut peering.accepter] {
        side.plan = side.plan.clone().without(&deleted_tables);
    }
    peering.dns_resolution &= dns_warnings.is_empty();
    let keeps_stale = stale_warning.is_some();
    let warnings =
        deleted_tables_warning(&deleted_tables).into_iter().chain(dns_warnings).chain(stale_warning).collect();
    Ok(Written { warnings, keeps_stale })
}

/// Records the connection and the routes that are about to be written, before the first is. The item as it is then;
/// `None` where an earlier call recorded the end of this execution, and its answer was lost.
async fn intend<N>(
    context: Context<'_, N, impl Ledger>,
    peering: &Peering,
    execution: &str,
    started: i64,
) -> Result<Option<LedgerItem>, Error> {
    let key = peering.key();
    let item = match context.ledger.item(&key).await? {
        Some(item) if item.is_held_by(execution) => item,
        Some(item) if item.records_success_of(execution) => return Ok(None),
        item => return Err(Error::PairBusy { execution: item.and_then(|item| item.holder).unwrap_or_default() }),
    };
    check_time(context, "UpdateRoutes", started)?;
    let connection = peering.recorded_connection();
    let additions = peering.additions();
    let [first, second] = key.ends();
    let is_pending = additions[0].is_subset(item.pending_at(first)) && additions[1].is_subset(item.pending_at(second));
    if item.connection.as_ref() == Some(&connection) && is_pending {
        return Ok(Some(item));
    }
    // What a dead execution was about to write stays pending: some of it may be written.
    let pending = [item.pending_at(first).union(&additions[0]), item.pending_at(second).union(&additions[1])];
    let intent = Update::intend(execution, &connection, &pending);
    update_held(context, &key, execution, intent).await.map(Some)
}

/// What we have written once this is done, in the canonical order of the pair: what was recorded, without what is deleted,
/// and what the plan added.
fn recorded_routes(peering: &Peering, item: &LedgerItem, keeps_stale: bool) -> [RecordedRoutes; 2] {
    let of_side = |side: &PeeringSide| {
        let deleted: RecordedRoutes = side.plan.removals().filter(|_| !keeps_stale).collect();
        let added: RecordedRoutes = side.plan.additions().collect();
        item.routes_at(side.end()).without(&deleted).union(&added)
    };
    peering.key().in_order(peering.ends(), peering.sides().map(of_side))
}

fn deleted_tables_warning(tables: &BTreeSet<RouteTableId>) -> Option<String> {
    let tables: Vec<&str> = tables.iter().map(RouteTableId::as_str).collect();
    (!tables.is_empty()).then(|| format!("deleted during the set-up, so without routes: {}", tables.join(", ")))
}

/// The new routes are in force by now. A stale one that can't be deleted is no reason to undo them: it is a warning, and
/// stays recorded, so that the next sweep tries again.
async fn delete_stale_routes(
    network: &impl Network,
    peering: &Peering,
    has_time: &impl Fn() -> bool,
) -> Result<Option<String>, Error> {
    let id = &peering.vpc_peering_connection_id;
    let stale = peering.sides().map(|side| (side.end(), side.plan.removals().collect()));
    match delete_routes(network, stale, id, has_time).await {
        Ok(Progress { remaining: 0, .. }) => Ok(None),
        Ok(Progress { remaining, failure: None, .. }) => {
            Err(Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining })
        }
        Ok(Progress { failure: Some(error), .. }) | Err(error) => {
            Ok(Some(format!("stale routes could not be deleted: {error}")))
        }
    }
}

async fn write_active_status<L>(context: Context<'_, impl NetworkWrites, L>, peering: &Peering, time: &str) {
    let peer_of = |side: &PeeringSide| -> &VpcId {
        let other = if side.end() == peering.requester.end() { &peering.accepter } else { &peering.requester };
        &other.end().vpc_id
    };
    let due = peering.sides().into_iter().filter(|side| side.write_status);
    let ends = due.map(|side| (side.end(), peer_of(side))).collect();
    let status = PeeringStatus::Active(peering.vpc_peering_connection_id.clone());
    write_statuses(context, ends, &status, time).await;
}

/// Turns DNS resolution on where it is due. The warnings say where it can't be.
async fn allow_dns_resolution(network: &impl Network, peering: &Peering) -> Result<Vec<String>, Error> {
    let allow = async |side: &PeeringSide| match side.allow_dns_resolution {
        true => allow_dns_resolution_at(network, side.end(), peering).await,
        false => Ok(None),
    };
    let (requester, accepter) = join!(allow(&peering.requester), allow(&peering.accepter));
    Ok([requester?, accepter?].into_iter().flatten().collect())
}

/// EC2 refuses DNS resolution for a VPC without DNS hostnames; the routes work all the same, so that is a warning.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html>
async fn allow_dns_resolution_at(
    network: &impl Network,
    end: &End,
    peering: &Peering,
) -> Result<Option<String>, Error> {
    let connection = peering.identity();
    match network.allow_dns_resolution(end, &connection).await {
        Ok(()) => Ok(None),
        Err(CallError { kind: CallErrorKind::DnsUnavailable, .. }) => Ok(Some(format!(
            "DNS resolution is off on the side of {}: turn on DNS hostnames and DNS support of both VPCs, then run again",
            end.vpc_id
        ))),
        // One Region may see the connection as active a moment later than the other.
        Err(CallError { kind: CallErrorKind::WrongState | CallErrorKind::NoSuchConnection, .. }) => {
            let status = still_live(network, peering.ends(), &connection).await?;
            Err(Error::PeeringPending { vpc_peering_connection_id: connection.id, status })
        }
        Err(error) => Err(error.into()),
    }
}

async fn explain<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    peering: &Peering,
    incomplete: Incomplete,
) -> Error {
    let Incomplete { remaining, reason } = incomplete;
    let continue_later = || {
        let vpc_peering_connection_id = peering.vpc_peering_connection_id.clone();
        Error::RoutesRemaining { vpc_peering_connection_id, remaining }
    };
    let (write, error) = match reason {
        Reason::OutOfTime => return continue_later(),
        Reason::Conflict(conflict) => return Error::RouteConflict { conflicts: vec![conflict] },
        Reason::CallFailed(write, error) => (write, error),
    };
    match error.kind {
        CallErrorKind::Quota(quota) => Error::QuotaExceeded {
            quota,
            limit: stack.quotas.limit(quota),
            resource: FullResource::RouteTableId(write.route.table),
        },
        CallErrorKind::NoSuchConnection | CallErrorKind::NoSuchRouteTable | CallErrorKind::WrongState => {
            match deleted_meanwhile(network, peering, &write.end).await {
                Some(error) => error,
                // The table alone is deleted: the next call leaves it out.
                None if error.kind == CallErrorKind::NoSuchRouteTable => continue_later(),
                None => error.into_error(),
            }
        }
        _ => error.into_error(),
    }
}

/// Whether the connection, or the whole VPC, was deleted meanwhile.
async fn deleted_meanwhile(network: &impl NetworkReads, peering: &Peering, end: &End) -> Option<Error> {
    if let Err(error) = still_live(network, peering.ends(), &peering.identity()).await {
        return Some(error);
    }
    match network.vpc(end).await {
        Err(error) if error.kind == CallErrorKind::NoSuchVpc => Some(Error::VpcNotFound(end.clone())),
        _ => None,
    }
}
