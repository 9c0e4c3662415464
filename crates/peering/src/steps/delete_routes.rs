//! `DeleteRoutes`: remove the planned routes, each only while it still leads to the connection.

use super::batch::{Progress, in_batches, in_turn};
use super::pair::Pair;
use crate::connection::End;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Answer, Network, Refusal, Refused};
use crate::plan::SidePlan;
use crate::routes::PlannedRoute;
use crate::stack::Stack;
use crate::tables::Target;
use futures_util::join;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteRoutesTask {
    /// The connection.
    pub vpc_peering_connection_id: VpcPeeringConnectionId,
    /// The routes that lead to it, on either side.
    pub route_plan: [SidePlan; 2],
}

/// No planned route leads to the connection any more.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutesDeleted {
    /// How many this call removed.
    pub deleted: usize,
}

/// Removes what is left of the planned routes, for as long as `has_time` says so; [`Error::StillWished`] if a tag wishes
/// the pair by now.
pub async fn delete_routes(
    network: &impl Network,
    stack: &Stack,
    task: DeleteRoutesTask,
    has_time: impl Fn() -> bool,
) -> Result<RoutesDeleted, Error> {
    let DeleteRoutesTask { vpc_peering_connection_id, route_plan } = task;
    let [end, peer] = route_plan.each_ref().map(|side| &side.end);
    Pair::read(network, stack, end, peer).await?.check_unwished(stack)?;
    let doomed = route_plan.each_ref().map(|side| (&side.end, side.removals().collect()));
    let Progress { done, remaining, failure } =
        remove_routes(network, doomed, &vpc_peering_connection_id, has_time).await?;
    match failure {
        Some(refused) => Err(refused.into()),
        None if remaining > 0 => Err(Error::RoutesRemaining { vpc_peering_connection_id, remaining }),
        None => Ok(RoutesDeleted { deleted: done }),
    }
}

/// Removes those of the routes that lead to the connection, on both sides.
pub(super) async fn remove_routes(
    network: &impl Network,
    doomed: [(&End, Vec<PlannedRoute>); 2],
    id: &VpcPeeringConnectionId,
    has_time: impl Fn() -> bool,
) -> Answer<Progress<Refused>> {
    let leading = async |(end, routes)| {
        let routes = still_leading_to(network, end, routes, id).await?;
        Ok(routes.into_iter().map(|route| (end, route)).collect())
    };
    let [side, peer_side] = doomed;
    let (routes, peer_routes) = join!(leading(side), leading(peer_side));
    let routes = in_turn(routes?, peer_routes?);
    let remove = async |(end, PlannedRoute { table, destination, .. }): (&End, PlannedRoute)| match network
        .delete_route(end, &table, destination)
        .await
    {
        Err(Refused { refusal: Refusal::NoSuchRoute | Refusal::NoSuchRouteTable, .. }) => Ok(()),
        answer => answer,
    };
    let is_throttled = |refused: &Refused| refused.refusal == Refusal::Unavailable;
    Ok(in_batches(routes, has_time, is_throttled, remove).await)
}

/// Those routes that lead to the connection now. EC2 deletes a route by its destination alone, so what somebody put in
/// its place meanwhile must not be in the way of that.
async fn still_leading_to(
    network: &impl Network,
    end: &End,
    mut routes: Vec<PlannedRoute>,
    id: &VpcPeeringConnectionId,
) -> Answer<Vec<PlannedRoute>> {
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
