//! What to write in one VPC's route tables: desired against actual, decided before anything is written.
//!
//! A route that isn't ours is never replaced, deleted or edited: it is a [`Conflict`], and the whole request is refused.
//! No IAM condition covers a route's destination or target, so this file is what stands between a tag and a hijack.

use crate::error::{Conflict, Error, Place, Quota};
use crate::ids::{RouteTableId, VpcPeeringConnectionId};
use crate::tables::{Route, RouteTable, Target};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The routes wished in some tables of one VPC.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'w> {
    /// The tables, as they are.
    pub tables: &'w [&'w RouteTable],
    /// Blocks of the other VPC.
    pub destinations: &'w BTreeSet<IpNet>,
    /// The connection to route to; `None` where it has yet to be made.
    pub connection: Option<&'w VpcPeeringConnectionId>,
    /// Connections known to be no more: a blackhole route to one of them may be repaired.
    pub gone: &'w BTreeSet<VpcPeeringConnectionId>,
    /// How many routes a table may have, IPv4 and IPv6 apart.
    pub routes_per_table: u32,
}

/// What becomes of one wished route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// It was, or would be, written.
    Created,
    /// It was there.
    Unchanged,
    /// A blackhole to a connection that is no more was, or would be, replaced by it.
    Repaired,
    /// It was, or would be, removed.
    Deleted,
}

/// One wished route of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRoute {
    /// The table.
    pub table: RouteTableId,
    /// The destination.
    pub destination: IpNet,
    /// What is to be done.
    pub action: Action,
}

/// What planning one side found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoutePlan {
    /// Every wished route that can be had.
    pub routes: Vec<PlannedRoute>,
    /// Every route in the way of one.
    pub conflicts: Vec<Conflict>,
    /// The tables that lack room.
    pub full: Vec<RouteTableId>,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
}

/// Decides what to do about every wished route.
pub fn plan(wish: &Wish<'_>) -> RoutePlan {
    let mut plan = RoutePlan::default();
    for table in wish.tables {
        let mut added = Vec::new();
        for &destination in wish.destinations {
            match decide(table, destination, wish) {
                Ok(action) => {
                    if action == Action::Created {
                        added.push(destination);
                    }
                    plan.warnings.extend(surprises(table, destination, wish.connection));
                    plan.routes.push(PlannedRoute { table: table.id.clone(), destination, action });
                }
                Err(conflict) => plan.conflicts.push(conflict),
            }
        }
        weigh_against_quota(table, &added, wish.routes_per_table, &mut plan);
    }
    plan
}

/// The routes to our own connection that the plan no longer has: in a table that was selected before and isn't any more,
/// or to a block that the other VPC no longer has. `tables` are those selected, before or now. A more or a less specific
/// route than one of the other VPC's blocks was made by hand, and stays.
pub fn moved_away(
    tables: &[&RouteTable],
    peer_blocks: &[IpNet],
    own: &VpcPeeringConnectionId,
    planned: &[PlannedRoute],
) -> Vec<PlannedRoute> {
    let wished: BTreeSet<(&RouteTableId, IpNet)> =
        planned.iter().map(|route| (&route.table, route.destination)).collect();
    let is_by_hand = |destination: &IpNet| {
        let overlaps = |block: &IpNet| block.contains(destination) || destination.contains(block);
        !peer_blocks.contains(destination) && peer_blocks.iter().any(overlaps)
    };
    let leading = tables.iter().flat_map(|table| table.routes.iter().map(move |route| (&table.id, route)));
    let target = Target::Peering(own.clone());
    let left = leading.filter(|(table, route)| {
        route.target == target && !wished.contains(&(*table, route.destination)) && !is_by_hand(&route.destination)
    });
    let moved: BTreeSet<_> = left.map(|(table, route)| (table.clone(), route.destination)).collect();
    moved.into_iter().map(|(table, destination)| PlannedRoute { table, destination, action: Action::Deleted }).collect()
}

/// The connections whose fate decides between repair and conflict: targets of blackhole routes to wished destinations.
pub fn doubtful_targets(wish: &Wish<'_>) -> BTreeSet<VpcPeeringConnectionId> {
    let in_the_way = wish
        .tables
        .iter()
        .flat_map(|table| &table.routes)
        .filter(|route| wish.destinations.contains(&route.destination));
    in_the_way
        .filter(|route| route.blackhole)
        .filter_map(|route| match &route.target {
            Target::Peering(id) if Some(id) != wish.connection => Some(id.clone()),
            _ => None,
        })
        .collect()
}

impl RoutePlan {
    /// The refusal that the plan amounts to, if any: conflicts before quotas.
    pub fn refusal(conflicts: Vec<Conflict>, full: Option<&RouteTableId>, routes_per_table: u32) -> Option<Error> {
        if !conflicts.is_empty() {
            return Some(Error::RouteConflict { conflicts });
        }
        full.map(|table| Error::QuotaExceeded {
            quota: Quota::RoutesPerRouteTable,
            limit: routes_per_table,
            place: Place::RouteTableId(table.clone()),
        })
    }
}

fn decide(table: &RouteTable, destination: IpNet, wish: &Wish<'_>) -> Result<Action, Conflict> {
    let Some(route) = table.route_to(destination) else {
        return Ok(Action::Created);
    };
    match &route.target {
        _ if route.propagated => Ok(Action::Created),
        Target::Peering(id) if Some(id) == wish.connection => Ok(Action::Unchanged),
        Target::Peering(id) if route.blackhole && wish.gone.contains(id) => Ok(Action::Repaired),
        target => Err(Conflict {
            route_table_id: table.id.clone(),
            destination_cidr_block: destination,
            target: target.to_string(),
        }),
    }
}

/// What a careful engineer would want to hear about this route.
fn surprises<'t>(
    table: &'t RouteTable,
    destination: IpNet,
    connection: Option<&'t VpcPeeringConnectionId>,
) -> impl Iterator<Item = String> + 't {
    let id = &table.id;
    table.routes.iter().filter_map(move |route| {
        let Route { destination: other, target, .. } = route;
        let is_ours = matches!(target, Target::Peering(to) if Some(to) == connection);
        if is_ours {
            None
        } else if *other == destination && route.propagated {
            Some(format!("{id}: the route to {destination} overrides one propagated by {target}"))
        } else if *other != destination && destination.contains(other) {
            let drops = if route.blackhole { ", a blackhole" } else { "" };
            Some(format!("{id}: the more specific route {other} to {target}{drops} shadows part of {destination}"))
        } else {
            None
        }
    })
}

/// AWS counts what isn't propagated, IPv4 and IPv6 apart.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-route-tables>
fn weigh_against_quota(table: &RouteTable, added: &[IpNet], limit: u32, plan: &mut RoutePlan) {
    let is_v4 = |block: &IpNet| matches!(block, IpNet::V4(_));
    for v4 in [true, false] {
        let new = added.iter().filter(|block| is_v4(block) == v4).count();
        let standing = table.routes.iter().filter(|route| !route.propagated && is_v4(&route.destination) == v4).count();
        let (total, limit) = (standing + new, limit as usize);
        if new > 0 && total > limit {
            plan.full.push(table.id.clone());
        } else if new > 0 && total * 10 >= limit * 9 {
            let family = if v4 { "IPv4" } else { "IPv6" };
            plan.warnings.push(format!("{}: {total} of the {limit} {family} routes that its quota allows", table.id));
        }
    }
}
