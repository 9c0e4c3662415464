//! What earlier calls left to write: the plan again, compared with the tables as they are now.

use crate::connection::End;
use crate::error::{Conflict, Error};
use crate::ids::RouteTableId;
use crate::peering::Peering;
use crate::plan::{RouteGroup, SidePlan};
use crate::ports::NetworkReads;
use crate::routes::{Action, DesiredRoutes, PlannedRoute};
use crate::shared::batch::alternate;
use crate::shared::lookups::plan_routes_at;
use crate::shared::route_plans::CONFLICTS_LISTED;
use crate::shared::route_writes::{RouteWrite, Skipped};
use futures_util::join;
use std::collections::BTreeSet;

/// What earlier calls left to be done.
#[derive(Debug, Default)]
pub(crate) struct Remaining {
    /// The routes that are still missing.
    pub(crate) writes: Vec<RouteWrite>,
    /// Those of an established peering that can't be had.
    pub(crate) skipped: Vec<Skipped>,
    /// Tables of the plan that were deleted meanwhile.
    pub(crate) deleted_tables: BTreeSet<RouteTableId>,
}

/// Compares the plan with the tables.
pub(crate) async fn remaining(network: &impl NetworkReads, peering: &Peering) -> Result<Remaining, Error> {
    let [side, peer_side] = peering.sides().map(|side| &side.plan);
    let (remaining, peer_remaining) =
        join!(remaining_of(network, side, peering), remaining_of(network, peer_side, peering));
    let (mut remaining, peer_remaining) = (remaining?, peer_remaining?);
    remaining.deleted_tables.extend(peer_remaining.deleted_tables);
    remaining.skipped.extend(peer_remaining.skipped);
    Ok(Remaining { writes: alternate(remaining.writes, peer_remaining.writes), ..remaining })
}

async fn remaining_of(network: &impl NetworkReads, side: &SidePlan, peering: &Peering) -> Result<Remaining, Error> {
    let additions = || side.groups.iter().filter(|group| matches!(group.action, Action::Created | Action::Repaired));
    let ids: BTreeSet<_> = additions().flat_map(|group| group.route_table_ids.iter().cloned()).collect();
    if ids.is_empty() {
        return Ok(Remaining::default());
    }
    let tables = network.route_tables_by_id(&side.end, &ids).await?;
    let mut remaining = Remaining { deleted_tables: ids, ..Remaining::default() };
    for table in &tables {
        remaining.deleted_tables.remove(&table.id);
    }
    let mut conflicts = Vec::new();
    for RouteGroup { destinations, route_table_ids, .. } in additions() {
        let destinations: BTreeSet<_> = destinations.iter().copied().collect();
        let of_group = tables.iter().filter(|table| route_table_ids.contains(&table.id));
        let tables: Vec<_> = of_group.map(|table| (table, destinations.clone())).collect();
        let desired = DesiredRoutes {
            tables: &tables,
            connection: Some(&peering.vpc_peering_connection_id),
            deleted: &BTreeSet::new(),
            // The quota was checked before the first write; from here on EC2 enforces it.
            routes_per_table: u32::MAX,
            established: false,
        };
        let plan = plan_routes_at(network, &side.end, &[], desired).await?;
        let missing = plan.routes.into_iter().filter(|route| route.action != Action::Unchanged);
        remaining.writes.extend(missing.map(|route| RouteWrite { end: side.end.clone(), route }));
        conflicts.extend(plan.conflicts);
    }
    if peering.established {
        remaining.skipped.extend(conflicts.drain(..).map(|conflict| skipped(&side.end, conflict)));
    }
    conflicts.truncate(CONFLICTS_LISTED);
    if conflicts.is_empty() { Ok(remaining) } else { Err(Error::RouteConflict { conflicts }) }
}

fn skipped(end: &End, conflict: Conflict) -> Skipped {
    let Conflict { route_table_id: table, destination_cidr_block: destination, .. } = conflict.clone();
    let route = PlannedRoute { table, destination, action: Action::Kept };
    Skipped { write: RouteWrite { end: end.clone(), route }, conflict: Some(conflict) }
}
