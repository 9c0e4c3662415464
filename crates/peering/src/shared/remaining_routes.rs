//! What earlier calls left to write: the plan again, compared with the tables as they are now.

use crate::error::Error;
use crate::ids::{RouteTableId, VpcPeeringConnectionId};
use crate::plan::{RouteGroup, SidePlan};
use crate::ports::NetworkReads;
use crate::routes::{Action, DesiredRoutes};
use crate::shared::batch::alternate;
use crate::shared::lookups::plan_routes_at;
use crate::shared::route_writes::RouteWrite;
use futures_util::join;
use std::collections::BTreeSet;

/// What earlier calls left to be done.
#[derive(Debug, Default)]
pub(crate) struct Remaining {
    /// The routes that are still missing.
    pub(crate) writes: Vec<RouteWrite>,
    /// Tables of the plan that were deleted meanwhile.
    pub(crate) deleted_tables: BTreeSet<RouteTableId>,
}

/// Compares the plan with the tables.
pub(crate) async fn remaining(
    network: &impl NetworkReads,
    sides: [&SidePlan; 2],
    connection: &VpcPeeringConnectionId,
) -> Result<Remaining, Error> {
    let [side, peer_side] = sides;
    let (remaining, peer_remaining) =
        join!(remaining_of(network, side, connection), remaining_of(network, peer_side, connection));
    let (remaining, mut peer_remaining) = (remaining?, peer_remaining?);
    peer_remaining.deleted_tables.extend(remaining.deleted_tables);
    Ok(Remaining {
        writes: alternate(remaining.writes, peer_remaining.writes),
        deleted_tables: peer_remaining.deleted_tables,
    })
}

async fn remaining_of(
    network: &impl NetworkReads,
    side: &SidePlan,
    connection: &VpcPeeringConnectionId,
) -> Result<Remaining, Error> {
    let additions = || side.groups.iter().filter(|group| matches!(group.action, Action::Created | Action::Repaired));
    let ids: BTreeSet<_> = additions().flat_map(|group| group.route_table_ids.iter().cloned()).collect();
    if ids.is_empty() {
        return Ok(Remaining::default());
    }
    let tables = network.route_tables_by_id(&side.end, &ids).await?;
    let mut remaining = Remaining { writes: Vec::new(), deleted_tables: ids };
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
            connection: Some(connection),
            deleted: &BTreeSet::new(),
            // The quota was checked before the first write; from here on EC2 enforces it.
            routes_per_table: u32::MAX,
        };
        let plan = plan_routes_at(network, &side.end, &[], desired).await?;
        let missing = plan.routes.into_iter().filter(|route| route.action != Action::Unchanged);
        remaining.writes.extend(missing.map(|route| RouteWrite { end: side.end.clone(), route }));
        conflicts.extend(plan.conflicts);
    }
    if conflicts.is_empty() { Ok(remaining) } else { Err(Error::RouteConflict { conflicts }) }
}
