//! What of the routes that the ledger knows is there, and what of it is no longer desired.

use crate::ids::VpcPeeringConnectionId;
use crate::ledger::RecordedRoutes;
use crate::route_tables::{Route, RouteTable, Target};
use crate::routes::PlannedRoute;
use crate::tags::is_excluded;
use std::collections::BTreeSet;

/// Of the routes that we recorded, those that lead to the connection.
pub fn standing_routes(
    tables: &[RouteTable],
    recorded: &RecordedRoutes,
    connection: &VpcPeeringConnectionId,
) -> RecordedRoutes {
    let is_there = |route: &PlannedRoute| {
        let target = target_of(tables, route);
        matches!(target, Some((_, Route { target: Target::Peering(to), .. })) if to == connection)
    };
    recorded.deletions().filter(is_there).collect()
}

/// The routes that we recorded, that lead to one of these connections, and that are no longer desired. An excluded table
/// keeps what it has.
pub fn stale_routes(
    tables: &[RouteTable],
    recorded: &RecordedRoutes,
    connections: &BTreeSet<VpcPeeringConnectionId>,
    planned: &[PlannedRoute],
) -> Vec<PlannedRoute> {
    let desired: RecordedRoutes = planned.iter().cloned().collect();
    let leads_there = |route: &PlannedRoute| match target_of(tables, route) {
        Some((table, Route { target: Target::Peering(to), .. })) => {
            connections.contains(to) && !is_excluded(&table.tags)
        }
        _ => false,
    };
    recorded.without(&desired).deletions().filter(leads_there).collect()
}

/// The other connections to which blackholes lead where we recorded a route that is no longer desired: ours may have been
/// one of them, and be deleted.
pub fn stale_blackhole_targets(
    tables: &[RouteTable],
    recorded: &RecordedRoutes,
    connection: Option<&VpcPeeringConnectionId>,
    planned: &[PlannedRoute],
) -> BTreeSet<VpcPeeringConnectionId> {
    let desired: RecordedRoutes = planned.iter().cloned().collect();
    let undesired = recorded.without(&desired);
    let targets = undesired.deletions().filter_map(|route| match target_of(tables, &route)? {
        (_, Route { target: Target::Peering(to), blackhole: true, .. }) if Some(to) != connection => Some(to.clone()),
        _ => None,
    });
    targets.collect()
}

/// The route that now has that place.
fn target_of<'t>(tables: &'t [RouteTable], route: &PlannedRoute) -> Option<(&'t RouteTable, &'t Route)> {
    let table = tables.iter().find(|table| table.id == route.table)?;
    Some((table, table.route_to(route.destination)?))
}
