//! `DeleteRoutes`: remove the planned routes, each only while it still leads to the connection.

use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Answer, Network, Refusal};
use crate::plan::SidePlan;
use crate::routes::PlannedRoute;
use crate::tables::Target;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
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

/// As many as update-routes writes at once.
const AT_ONCE: usize = 8;

/// Removes what is left of the planned routes, for as long as `has_time` says so.
pub async fn delete_routes(
    network: &impl Network,
    task: DeleteRoutesTask,
    has_time: impl Fn() -> bool,
) -> Result<RoutesDeleted, Error> {
    let id = &task.vpc_peering_connection_id;
    let mut routes = Vec::new();
    for side in &task.route_plan {
        routes.extend(still_leading_to(network, side, id).await?.into_iter().map(|route| (&side.end, route)));
    }
    let (total, deleted) = (routes.len(), Cell::new(0));
    stream::iter(routes)
        .take_while(|_| std::future::ready(has_time()))
        .map(|(end, PlannedRoute { table, destination, .. })| {
            let deleted = &deleted;
            async move {
                match network.delete_route(end, &table, destination).await {
                    Err(refused) if !matches!(refused.refusal, Refusal::NoSuchRoute | Refusal::NoSuchRouteTable) => {
                        Err(refused)
                    }
                    _ => {
                        deleted.set(deleted.get() + 1);
                        Ok(())
                    }
                }
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    match total - deleted.get() {
        0 => Ok(RoutesDeleted { deleted: total }),
        remaining => Err(Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining }),
    }
}

/// Those planned routes that lead to the connection now. EC2 deletes a route by its destination alone, so what somebody
/// put in its place meanwhile must not be in the way of that.
pub(super) async fn still_leading_to(
    network: &impl Network,
    side: &SidePlan,
    id: &VpcPeeringConnectionId,
) -> Answer<Vec<PlannedRoute>> {
    let target = Target::Peering(id.clone());
    let ids: BTreeSet<_> = side.changes().map(|route| route.table).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let tables = network.route_tables_by_id(&side.end, &ids).await?;
    let leading: BTreeSet<_> = tables
        .iter()
        .flat_map(|table| table.routes.iter().map(move |route| (&table.id, route)))
        .filter(|(_, route)| route.target == target)
        .map(|(table, route)| (table, route.destination))
        .collect();
    Ok(side.changes().filter(|route| leading.contains(&(&route.table, route.destination))).collect())
}
