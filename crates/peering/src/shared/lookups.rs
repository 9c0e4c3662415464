//! What steps have to look up in the network before they can decide.

use crate::connection::{Connection, End};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::ports::{CallResult, NetworkReads};
use crate::regions::is_known;
use crate::routes::{DesiredRoutes, RoutePlan, blackhole_targets, plan_routes};
use crate::shared::pair::VpcTags;
use crate::stack::Stack;
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Plans the desired routes of one VPC, after looking up which connections of blackhole routes are deleted.
pub(crate) async fn plan_routes_at(
    network: &impl NetworkReads,
    end: &End,
    connections: &[Connection],
    desired: DesiredRoutes<'_>,
) -> CallResult<RoutePlan> {
    let deleted = deleted_connections(network, end, connections, blackhole_targets(&desired)).await?;
    Ok(plan_routes(&DesiredRoutes { deleted: &deleted, ..desired }))
}

/// Of these connections, those that are deleted. One that is merely pending may still become active.
pub(crate) async fn deleted_connections(
    network: &impl NetworkReads,
    end: &End,
    connections: &[Connection],
    ids: BTreeSet<VpcPeeringConnectionId>,
) -> CallResult<BTreeSet<VpcPeeringConnectionId>> {
    let mut deleted = BTreeSet::new();
    for id in ids {
        let status = match connections.iter().find(|connection| *connection.id() == id) {
            Some(connection) => Some(connection.status),
            None => network.connection(end, &id).await?.map(|connection| connection.status),
        };
        if status.is_none_or(|status| !status.is_live()) {
            deleted.insert(id);
        }
    }
    Ok(deleted)
}

/// Rejects the peers in Regions that AWS doesn't have. One call, and only where a Region is not a known one.
pub(crate) async fn reject_unknown_regions(
    network: &impl NetworkReads,
    stack: &Stack,
    sides: &mut [&mut VpcTags],
) -> Result<(), Error> {
    let is_unknown = |side: &&mut VpcTags| side.intent.peers.iter().any(|peer| !is_known(&peer.region));
    let Some(end) = sides.iter().find(|side| is_unknown(side)).map(|side| side.end().clone()) else { return Ok(()) };
    let regions = network.regions(&end).await?;
    for side in sides {
        side.intent.reject_unknown_regions(&stack.tag_prefix, |region| is_known(region) || regions.contains(region));
    }
    Ok(())
}

/// Checks that AWS has both Regions. Otherwise a call would fail as a host name that doesn't resolve, after many retries.
pub(crate) async fn check_regions(network: &impl NetworkReads, end: &End, peer: &End) -> Result<(), Error> {
    let unknown = [("Region", end), ("PeerRegion", peer)].into_iter().filter(|(_, end)| !is_known(&end.region));
    let checks = join_all(unknown.map(|(field, end)| async move {
        match network.regions(end).await?.contains(&end.region) {
            true => Ok(()),
            false => {
                Err(Error::invalid(field, format!("AWS has no Region {}: write one such as eu-central-1", end.region)))
            }
        }
    }));
    checks.await.into_iter().collect()
}
