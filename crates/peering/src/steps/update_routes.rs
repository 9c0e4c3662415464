//! `UpdateRoutes`: write the planned routes on both sides, turn on DNS resolution, and only then delete stale routes.
//!
//! EC2 refills five `CreateRoute` a second, so no single call has to finish: short of time, it answers
//! [`Error::RoutesRemaining`] and the machine calls again. Every later call reads the tables first and continues.

use crate::connection::End;
use crate::context::Context;
use crate::error::{Error, FullResource};
use crate::ids::RouteTableId;
use crate::ledger::{LedgerItem, Outcome, Update};
use crate::peering::{Peering, PeeringOutput};
use crate::plan::SidePlan;
use crate::ports::{CallErrorKind, Ledger, Network, NetworkReads, NetworkWrites};
use crate::routes::{Action, PlannedRoute};
use crate::shared::batch::Progress;
use crate::shared::contested::wait_for_the_larger_pair;
use crate::shared::diagnosis::still_live;
use crate::shared::dns_resolution::allow_dns_resolution;
use crate::shared::lease::update_held;
use crate::shared::remaining_routes::{Remaining, remaining};
use crate::shared::removal::delete_routes;
use crate::shared::retry::seconds_after;
use crate::shared::route_records::{intend, recorded_routes, settle_additions};
use crate::shared::route_writes::{Incomplete, Reason, Skipped, planned_writes, write_routes};
use crate::shared::status_tags::write_statuses;
use crate::status::PeeringStatus;
use crate::steps::PeeringTask;
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
    /// How many routes were written; the output lists at most 500.
    #[serde(skip)]
    pub written: usize,
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
    if let Some(item) = intend(context, &peering, &execution, started).await? {
        let step = Step { execution: &execution, attempt, has_time: &has_time };
        let written = write(context, &mut peering, &item, step).await?;
        let routes = recorded_routes(&peering, written.keeps_stale);
        let outcome = outcome(&execution, &item, written.undone, context.now);
        // While the pair is held: a later execution may write another status.
        write_active_status(context, &peering, &time).await;
        let withdrawal = peering.withdrawal.map(|withdrawal| withdrawal.done(context.now));
        let connection = peering.recorded_connection();
        let complete = Update::complete(&execution, &connection, &routes, &peering.asked_by, &outcome, withdrawal);
        let item = update_held(context, &key, &execution, complete).await?;
        // An execution of tags gave up waiting: the event makes start-peering start another one.
        peering.requested_by_tags |= item.again == Some(true);
    }
    let resources = peering.resources(&stack.partition);
    let written = peering.sides().iter().map(|side| side.plan.additions().count()).sum();
    Ok(Routed { output: peering.into_output(), resources, written })
}

/// This call of the step.
struct Step<'s, Time> {
    execution: &'s str,
    attempt: u32,
    has_time: &'s Time,
}

/// What could not be done, although the step succeeds.
struct Written {
    keeps_stale: bool,
    /// The first that the next plan would try again.
    undone: Option<String>,
}

/// A success; where something is left undone, no sweep tries that again at once.
fn outcome(execution: &str, item: &LedgerItem, undone: Option<String>, now: i64) -> Outcome {
    let Some(message) = undone else { return Outcome::success(execution) };
    let before = item.outcome.as_ref().filter(|before| before.message.as_ref() == Some(&message));
    let count = before.map_or(0, |before| before.count).saturating_add(1);
    let retry_at = seconds_after(count).map(|seconds| now + seconds);
    Outcome { message: Some(message), count, retry_at, ..Outcome::success(execution) }
}

/// New routes, then DNS resolution, then stale routes. What can't be had leaves the plan, with a warning.
async fn write<N: Network>(
    context: Context<'_, N, impl Ledger>,
    peering: &mut Peering,
    item: &LedgerItem,
    Step { execution, attempt, has_time }: Step<'_, impl Fn() -> bool>,
) -> Result<Written, Error> {
    let (network, id) = (context.network, &peering.vpc_peering_connection_id);
    let remaining = match attempt {
        0 => Ok(Remaining { writes: planned_writes(peering.sides().map(|side| &side.plan)), ..Remaining::default() }),
        _ => remaining(network, peering).await,
    };
    let Remaining { writes, mut skipped, deleted_tables } = match remaining {
        Ok(remaining) => remaining,
        Err(error) => return Err(wait_for_the_larger_pair(context, peering, attempt, error).await),
    };
    match write_routes(network, id, writes, peering.established, has_time).await {
        Ok(more) => skipped.extend(more),
        Err(incomplete) => {
            let error = explain(context, peering, incomplete).await;
            return Err(wait_for_the_larger_pair(context, peering, attempt, error).await);
        }
    }
    let dns_warnings = allow_dns_resolution(context, peering).await?;
    for side in [&mut peering.requester, &mut peering.accepter] {
        side.plan = without_skipped(side.plan.clone().without(&deleted_tables), &skipped);
    }
    peering.dns_resolution &= dns_warnings.is_empty();
    let left_out = deleted_tables_warning(&deleted_tables).into_iter().chain(skipped.iter().map(Skipped::warning));
    peering.warnings.splice(0..0, left_out);
    peering.warnings.extend(dns_warnings);
    settle_additions(context, peering, item, execution).await?;
    let stale_warning = delete_stale_routes(network, peering, attempt, has_time).await?;
    let without_room = skipped.iter().find(|skipped| skipped.conflict.is_none()).map(Skipped::warning);
    peering.warnings.extend(stale_warning.clone());
    Ok(Written { keeps_stale: stale_warning.is_some(), undone: stale_warning.or(without_room) })
}

