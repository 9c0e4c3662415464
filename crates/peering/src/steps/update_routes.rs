//! `UpdateRoutes`: write the planned routes on both sides, turn on DNS resolution, and only then remove the routes that a
//! changed wish left behind.
//!
//! EC2 refills five `CreateRoute` a second, so no single call has to finish: short of time, it answers
//! [`Error::RoutesRemaining`] and the machine calls again. Every later call looks first and goes on where the last stopped.

mod resume;
mod write;

use super::batch::{Progress, in_turn};
use super::delete_routes::remove_routes;
use super::diagnose::still_live;
use super::tell::tell;
use crate::connection::{DnsSides, End, Record};
use crate::error::{Error, Place};
use crate::ids::RouteTableId;
use crate::network::{Answer, Network, Refusal, Refused, Tags};
use crate::plan::{ReportedRoute, SidePlan, report};
use crate::stack::Stack;
use crate::status_tag::News;
use futures_util::join;
use resume::{Rest, rest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use write::{Change, Stopped, Why, write_all};

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateTask {
    /// The connection, which is active.
    #[serde(flatten)]
    pub record: Record,
    /// The two ends as the request names them.
    pub ends: [End; 2],
    /// What to write in the tables of each end.
    pub route_plan: [SidePlan; 2],
    /// The sides that have yet to allow DNS resolution.
    pub dns_to_allow: DnsSides,
    /// Whether DNS resolution will be on at both sides after that.
    pub dns_resolution: bool,
    /// What was surprising so far.
    pub warnings: Vec<String>,
    /// The tags that say by which wish of the VPCs' tags it is routed, where the connection doesn't carry them yet.
    pub marks: Tags,
    /// The ends on which to tell that the connection is active.
    pub to_tell: Vec<End>,
    /// When the state was entered, as ISO 8601 spells it.
    pub time: String,
    /// How often the machine has called this step before.
    pub attempt: u32,
}

/// What was done, for the variable `$record`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Routed {
    /// Every wished route, and what became of it.
    pub routes: Vec<ReportedRoute>,
    /// Whether DNS resolution is on at both sides.
    pub dns_resolution: bool,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
}

/// Writes what is left to write, for as long as `has_time` says so.
pub async fn update_routes(
    network: &impl Network,
    stack: &Stack,
    task: UpdateTask,
    has_time: impl Fn() -> bool,
) -> Result<Routed, Error> {
    let Rest { changes, vanished } = match task.attempt {
        0 => Rest { changes: planned(&task.route_plan), vanished: BTreeSet::new() },
        _ => rest(network, &task).await?,
    };
    if let Err(stopped) = write_all(network, &task.record, changes, &has_time).await {
        return Err(explain(network, stack, &task, stopped).await);
    }
    let UpdateTask { record, ends, dns_to_allow, .. } = &task;
    let (requester, accepter) = join!(
        allow_dns_resolution(network, dns_to_allow.requester.then_some(&record.requester), record, ends),
        allow_dns_resolution(network, dns_to_allow.accepter.then_some(&record.accepter), record, ends),
    );
    let refusals: Vec<String> = [requester?, accepter?].into_iter().flatten().collect();
    // From here on nothing may fail any more: to roll back would be to take the new routes away as well.
    let left_behind = finish_moving(network, &task, has_time).await?;
    let UpdateTask { record, route_plan, dns_resolution, mut warnings, to_tell, time, .. } = task;
    let dns_resolution = dns_resolution && refusals.is_empty();
    warnings.splice(0..0, refusals);
    if !vanished.is_empty() {
        let tables: Vec<&str> = vanished.iter().map(RouteTableId::as_str).collect();
        warnings.insert(0, format!("deleted under way, so without routes: {}", tables.join(", ")));
    }
    warnings.extend(left_behind);
    let route_plan = route_plan.map(|side| side.without(&vanished));
    let routes = report(&route_plan, &mut warnings);
    let news = News::Active(record.vpc_peering_connection_id.clone());
    tell(network, &stack.tag_prefix, &to_tell, &record, &news, &time).await;
    Ok(Routed { routes, dns_resolution, warnings })
}

fn planned([side, peer_side]: &[SidePlan; 2]) -> Vec<Change> {
    let changes = |side: &SidePlan| side.additions().map(|route| Change { end: side.end.clone(), route }).collect();
    in_turn(changes(side), changes(peer_side))
}

