//! What several steps have to find out of the network before they can decide.

use super::pair::Seen;
use crate::connection::{Connection, End};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Answer, Network};
use crate::plan::SidePlan;
use crate::regions::is_known;
use crate::routes::{Action, PlannedRoute, RoutePlan, Wish, doubtful_targets, plan};
use crate::stack::{Stack, is_excluded};
use crate::tables::{RouteTable, Target};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Plans the wished routes of one VPC, once it is known which connections in their way are no more.
pub(super) async fn plan_routes(
    network: &impl Network,
    end: &End,
    connections: &[Connection],
    wish: Wish<'_>,
) -> Answer<RoutePlan> {
    let gone = gone(network, end, connections, doubtful_targets(&wish)).await?;
    Ok(plan(&Wish { gone: &gone, ..wish }))
}

/// Of the connections that blackhole routes point to, those that are no more. One that is merely pending is somebody's plan.
pub(super) async fn gone(
    network: &impl Network,
    end: &End,
    connections: &[Connection],
    doubtful: BTreeSet<VpcPeeringConnectionId>,
) -> Answer<BTreeSet<VpcPeeringConnectionId>> {
    let mut gone = BTreeSet::new();
    for id in doubtful {
        let seen = match connections.iter().find(|connection| *connection.id() == id) {
            Some(connection) => Some(connection.status),
            None => network.connection(end, &id).await?.map(|connection| connection.status),
        };
        if seen.is_none_or(|status| !status.is_live()) {
            gone.insert(id);
        }
    }
    Ok(gone)
}

/// Takes the peers in Regions that nobody heard of out of what these VPCs' tags wish. One call, and only if there are any.
pub(super) async fn refuse_unheard_regions(
    network: &impl Network,
    stack: &Stack,
    sides: &mut [&mut Seen],
) -> Result<(), Error> {
    let is_unheard = |side: &&mut Seen| side.intent.peers.iter().any(|peer| !is_known(&peer.region));
    let Some(asking) = sides.iter().find(|side| is_unheard(side)).map(|side| side.end.clone()) else { return Ok(()) };
    let regions = network.regions(&asking).await?;
    for side in sides {
        side.intent.refuse_regions(&stack.tag_prefix, |region| is_known(region) || regions.contains(region));
    }
    Ok(())
}

/// A Region that nobody heard of would fail as a host name that doesn't resolve, after many retries.
pub(super) async fn check_regions(network: &impl Network, end: &End, peer: &End) -> Result<(), Error> {
    let unheard = [("Region", end), ("PeerRegion", peer)].into_iter().filter(|(_, end)| !is_known(&end.region));
    let checks = join_all(unheard.map(|(field, end)| async move {
        match network.regions(end).await?.contains(&end.region) {
            true => Ok(()),
            false => {
                Err(Error::invalid(field, format!("AWS has no Region {}: write one such as eu-central-1", end.region)))
            }
        }
    }));
    checks.await.into_iter().collect()
}

/// Every route of these tables that leads to the connection, to be removed. A table that its owner keeps out of reach is
/// left as it is.
pub(super) fn leading_to(end: &End, tables: &[RouteTable], id: &VpcPeeringConnectionId) -> SidePlan {
    let target = Target::Peering(id.clone());
    let routes = tables.iter().filter(|table| !is_excluded(&table.tags)).flat_map(|table| {
        table.routes.iter().filter(|route| route.target == target).map(|route| PlannedRoute {
            table: table.id.clone(),
            destination: route.destination,
            action: Action::Deleted,
        })
    });
    SidePlan::new(end.clone(), routes.collect())
}