fn without_skipped(plan: SidePlan, skipped: &[Skipped]) -> SidePlan {
    plan.filter_map(|route| {
        let is_it = |skipped: &&Skipped| {
            let other = &skipped.write.route;
            (&other.table, other.destination) == (&route.table, route.destination)
        };
        match skipped.iter().find(is_it) {
            None => Some(route),
            Some(Skipped { conflict: Some(_), .. }) => Some(PlannedRoute { action: Action::Kept, ..route }),
            Some(Skipped { conflict: None, .. }) => None,
        }
    })
}

fn deleted_tables_warning(tables: &BTreeSet<RouteTableId>) -> Option<String> {
    let tables: Vec<&str> = tables.iter().map(RouteTableId::as_str).collect();
    (!tables.is_empty()).then(|| format!("deleted during the set-up, so without routes: {}", tables.join(", ")))
}

/// As often as the machine retries a `ServiceFault`.
const RETRIES: u32 = 3;

/// The new routes are in force by now. A stale one that can't be deleted is no reason to undo them: it is a warning, and
/// stays recorded, so that the next sweep tries again.
async fn delete_stale_routes(
    network: &impl Network,
    peering: &Peering,
    attempt: u32,
    has_time: &impl Fn() -> bool,
) -> Result<Option<String>, Error> {
    let id = &peering.vpc_peering_connection_id;
    let stale = peering.sides().map(|side| (side.end(), side.plan.removals().collect()));
    let targets = peering.replaced.iter().chain([id]).cloned().collect();
    match delete_routes(network, stale, &targets, has_time).await {
        Ok(Progress { remaining: 0, .. }) => Ok(None),
        Ok(Progress { remaining, failure: None, .. }) => {
            Err(Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining })
        }
        Ok(Progress { failure: Some(error), .. }) | Err(error)
            if error.kind == CallErrorKind::Throttled || (error.kind.is_transient() && attempt < RETRIES) =>
        {
            Err(error.into())
        }
        Ok(Progress { failure: Some(error), .. }) | Err(error) => {
            Ok(Some(format!("stale routes could not be deleted: {error}")))
        }
    }
}

async fn write_active_status<L>(context: Context<'_, impl NetworkWrites, L>, peering: &Peering, time: &str) {
    let status = PeeringStatus::active(&peering.vpc_peering_connection_id, &peering.warnings);
    let [side, peer] = peering.sides();
    let due = [(side, peer.end()), (peer, side.end())].into_iter().filter(|(side, _)| {
        let is_due = |written: &String| !status.is_written_in(written);
        side.status.as_ref().is_some_and(is_due)
    });
    write_statuses(context, due.map(|(side, peer)| (side.end(), &peer.vpc_id)).collect(), &status, time).await;
}

async fn explain<L>(context: Context<'_, impl NetworkReads, L>, peering: &Peering, incomplete: Incomplete) -> Error {
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
            limit: context.stack.quotas.limit(quota),
            resource: FullResource::RouteTableId(write.route.table),
        },
        CallErrorKind::NoSuchConnection | CallErrorKind::NoSuchRouteTable | CallErrorKind::WrongState => {
            match deleted_meanwhile(context, peering, &write.end).await {
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
async fn deleted_meanwhile<L>(
    context: Context<'_, impl NetworkReads, L>,
    peering: &Peering,
    end: &End,
) -> Option<Error> {
    if let Err(error) = still_live(context, peering.ends(), &peering.identity()).await {
        return Some(error);
    }
    match context.network.vpc(end).await {
        Err(error) if error.kind == CallErrorKind::NoSuchVpc => Some(Error::missing(end)),
        _ => None,
    }
}
