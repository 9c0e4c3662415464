//! What to write in one VPC's route tables: desired against actual routes, decided before anything is written.
//!
//! A route that isn't ours is never replaced, deleted or edited. For a new peering it is a [`Conflict`], and the whole
//! request is refused; in an established one it is kept, and the rest is written.
//! No IAM condition covers a route's destination or target, so this file alone prevents that a tag redirects traffic.

mod recorded;

use crate::error::{Conflict, Error, FullResource, Quota};
use crate::ids::{RouteTableId, VpcPeeringConnectionId};
use crate::route_tables::{PrefixListRoute, Route, RouteTable, Target};
use ipnet::IpNet;
pub use recorded::{stale_blackhole_targets, stale_routes, standing_routes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The routes desired in some tables of one VPC.
#[derive(Debug, Clone, Copy)]
pub struct DesiredRoutes<'d> {
    /// The tables, as they are, each with the destinations desired in it: blocks of the other VPC.
    pub tables: &'d [(&'d RouteTable, BTreeSet<IpNet>)],
    /// The connection to route to; `None` where it has yet to be made.
    pub connection: Option<&'d VpcPeeringConnectionId>,
    /// Connections known to be deleted: a blackhole route to one of them may be repaired.
    pub deleted: &'d BTreeSet<VpcPeeringConnectionId>,
    /// How many routes a table may have, IPv4 and IPv6 apart.
    pub routes_per_table: u32,
    /// Whether the peering stands already: then what is impossible is a warning, and the rest is written.
    pub established: bool,
}

/// What is done about one desired route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// It was, or would be, created.
    Created,
    /// It exists already.
    Unchanged,
    /// A blackhole to a deleted connection was, or would be, replaced by it.
    Repaired,
    /// It was, or would be, deleted.
    Deleted,
    /// A route that isn't ours holds its place in an established peering.
    Kept,
}

/// One planned route of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRoute {
    /// The table.
    pub table: RouteTableId,
    /// The destination.
    pub destination: IpNet,
    /// What is to be done.
    pub action: Action,
}

/// The plan for one side, and what stands against it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoutePlan {
    /// Every desired route that is possible.
    pub routes: Vec<PlannedRoute>,
    /// Every existing route that makes one impossible.
    pub conflicts: Vec<Conflict>,
    /// The tables that lack room.
    pub full: Vec<RouteTableId>,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
}

/// Decides what to do about every desired route.
pub fn plan_routes(desired: &DesiredRoutes<'_>) -> RoutePlan {
    let mut plan = RoutePlan::default();
    for (table, destinations) in desired.tables {
        let mut routes = Vec::new();
        for &destination in destinations {
            let action = match decide(table, destination, desired) {
                Ok(action) => action,
                Err(conflict) if desired.established => {
                    plan.warnings.push(conflict.kept());
                    Action::Kept
                }
                Err(conflict) => {
                    plan.conflicts.push(conflict);
                    continue;
                }
            };
            if action != Action::Kept {
                plan.warnings.extend(route_warnings(table, destination, desired.connection));
            }
            routes.push(PlannedRoute { table: table.id.clone(), destination, action });
        }
        check_quota(table, &mut routes, desired, &mut plan);
        plan.routes.extend(routes);
    }
    plan
}

/// The connections whose status decides between repair and conflict: targets of blackhole routes to desired destinations.
pub fn blackhole_targets(desired: &DesiredRoutes<'_>) -> BTreeSet<VpcPeeringConnectionId> {
    let existing = desired.tables.iter().flat_map(|(table, destinations)| {
        table.routes.iter().filter(|route| route.blackhole && destinations.contains(&route.destination))
    });
    existing
        .filter_map(|route| match &route.target {
            Target::Peering(id) if Some(id) != desired.connection => Some(id.clone()),
            _ => None,
        })
        .collect()
}

impl RoutePlan {
    /// Why the plan can't be carried out, if it can't: conflicts before quotas.
    pub fn error(conflicts: Vec<Conflict>, full: Option<&RouteTableId>, routes_per_table: u32) -> Option<Error> {
        if !conflicts.is_empty() {
            return Some(Error::RouteConflict { conflicts });
        }
        full.map(|table| Error::QuotaExceeded {
            quota: Quota::RoutesPerRouteTable,
            limit: routes_per_table,
            resource: FullResource::RouteTableId(table.clone()),
        })
    }
}