/// The new routes carry the traffic by now. An old one that can't be removed is no reason to take them away again: it is
/// a warning, and the next sweep tries once more. For that it has to know which tables had been selected, so only then is
/// the selection recorded.
async fn finish_moving(
    network: &impl Network,
    task: &UpdateTask,
    has_time: impl Fn() -> bool,
) -> Result<Option<String>, Error> {
    let UpdateTask { record, route_plan, .. } = task;
    let id = &record.vpc_peering_connection_id;
    let doomed = route_plan.each_ref().map(|side| (&side.end, side.removals().collect()));
    match remove_routes(network, doomed, id, has_time).await {
        Ok(Progress { remaining: 0, .. }) => Ok(put_marks(network, task).await.err().map(|refused| {
            format!("which tables the tags selected could not be recorded on the connection: {refused}")
        })),
        Ok(Progress { remaining, failure: None, .. }) => {
            Err(Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining })
        }
        Ok(Progress { failure: Some(refused), .. }) | Err(refused) => {
            Ok(Some(format!("routes that are no longer wished are still there: {refused}")))
        }
    }
}

/// The requester's side, by which a later run judges whether there is anything to put, comes last.
async fn put_marks(network: &impl Network, UpdateTask { record, marks, .. }: &UpdateTask) -> Answer<()> {
    let Record { vpc_peering_connection_id: id, requester, accepter } = record;
    if marks.is_empty() {
        return Ok(());
    }
    if requester.sees_other_tags_than(accepter) {
        network.tag_connection(accepter, id, marks).await?;
    }
    network.tag_connection(requester, id, marks).await
}

/// A VPC without DNS hostnames can't be resolved into; the routes work all the same, so that is a warning.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html>
async fn allow_dns_resolution(
    network: &impl Network,
    end: Option<&End>,
    record: &Record,
    ends: &[End; 2],
) -> Result<Option<String>, Error> {
    let Some(end) = end else { return Ok(None) };
    match network.allow_dns_resolution(end, record).await {
        Ok(()) => Ok(None),
        Err(Refused { refusal: Refusal::DnsUnavailable, .. }) => Ok(Some(format!(
            "DNS resolution is off on the side of {}: turn on DNS hostnames and DNS support of both VPCs, then run again",
            end.vpc_id
        ))),
        // Each Region learns by itself that the connection is active, the other one perhaps a moment later.
        Err(Refused { refusal: Refusal::WrongState | Refusal::NoSuchConnection, .. }) => {
            let status = still_live(network, ends, record).await?;
            let vpc_peering_connection_id = record.vpc_peering_connection_id.clone();
            Err(Error::PeeringPending { vpc_peering_connection_id, status })
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn explain(network: &impl Network, stack: &Stack, task: &UpdateTask, stopped: Stopped) -> Error {
    let Stopped { remaining, why } = stopped;
    let go_on = || {
        let vpc_peering_connection_id = task.record.vpc_peering_connection_id.clone();
        Error::RoutesRemaining { vpc_peering_connection_id, remaining }
    };
    let (change, refused) = match why {
        Why::OutOfTime => return go_on(),
        Why::InTheWay(conflict) => return Error::RouteConflict { conflicts: vec![conflict] },
        Why::Refused(change, refused) => (change, refused),
    };
    match refused.refusal {
        Refusal::Quota(quota) => Error::QuotaExceeded {
            quota,
            limit: stack.limits.of(quota),
            place: Place::RouteTableId(change.route.table),
        },
        Refusal::NoSuchConnection | Refusal::NoSuchRouteTable | Refusal::WrongState => {
            match lost(network, task, &change.end).await {
                Some(error) => error,
                // The table alone is gone: the next call leaves it out.
                None if refused.refusal == Refusal::NoSuchRouteTable => go_on(),
                None => refused.into_error(),
            }
        }
        _ => refused.into_error(),
    }
}

/// Whether the connection, or the whole VPC, went away under way.
async fn lost(network: &impl Network, task: &UpdateTask, end: &End) -> Option<Error> {
    let UpdateTask { record, ends, .. } = task;
    if let Err(error) = still_live(network, ends, record).await {
        return Some(error);
    }
    match network.vpc(end).await {
        Err(gone) if gone.refusal == Refusal::NoSuchVpc => Some(Error::VpcNotFound(end.clone())),
        _ => None,
    }
}
