//! Writing routes, several at once, stopping cleanly at the first that can't be written or when time runs short.

use crate::connection::{End, Record};
use crate::error::Conflict;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Network, Refusal, Refused};
use crate::routes::{Action, PlannedRoute};
use crate::steps::batch::{Progress, in_batches};
use crate::steps::planning::gone;
use crate::tables::{Route, Target};
use std::collections::BTreeSet;

/// One route to write.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) end: End,
    pub(super) route: PlannedRoute,
}

/// Not all was written.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) remaining: usize,
    pub(super) why: Why,
}

/// Why not all was written.
#[derive(Debug)]
pub(super) enum Why {
    OutOfTime,
    InTheWay(Conflict),
    Refused(Box<Change>, Refused),
}

/// Writes the changes; stops starting new ones when `has_time` says no.
pub(super) async fn write_all(
    network: &impl Network,
    record: &Record,
    changes: Vec<Change>,
    has_time: impl Fn() -> bool,
) -> Result<(), Stopped> {
    let target = &record.vpc_peering_connection_id;
    let is_throttled = |why: &Why| matches!(why, Why::Refused(_, refused) if refused.refusal == Refusal::Unavailable);
    let write = async |change| write(network, target, change).await;
    let Progress { remaining, failure, .. } = in_batches(changes, has_time, is_throttled, write).await;
    match failure {
        None if remaining == 0 => Ok(()),
        None => Err(Stopped { remaining, why: Why::OutOfTime }),
        Some(why) => Err(Stopped { remaining, why }),
    }
}

async fn write(network: &impl Network, target: &VpcPeeringConnectionId, change: Change) -> Result<(), Why> {
    let Change { end, route: PlannedRoute { table, destination, action } } = &change;
    if *action == Action::Repaired {
        remove_blackhole(network, target, &change).await?;
    }
    match network.create_route(end, table, *destination, target).await {
        Err(refused) if refused.refusal == Refusal::RouteExists => match route_there(network, &change).await? {
            Some(route) if route.target == Target::Peering(target.clone()) => Ok(()),
            Some(route) => Err(in_the_way(&change, &route)),
            None => Err(Why::Refused(Box::new(change), refused)),
        },
        Err(refused) => Err(Why::Refused(Box::new(change), refused)),
        Ok(()) => Ok(()),
    }
}

/// Removes the dead route, after looking once more: somebody may have put another in its place since the plan was made.
/// Deleting and creating needs no permission to replace routes, and a blackhole has no traffic to interrupt.
async fn remove_blackhole(network: &impl Network, ours: &VpcPeeringConnectionId, change: &Change) -> Result<(), Why> {
    let Change { end, route: PlannedRoute { table, destination, .. } } = change;
    let refused = |refused| Why::Refused(Box::new(change.clone()), refused);
    let Some(route) = route_there(network, change).await? else { return Ok(()) };
    let is_gone = match &route.target {
        Target::Peering(id) if id == ours => return Ok(()),
        Target::Peering(id) if route.blackhole => {
            !gone(network, end, &[], BTreeSet::from([id.clone()])).await.map_err(refused)?.is_empty()
        }
        _ => false,
    };
    if !is_gone {
        return Err(in_the_way(change, &route));
    }
    match network.delete_route(end, table, *destination).await {
        Err(answer) if answer.refusal != Refusal::NoSuchRoute => Err(refused(answer)),
        _ => Ok(()),
    }
}

async fn route_there(network: &impl Network, change: &Change) -> Result<Option<Route>, Why> {
    let Change { end, route: PlannedRoute { table, destination, .. } } = change;
    let tables = network
        .route_tables_by_id(end, &BTreeSet::from([table.clone()]))
        .await
        .map_err(|refused| Why::Refused(Box::new(change.clone()), refused))?;
    Ok(tables.first().and_then(|table| table.route_to(*destination)).cloned())
}

fn in_the_way(change: &Change, route: &Route) -> Why {
    Why::InTheWay(Conflict {
        route_table_id: change.route.table.clone(),
        destination_cidr_block: change.route.destination,
        target: route.target.to_string(),
    })
}