fn decide(table: &RouteTable, destination: IpNet, desired: &DesiredRoutes<'_>) -> Result<Action, Conflict> {
    let conflict =
        |target: String| Conflict { route_table_id: table.id.clone(), destination_cidr_block: destination, target };
    let Some(route) = table.route_to(destination).filter(|route| !route.propagated) else {
        // Ours would take the traffic over, without a word.
        let is_ours = |target: &Target| matches!(target, Target::Peering(id) if Some(id) == desired.connection);
        let holds = |list: &&PrefixListRoute| {
            !is_ours(&list.target) && list.blocks.iter().flatten().any(|block| *block == destination)
        };
        let list = table.prefix_lists.iter().find(holds);
        return list.map_or(Ok(Action::Created), |list| Err(conflict(list.via())));
    };
    match &route.target {
        Target::Peering(id) if Some(id) == desired.connection => Ok(Action::Unchanged),
        Target::Peering(id) if route.blackhole && desired.deleted.contains(id) => Ok(Action::Repaired),
        target => Err(conflict(target.to_string())),
    }
}

/// What is legal but surprising about this route.
fn route_warnings<'t>(
    table: &'t RouteTable,
    destination: IpNet,
    connection: Option<&'t VpcPeeringConnectionId>,
) -> impl Iterator<Item = String> + 't {
    let id = &table.id;
    let beside = move |other: IpNet, target: String, blackhole: bool| {
        if other != destination && other.prefix_len() > 0 && other.contains(&destination) {
            Some(format!("{id}: the route to {destination} takes a part of {other}, which leads to {target}"))
        } else if other != destination && destination.contains(&other) {
            let drops = if blackhole { ", a blackhole" } else { "" };
            Some(format!("{id}: the more specific route {other} to {target}{drops} shadows part of {destination}"))
        } else {
            None
        }
    };
    let of_routes = table.routes.iter().filter_map(move |route| {
        let Route { destination: other, target, .. } = route;
        let is_ours = matches!(target, Target::Peering(to) if Some(to) == connection);
        if is_ours {
            None
        } else if *other == destination && route.propagated {
            Some(format!("{id}: the route to {destination} overrides one propagated by {target}"))
        } else {
            beside(*other, target.to_string(), route.blackhole)
        }
    });
    let is_v6 = matches!(destination, IpNet::V6(_));
    let is_foreign = move |list: &&PrefixListRoute| {
        list.is_v6 == is_v6 && !matches!(&list.target, Target::Peering(to) if Some(to) == connection)
    };
    let of_lists = table.prefix_lists.iter().filter(is_foreign).flat_map(move |list| {
        let unread = list.blocks.is_none().then(|| {
            format!("{id}: {} can't be read, so it is unknown whether it holds {destination}: allow ec2:GetManagedPrefixListEntries", list.id)
        });
        let blocks = list.blocks.iter().flatten().filter_map(move |block| beside(*block, list.via(), false));
        unread.into_iter().chain(blocks)
    });
    of_routes.chain(of_lists)
}

/// AWS counts the routes that are not propagated, IPv4 and IPv6 apart; a prefix list as many times as it may have blocks.
/// <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-route-tables>
fn check_quota(table: &RouteTable, routes: &mut Vec<PlannedRoute>, desired: &DesiredRoutes<'_>, plan: &mut RoutePlan) {
    let limit = desired.routes_per_table as usize;
    for v4 in [true, false] {
        let is_of_family = |block: &IpNet| matches!(block, IpNet::V4(_)) == v4;
        let is_new = |route: &PlannedRoute| route.action == Action::Created && is_of_family(&route.destination);
        let new = routes.iter().filter(|route| is_new(route)).count();
        let lists = table.prefix_lists.iter().filter(|list| list.is_v6 != v4).map(|list| list.size).sum::<usize>();
        let routes_of_family =
            table.routes.iter().filter(|route| !route.propagated && is_of_family(&route.destination));
        let existing = routes_of_family.count() + lists;
        let total = existing + new;
        if new > 0 && total > limit && desired.established {
            let mut room = limit.saturating_sub(existing);
            let mut fits = |route: &mut PlannedRoute| {
                let has_room = !is_new(route) || room > 0;
                room -= usize::from(has_room && is_new(route));
                has_room
            };
            let without_room: Vec<PlannedRoute> = routes.extract_if(.., |route| !fits(route)).collect();
            plan.warnings.push(no_room(&table.id, without_room.iter().map(|route| route.destination)));
        } else if new > 0 && total > limit {
            plan.full.push(table.id.clone());
        } else if new > 0 && total * 10 >= limit * 9 {
            let family = if v4 { "IPv4" } else { "IPv6" };
            plan.warnings.push(format!("{}: {total} of the {limit} {family} routes that its quota allows", table.id));
        }
    }
}

/// The warning about routes of an established peering that a full table lacks.
pub(crate) fn no_room(table: &RouteTableId, destinations: impl Iterator<Item = IpNet>) -> String {
    let list: Vec<String> = destinations.map(|destination| destination.to_string()).collect();
    format!("{table} has no room for a route to {}: make room, or raise its quota", list.join(", "))
}
