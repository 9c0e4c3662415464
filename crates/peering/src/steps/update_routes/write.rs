//! Writing routes, several at once, stopping cleanly at the first that can't be written or when time runs short.

use crate::connection::{End, Record};
use crate::error::Conflict;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Network, Refusal, Refused};
use crate::routes::{Action, PlannedRoute};
use crate::tables::{Route, Target};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Enough to use up EC2's burst of fifty within a second or two, and no more than its refill can follow.
const AT_ONCE: usize = 8;

/// One route to write.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) end: End,
    pub(super) route: PlannedRoute,
}

/// Why not all was written.
#[derive(Debug)]
pub(super) enum Stopped {
    OutOfTime { remaining: usize },
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
    let total = changes.len();
    let written = Cell::new(0_usize);
    let target = &record.vpc_peering_connection_id;
    let result = stream::iter(changes)
        .take_while(|_| std::future::ready(has_time()))
        .map(|change| async {
            write(network, target, change).await?;
            written.set(written.get() + 1);
            Ok(())
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await;
    let remaining = total - written.get();
    match result {
        // Throttled after some progress: the machine calls again after a pause, and the bucket refills meanwhile.
        Err(Stopped::Refused(_, refused)) if refused.refusal == Refusal::Unavailable && written.get() > 0 => {
            Err(Stopped::OutOfTime { remaining })
        }
        Err(stopped) => Err(stopped),
        Ok(()) if remaining > 0 => Err(Stopped::OutOfTime { remaining }),
        Ok(()) => Ok(()),
    }
}

async fn write(network: &impl Network, target: &VpcPeeringConnectionId, change: Change) -> Result<(), Stopped> {
    let Change { end, route: PlannedRoute { table, destination, action } } = &change;
    if *action == Action::Repaired {
        remove_blackhole(network, &change).await?;
    }
    match network.create_route(end, table, *destination, target).await {
        Err(refused) if refused.refusal == Refusal::RouteExists => match route_there(network, &change).await? {
            Some(route) if route.target == Target::Peering(target.clone()) => Ok(()),
            Some(route) => Err(in_the_way(&change, &route)),
            None => Err(Stopped::Refused(Box::new(change), refused)),
        },
        Err(refused) => Err(Stopped::Refused(Box::new(change), refused)),
        Ok(()) => Ok(()),
    }
}

/// Removes the dead route, unless somebody put a living one in its place since the plan was made. Deleting and creating
/// needs no permission to replace routes, and for a blackhole there is no traffic to interrupt.
async fn remove_blackhole(network: &impl Network, change: &Change) -> Result<(), Stopped> {
    let Change { end, route: PlannedRoute { table, destination, .. } } = change;
    match route_there(network, change).await? {
        Some(Route { target: Target::Peering(_), blackhole: true, .. }) => {
            match network.delete_route(end, table, *destination).await {
                Err(refused) if refused.refusal != Refusal::NoSuchRoute => {
                    Err(Stopped::Refused(Box::new(change.clone()), refused))
                }
                _ => Ok(()),
            }
        }
        Some(_) | None => Ok(()),
    }
}

async fn route_there(network: &impl Network, change: &Change) -> Result<Option<Route>, Stopped> {
    let Change { end, route: PlannedRoute { table, destination, .. } } = change;
    let tables = network
        .route_tables_by_id(end, &BTreeSet::from([table.clone()]))
        .await
        .map_err(|refused| Stopped::Refused(Box::new(change.clone()), refused))?;
    let routes = tables.into_iter().flat_map(|table| table.routes);
    Ok(routes.filter(|route| route.destination == *destination).min_by_key(|route| route.propagated))
}

fn in_the_way(change: &Change, route: &Route) -> Stopped {
    Stopped::InTheWay(Conflict {
        route_table_id: change.route.table.clone(),
        destination_cidr_block: change.route.destination,
        target: route.target.to_string(),
    })
}
