//! Deleting routes and connections. EC2 deletes a route by its destination alone, so each table is read directly before its
//! routes are deleted: somebody may have replaced one of them meanwhile.

use crate::connection::{Connection, End, Status};
use crate::context::Context;
use crate::ids::{RouteTableId, VpcPeeringConnectionId};
use crate::ledger::PairKey;
use crate::ports::{CallError, CallErrorKind, CallResult, Network, NetworkReads};
use crate::route_tables::{RouteTable, Target};
use crate::routes::PlannedRoute;
use crate::shared::batch::{Progress, alternate, in_batches};
use crate::tags::STACK;
use futures_util::join;
use ipnet::IpNet;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// The routes to delete in one table.
struct OfTable<'e> {
    end: &'e End,
    table: RouteTableId,
    destinations: BTreeSet<IpNet>,
}

/// Deletes those of the routes that lead to one of `targets`, on both sides, table by table, for as long as `has_time` says
/// so.
pub(crate) async fn delete_routes(
    network: &impl Network,
    routes: [(&End, Vec<PlannedRoute>); 2],
    targets: &BTreeSet<VpcPeeringConnectionId>,
    has_time: impl Fn() -> bool,
) -> CallResult<Progress<CallError>> {
    let [(end, routes), (peer, peer_routes)] = routes;
    let (side, peer_side) =
        join!(existing(network, end, routes, targets), existing(network, peer, peer_routes, targets));
    let tables = alternate(side?, peer_side?);
    let remaining = Cell::new(tables.iter().map(|of_table| of_table.destinations.len()).sum());
    let deleted = Cell::new(0);
    let delete = async |of_table: OfTable<'_>| {
        let ids = [of_table.table.clone()].into();
        let tables = network.route_tables_by_id(of_table.end, &ids).await?;
        let leading =
            leading_to(&tables, targets).filter(|(_, destination)| of_table.destinations.contains(destination));
        let mut not_found = None;
        for (number, (_, destination)) in leading.enumerate() {
            if number > 0 && !has_time() {
                return Ok(());
            }
            match network.delete_route(of_table.end, &of_table.table, destination).await {
                Ok(()) => deleted.set(deleted.get() + 1),
                Err(error) if is_gone(&error) => not_found = Some(error),
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = not_found {
            // Somebody else was faster, unless it is still there: then the call is made again later.
            let tables = network.route_tables_by_id(of_table.end, &ids).await?;
            if leading_to(&tables, targets).any(|(_, destination)| of_table.destinations.contains(&destination)) {
                return Err(CallError { kind: CallErrorKind::Unavailable, ..error });
            }
        }
        remaining.set(remaining.get() - of_table.destinations.len());
        Ok(())
    };
    let is_throttled = |error: &CallError| error.kind.is_transient();
    let Progress { failure, .. } = in_batches(tables, &has_time, is_throttled, delete).await;
    // Throttled after something was deleted is a reason to go on later, as for whole tables.
    let failure = failure.filter(|error| deleted.get() == 0 || !is_throttled(error));
    Ok(Progress { done: deleted.get(), remaining: remaining.get(), failure })
}

/// Those of the routes that exist, so that a later call doesn't begin anew.
async fn existing<'e>(
    network: &impl NetworkReads,
    end: &'e End,
    routes: Vec<PlannedRoute>,
    targets: &BTreeSet<VpcPeeringConnectionId>,
) -> CallResult<Vec<OfTable<'e>>> {
    if routes.is_empty() {
        return Ok(Vec::new());
    }
    let routes: BTreeSet<_> = routes.into_iter().map(|route| (route.table, route.destination)).collect();
    let ids = routes.iter().map(|(table, _)| table.clone()).collect();
    let tables = network.route_tables_by_id(end, &ids).await?;
    let mut by_table: BTreeMap<RouteTableId, BTreeSet<IpNet>> = BTreeMap::new();
    for route in leading_to(&tables, targets).map(|(table, destination)| (table.clone(), destination)) {
        if routes.contains(&route) {
            by_table.entry(route.0).or_default().insert(route.1);
        }
    }
    Ok(by_table.into_iter().map(|(table, destinations)| OfTable { end, table, destinations }).collect())
}

/// The routes that lead to one of the targets.
fn leading_to<'t>(
    tables: &'t [RouteTable],
    targets: &BTreeSet<VpcPeeringConnectionId>,
) -> impl Iterator<Item = (&'t RouteTableId, IpNet)> {
    let routes = tables.iter().flat_map(|table| table.routes.iter().map(move |route| (&table.id, route)));
    let leading = routes.filter(|(_, route)| matches!(&route.target, Target::Peering(id) if targets.contains(id)));
    leading.map(|(table, route)| (table, route.destination))
}

fn is_gone(error: &CallError) -> bool {
    matches!(error.kind, CallErrorKind::NoSuchRoute | CallErrorKind::NoSuchRouteTable)
}

/// Deletes a live connection. Somebody else may be faster, and a deletion may succeed although the call fails, so that a
/// retry finds the wrong state: after any failure the connection's status decides.
pub(crate) async fn delete_connection(
    network: &impl Network,
    requester: &End,
    id: &VpcPeeringConnectionId,
) -> CallResult<()> {
    match network.delete_connection(requester, id).await {
        Ok(()) => Ok(()),
        Err(error) => match network.connection(requester, id).await {
            Ok(None) if error.kind == CallErrorKind::NoSuchConnection => Ok(()),
            Ok(Some(found)) if !found.status.is_live() => Ok(()),
            // It is there, and may have become ready between the two calls: the deletion is tried again later.
            Ok(Some(_)) if matches!(error.kind, CallErrorKind::NoSuchConnection | CallErrorKind::WrongState) => {
                Err(CallError { kind: CallErrorKind::Unavailable, ..error })
            }
            // AWS documents for `active` and `pending-acceptance` alone that they can be deleted; the others pass in seconds.
            // <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcPeeringConnection.html>
            Ok(Some(found)) if matches!(found.status, Status::InitiatingRequest | Status::Provisioning) => {
                Err(CallError { kind: CallErrorKind::Unavailable, ..error })
            }
            _ => Err(error),
        },
    }
}

/// Deletes a connection of ours, if it is live. The policies let nothing be deleted without the installation's tag, which somebody
/// may have taken off.
pub(crate) async fn delete_own_connection<L>(
    Context { network, stack, .. }: Context<'_, impl Network, L>,
    pair: &PairKey,
    requester: &End,
    id: &VpcPeeringConnectionId,
) -> CallResult<()> {
    let [one, other] = pair.ends();
    let is_there = |found: &Connection| found.status.is_live() && found.identity.joins(one, other);
    let Some(connection) = network.connection(requester, id).await?.filter(is_there) else {
        return Ok(());
    };
    if !connection.tags.contains_key(STACK) {
        let mut tags = stack.connection_tags.clone();
        tags.insert(STACK.to_owned(), stack.installation.clone());
        network.tag_connection(requester, id, &tags).await?;
    }
    delete_connection(network, requester, id).await
}
