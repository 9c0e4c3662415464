//! Deleting routes and connections. EC2 deletes a route by its destination alone, so each is deleted only while it leads to
//! the connection.

use crate::connection::End;
use crate::ids::VpcPeeringConnectionId;
use crate::ports::{CallError, CallErrorKind, CallResult, Network, NetworkReads};
use crate::route_tables::Target;
use crate::routes::PlannedRoute;
use crate::shared::batch::{Progress, alternate, in_batches};
use futures_util::join;
use std::collections::BTreeSet;

/// Deletes those of the routes that lead to the connection, on both sides, for as long as `has_time` says so.
pub(crate) async fn delete_routes(
    network: &impl Network,
    routes: [(&End, Vec<PlannedRoute>); 2],
    id: &VpcPeeringConnectionId,
    has_time: impl Fn() -> bool,
) -> CallResult<Progress<CallError>> {
    let existing = async |(end, routes)| {
        let routes = still_leading_to(network, end, routes, id).await?;
        Ok(routes.into_iter().map(|route| (end, route)).collect())
    };
    let [side, peer_side] = routes;
    let (routes, peer_routes) = join!(existing(side), existing(peer_side));
    let routes = alternate(routes?, peer_routes?);
    let delete = async |(end, PlannedRoute { table, destination, .. }): (&End, PlannedRoute)| match network
        .delete_route(end, &table, destination)
        .await
    {
        Err(CallError { kind: CallErrorKind::NoSuchRoute | CallErrorKind::NoSuchRouteTable, .. }) => Ok(()),
        result => result,
    };
    let is_throttled = |error: &CallError| error.kind == CallErrorKind::Unavailable;
    Ok(in_batches(routes, has_time, is_throttled, delete).await)
}

/// Those routes that lead to the connection now.
async fn still_leading_to(
    network: &impl NetworkReads,
    end: &End,
    mut routes: Vec<PlannedRoute>,
    id: &VpcPeeringConnectionId,
) -> CallResult<Vec<PlannedRoute>> {
    let target = Target::Peering(id.clone());
    let ids: BTreeSet<_> = routes.iter().map(|route| route.table.clone()).collect();
    if ids.is_empty() {
        return Ok(routes);
    }
    let tables = network.route_tables_by_id(end, &ids).await?;
    let leading: BTreeSet<_> = tables
        .iter()
        .flat_map(|table| table.routes.iter().map(move |route| (&table.id, route)))
        .filter(|(_, route)| route.target == target)
        .map(|(table, route)| (table, route.destination))
        .collect();
    routes.retain(|route| leading.contains(&(&route.table, route.destination)));
    Ok(routes)
}

/// Deletes a live connection. Somebody else may be faster, and a deletion may succeed although the call fails, so that a
/// retry finds the wrong state: after any failure the connection's status decides.
pub(crate) async fn delete_connection(
    network: &impl Network,
    requester: &End,
    id: &VpcPeeringConnectionId,
) -> CallResult<()> {
    match network.delete_connection(requester, id).await {
        Ok(()) | Err(CallError { kind: CallErrorKind::NoSuchConnection, .. }) => Ok(()),
        Err(error) => match network.connection(requester, id).await {
            Ok(Some(found)) if !found.status.is_live() => Ok(()),
            _ => Err(error),
        },
    }
}
