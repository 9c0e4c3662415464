//! What a description is made of: a connection, a refusal, routes.

use super::place;
use crate::connection::{Connection, End};
use crate::groups::Refusal;
use crate::plan::SidePlan;
use crate::routes::{Action, PlannedRoute};
use crate::shared::grouped::Grouped;
use isthmus_topology::{self as topology, MissingRoute, Peering, RequestedBy, RouteCounts};
use std::collections::BTreeMap;

/// More of one side are counted, not listed.
const MISSING_LISTED: usize = 100;

/// A connection that no pair is about.
pub(super) fn foreign(connection: &Connection) -> Peering {
    let [requester, accepter] = ends(connection);
    of_connection(Some(connection), requester, accepter)
}

/// A pair that a group refuses.
pub(super) fn of_refusal(grouped: &Grouped, [end, peer]: [&End; 2], refusal: &Refusal) -> Peering {
    let groups = grouped.groups_of(refusal).map(ToString::to_string).collect();
    let [requester, accepter] = if end < peer { [end, peer] } else { [peer, end] };
    Peering {
        finding: topology::Finding::Failed,
        error: Some(refusal.error.to_owned()),
        message: Some(refusal.reason.to_string()),
        requested_by: RequestedBy { groups, ..RequestedBy::default() },
        ..of_connection(None, requester, accepter)
    }
}

pub(super) fn of_connection(connection: Option<&Connection>, requester: &End, accepter: &End) -> Peering {
    Peering {
        vpc_peering_connection_id: connection.map(|connection| connection.id().to_string()),
        status: connection.map(|connection| connection.status.to_string()),
        requester: place(requester),
        accepter: place(accepter),
        ours: false,
        requested_by: RequestedBy::default(),
        finding: topology::Finding::Foreign,
        differs: None,
        error: None,
        message: None,
        waits_for: None,
        routes: BTreeMap::new(),
        dns_resolution: connection
            .is_some_and(|connection| connection.dns_resolution.requester && connection.dns_resolution.accepter),
    }
}

pub(super) fn ends(connection: &Connection) -> [&End; 2] {
    [&connection.identity.requester, &connection.identity.accepter]
}

/// The routes of both sides, by the VPC's id.
pub(super) fn of_plan(sides: [SidePlan; 2]) -> BTreeMap<String, RouteCounts> {
    sides.iter().map(|side| (side.end.vpc_id.to_string(), of_side(side))).collect()
}

/// What isn't ours and holds a place counts neither as wanted nor as present.
fn of_side(side: &SidePlan) -> RouteCounts {
    let missing: Vec<PlannedRoute> = side.additions().collect();
    let present = side.routes().filter(|route| route.action == Action::Unchanged).count();
    RouteCounts { wanted: present + missing.len(), present, missing: listed(missing) }
}

pub(super) fn listed(routes: impl IntoIterator<Item = PlannedRoute>) -> Vec<MissingRoute> {
    let route = |route: PlannedRoute| MissingRoute {
        route_table_id: route.table.to_string(),
        destination_cidr_block: route.destination.to_string(),
    };
    routes.into_iter().take(MISSING_LISTED).map(route).collect()
}
