//! `PlanTeardown`: find the connection of a pair, make sure that it is ours, and list every route that leads to it.

use super::pair::Pair;
use super::planning::{check_regions, leading_to};
use crate::connection::{Connection, End, adopt, canonical};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::Network;
use crate::plan::{ReportedRoute, SidePlan, report};
use crate::stack::{Stack, is_made_by, is_wished_by_tags};
use crate::teardown::Teardown;
use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TeardownTask {
    /// The input of the execution, as it came.
    pub request: Value,
}

/// What there is to take apart, as the variable `$dismantling`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Dismantling {
    /// `absent` where there is nothing, `planned` in a dry run, else `found`.
    pub status: &'static str,
    /// The connection; `None` where there is nothing.
    pub vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    /// The end whose account and Region the connection is removed in.
    pub requester: End,
    /// The two ends as the request names them.
    pub ends: [End; 2],
    /// For events: the ARNs of both VPCs where tags had wished the connection, else none.
    pub resources: Vec<String>,
    /// The routes that lead to it, on either side.
    pub route_plan: [SidePlan; 2],
    /// The same, one by one.
    pub routes: Vec<ReportedRoute>,
}

/// Reads both sides. A pair that a tag wishes is [`Error::StillWished`], a connection that this stack didn't make is
/// [`Error::NotOurs`]. One of ours that is gone already may
/// have left routes behind, which are ours to remove.
pub async fn plan_teardown(network: &impl Network, stack: &Stack, task: TeardownTask) -> Result<Dismantling, Error> {
    let Teardown { end, peer, dry_run } = Teardown::parse(&task.request, stack)?;
    check_regions(network, &end, &peer).await?;
    let (requester, accepter) = canonical(&end, &peer);
    let (pair, connections, tables, peer_tables) = join!(
        Pair::read(network, stack, &end, &peer),
        network.connections_between(requester, accepter),
        network.route_tables(&end),
        network.route_tables(&peer),
    );
    let (connections, tables, peer_tables) = (connections?, tables?, peer_tables?);
    let pair = pair?;
    let plan_for = |connection: &Connection| {
        [(&end, &tables), (&peer, &peer_tables)].map(|(end, tables)| leading_to(end, tables, connection.id()))
    };
    let Some(connection) = adopt(&connections, &end, &peer) else {
        let own = connections.iter().filter(|connection| is_made_by(&connection.tags, stack));
        let mut left = own.map(|dead| (dead, plan_for(dead)));
        return Ok(match left.find(|(_, plan)| plan.iter().any(|side| !side.groups.is_empty())) {
            Some((dead, plan)) => {
                pair.check_unwished(stack)?;
                Dismantling::of(dead, plan, dry_run, stack)
            }
            None => Dismantling::nothing(end, peer),
        });
    };
    if !is_made_by(&connection.tags, stack) {
        return Err(Error::NotOurs { vpc_peering_connection_id: connection.id().clone() });
    }
    pair.check_unwished(stack)?;
    Ok(Dismantling::of(connection, plan_for(connection), dry_run, stack))
}

impl Dismantling {
    fn of(connection: &Connection, route_plan: [SidePlan; 2], dry_run: bool, stack: &Stack) -> Self {
        let Connection { record, tags, .. } = connection;
        let ends = route_plan.each_ref().map(|side| side.end.clone());
        let resources = match is_wished_by_tags(tags) {
            true => ends.iter().map(|end| end.arn(&stack.partition)).collect(),
            false => Vec::new(),
        };
        Self {
            ends,
            resources,
            status: if dry_run { "planned" } else { "found" },
            vpc_peering_connection_id: Some(record.vpc_peering_connection_id.clone()),
            requester: record.requester.clone(),
            // A teardown's output has no place for warnings; the list of routes is simply shortened.
            routes: report(&route_plan, &mut Vec::new()),
            route_plan,
        }
    }

    fn nothing(end: End, peer: End) -> Self {
        Self {
            status: "absent",
            vpc_peering_connection_id: None,
            requester: end.clone(),
            ends: [end.clone(), peer.clone()],
            resources: Vec::new(),
            route_plan: [end, peer].map(|end| SidePlan::new(end, Vec::new())),
            routes: Vec::new(),
        }
    }
}
