//! `UpdateRoutes`: write the planned routes on both sides, turn on DNS resolution, and only then delete stale routes.
//!
//! EC2 refills five `CreateRoute` a second, so no single call has to finish: short of time, it answers
//! [`Error::RoutesRemaining`] and the machine calls again. Every later call reads the tables first and continues.

use crate::connection::{ConnectionIdentity, End};
use crate::context::Context;
use crate::error::{Error, FullResource};
use crate::ids::{RouteTableId, VpcId};
use crate::peering::{Peering, PeeringOutput, PeeringSide};
use crate::ports::{CallError, CallErrorKind, CallResult, Network, NetworkReads, NetworkWrites};
use crate::shared::batch::Progress;
use crate::shared::diagnosis::still_live;
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

/// Writes what remains to be written, for as long as `has_time` says so.
pub async fn update_routes(
    context: Context<'_, impl Network>,
    task: PeeringTask,
    has_time: impl Fn() -> bool,
) -> Result<Routed, Error> {
    let Context { network, stack } = context;
    let PeeringTask { mut peering, attempt, time, .. } = task;
    let plans = peering.sides().map(|side| &side.plan);
    let Remaining { writes, deleted_tables } = match attempt {
        0 => Remaining { writes: planned_writes(plans), deleted_tables: BTreeSet::new() },
        _ => remaining(network, plans, &peering.vpc_peering_connection_id).await?,
    };
    if let Err(incomplete) = write_routes(network, &peering.vpc_peering_connection_id, writes, &has_time).await {
        return Err(explain(context, &peering, incomplete).await);
    }
    let dns_warnings = allow_dns_resolution(network, &peering).await?;
    // From here on nothing may fail any more: a roll-back would delete the new routes.
    let stale_warning = finish(network, &peering, has_time).await?;
    write_active_status(context, &peering, &time).await;

    peering.dns_resolution &= dns_warnings.is_empty();
    let first = deleted_tables_warning(&deleted_tables).into_iter().chain(dns_warnings);
    peering.warnings.splice(0..0, first);
    peering.warnings.extend(stale_warning);
    for side in [&mut peering.requester, &mut peering.accepter] {
        side.plan = side.plan.clone().without(&deleted_tables);
    }
    let resources = peering.resources(&stack.partition);
    Ok(Routed { output: peering.into_output(), resources })
}

fn deleted_tables_warning(tables: &BTreeSet<RouteTableId>) -> Option<String> {
    let tables: Vec<&str> = tables.iter().map(RouteTableId::as_str).collect();
    (!tables.is_empty()).then(|| format!("deleted during the set-up, so without routes: {}", tables.join(", ")))
}

/// Deletes stale routes, and then records which tables the tags selected.
///
/// The new routes are in force by now. A stale one that can't be deleted is no reason to undo them: it is a warning, and the
/// next sweep tries again. For that it needs the record of the earlier selection, so only then is that replaced.
async fn finish(
    network: &impl Network,
    peering: &Peering,
    has_time: impl Fn() -> bool,
) -> Result<Option<String>, Error> {
    let id = &peering.vpc_peering_connection_id;
    let stale = peering.sides().map(|side| (side.end(), side.plan.removals().collect()));
    match delete_routes(network, stale, id, has_time).await {
        Ok(Progress { remaining: 0, .. }) => Ok(put_marks(network, peering)
            .await
            .err()
            .map(|error| format!("which tables the tags selected could not be recorded on the connection: {error}"))),
        Ok(Progress { remaining, failure: None, .. }) => {
            Err(Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining })
        }
        Ok(Progress { failure: Some(error), .. }) | Err(error) => {
            Ok(Some(format!("stale routes could not be deleted: {error}")))
        }
    }
}

/// The requester's side, by which a later run decides whether there is anything to do, comes last.
async fn put_marks(network: &impl NetworkWrites, peering: &Peering) -> CallResult<()> {
    let ConnectionIdentity { id, requester, accepter } = peering.identity();
    if peering.marks.is_empty() {
        return Ok(());
    }
    if requester.sees_other_tags_than(&accepter) {
        network.tag_connection(&accepter, &id, &peering.marks).await?;
    }
    network.tag_connection(&requester, &id, &peering.marks).await
}

async fn write_active_status(context: Context<'_, impl NetworkWrites>, peering: &Peering, time: &str) {
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

async fn explain(
    Context { network, stack }: Context<'_, impl NetworkReads>,
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
