//! The planned routes as they pass from state to state, and as an execution's output lists them.
//!
//! Two hundred tables times six destinations on each side would exceed Step Functions' 256 KiB, so tables that get the
//! same routes are grouped: the plan grows with the tables plus the destinations, not with their product.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>

use crate::connection::End;
use crate::ids::{Region, RouteTableId, VpcId};
use crate::routes::{Action, PlannedRoute};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The planned routes of one VPC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SidePlan {
    /// The VPC whose tables they are.
    #[serde(flatten)]
    pub end: End,
    /// Tables that get the same routes, together.
    #[serde(rename = "Routes")]
    pub groups: Vec<RouteGroup>,
}

/// Each of these tables times each of these destinations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RouteGroup {
    /// What is to be done about each.
    pub action: Action,
    /// The destinations.
    pub destinations: Vec<IpNet>,
    /// The tables.
    pub route_table_ids: Vec<RouteTableId>,
}

/// One route, as the output of an execution lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReportedRoute {
    /// The table.
    pub route_table_id: RouteTableId,
    /// Its VPC.
    pub vpc_id: VpcId,
    /// Its Region.
    pub region: Region,
    /// The destination, where it is IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_cidr_block: Option<IpNet>,
    /// The destination, where it is IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_ipv6_cidr_block: Option<IpNet>,
    /// What was, or would be, done about it.
    pub action: Action,
}

/// At some 165 bytes each, a third of what an execution's output may hold.
const ROUTES_REPORTED: usize = 500;

/// More than a person would read.
const WARNINGS_REPORTED: usize = 100;

impl SidePlan {
    /// Puts together the tables that get the same routes.
    pub fn new(end: End, routes: Vec<PlannedRoute>) -> Self {
        let mut by_table: BTreeMap<(RouteTableId, Action), Vec<IpNet>> = BTreeMap::new();
        for route in routes {
            by_table.entry((route.table, route.action)).or_default().push(route.destination);
        }
        let mut alike: BTreeMap<(Action, Vec<IpNet>), Vec<RouteTableId>> = BTreeMap::new();
        for ((table, action), destinations) in by_table {
            alike.entry((action, destinations)).or_default().push(table);
        }
        let groups = alike
            .into_iter()
            .map(|((action, destinations), route_table_ids)| RouteGroup { action, destinations, route_table_ids })
            .collect();
        Self { end, groups }
    }

    /// Every planned route, one by one.
    pub fn routes(&self) -> impl Iterator<Item = PlannedRoute> + '_ {
        self.groups.iter().flat_map(|group| {
            group.route_table_ids.iter().flat_map(move |table| {
                group.destinations.iter().map(move |&destination| PlannedRoute {
                    table: table.clone(),
                    destination,
                    action: group.action,
                })
            })
        })
    }

    /// The same without these tables.
    pub fn without(mut self, tables: &BTreeSet<RouteTableId>) -> Self {
        for group in &mut self.groups {
            group.route_table_ids.retain(|table| !tables.contains(table));
        }
        self.groups.retain(|group| !group.route_table_ids.is_empty());
        self
    }

    /// The same routes, each changed or left out.
    pub(crate) fn filter_map(self, change: impl FnMut(PlannedRoute) -> Option<PlannedRoute>) -> Self {
        let routes = self.routes().filter_map(change).collect();
        Self::new(self.end, routes)
    }

    /// Those that are, or were, to be written.
    pub fn additions(&self) -> impl Iterator<Item = PlannedRoute> + '_ {
        self.routes().filter(|route| matches!(route.action, Action::Created | Action::Repaired))
    }

    /// Those that are to be removed.
    pub fn removals(&self) -> impl Iterator<Item = PlannedRoute> + '_ {
        self.routes().filter(|route| route.action == Action::Deleted)
    }
}

/// The routes of an execution's output. Where they are too many to list, those that changed come first, and a warning
/// says how many there are.
pub fn report(sides: [&SidePlan; 2], warnings: &mut Vec<String>) -> Vec<ReportedRoute> {
    let mut routes: Vec<ReportedRoute> =
        sides.into_iter().flat_map(|side| side.routes().map(|route| report_route(&side.end, route))).collect();
    if routes.len() > ROUTES_REPORTED {
        let all = routes.len();
        let warning =
            format!("{all} routes in total, of which Routes lists {ROUTES_REPORTED}: read the tables for the others");
        warnings.insert(0, warning);
        routes.sort_by_key(|route| route.action == Action::Unchanged);
        routes.truncate(ROUTES_REPORTED);
    }
    routes
}

/// Cuts a list of warnings that is too long to read.
pub fn shorten(warnings: &mut Vec<String>) {
    if let Some(more) = warnings.len().checked_sub(WARNINGS_REPORTED).filter(|&more| more > 0) {
        warnings.truncate(WARNINGS_REPORTED);
        warnings.push(format!("and {more} more warnings of the same kinds"));
    }
}

fn report_route(end: &End, route: PlannedRoute) -> ReportedRoute {
    let (v4, v6) = match route.destination {
        block @ IpNet::V4(_) => (Some(block), None),
        block @ IpNet::V6(_) => (None, Some(block)),
    };
    ReportedRoute {
        route_table_id: route.table,
        vpc_id: end.vpc_id.clone(),
        region: end.region.clone(),
        destination_cidr_block: v4,
        destination_ipv6_cidr_block: v6,
        action: route.action,
    }
}

/// What belongs to requester and accepter, in the order in which a request names them.
pub fn in_request_order<T>(swapped: bool, requester: T, accepter: T) -> [T; 2] {
    if swapped { [accepter, requester] } else { [requester, accepter] }
}
