//! `PlanTeardown`: find the connection of a pair, check that it is ours, and list every route that leads to it. It can't
//! write.

use crate::connection::{Connection, adopt, canonical};
use crate::context::Context;
use crate::error::Error;
use crate::ports::NetworkReads;
use crate::request::TeardownRequest;
use crate::shared::lookups::check_regions;
use crate::shared::pair::Pair;
use crate::shared::removal::routes_leading_to;
use crate::tags::is_made_by;
use crate::teardown::{TeardownOutput, TeardownPlan};
use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The task of the state.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlanTeardownTask {
    /// The input of the execution.
    pub request: Value,
}

/// The answer: a plan or an output.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedTeardown {
    /// What the next states work on, as the variable `$teardown`.
    pub teardown: Option<TeardownPlan>,
    /// The output of a dry run, or where there is nothing to remove.
    pub output: Option<TeardownOutput>,
    /// For events: the ARNs of both VPCs where tags requested the connection, else none.
    pub resources: Vec<String>,
}

/// Reads both sides. A pair that a tag requests is [`Error::StillTagged`], a connection that this stack didn't make is
/// [`Error::NotOurs`]. A connection of ours that is deleted already may have left routes, which are deleted too.
pub async fn plan_teardown(
    context: Context<'_, impl NetworkReads>,
    task: PlanTeardownTask,
) -> Result<PlannedTeardown, Error> {
    let Context { network, stack } = context;
    let TeardownRequest { end, peer, dry_run } = TeardownRequest::parse(&task.request, stack)?;
    check_regions(network, &end, &peer).await?;
    let (requester, accepter) = canonical(&end, &peer);
    let (pair, connections, tables, peer_tables) = join!(
        Pair::read(context, [&end, &peer]),
        network.connections_between(requester, accepter),
        network.route_tables(&end),
        network.route_tables(&peer),
    );
    let (connections, tables, peer_tables, pair) = (connections?, tables?, peer_tables?, pair?);
    let plan_for = |connection: &Connection| {
        let sides = [(&end, &tables), (&peer, &peer_tables)];
        TeardownPlan::new(connection, sides.map(|(end, tables)| routes_leading_to(end, tables, connection.id())))
    };
    let plan = match adopt(&connections, &end, &peer) {
        Some(connection) if !is_made_by(&connection.tags, stack) => {
            return Err(Error::NotOurs { vpc_peering_connection_id: connection.id().clone() });
        }
        Some(connection) => Some(plan_for(connection)),
        None => {
            let own = connections.iter().filter(|connection| is_made_by(&connection.tags, stack));
            own.map(plan_for).find(|plan| plan.sides().iter().any(|side| !side.groups.is_empty()))
        }
    };
    let Some(plan) = plan else {
        return Ok(PlannedTeardown { teardown: None, output: Some(TeardownOutput::absent()), resources: Vec::new() });
    };
    pair.check_untagged(stack)?;
    let resources = plan.resources(&stack.partition);
    Ok(match dry_run {
        true => PlannedTeardown { output: Some(plan.planned()), teardown: None, resources },
        false => PlannedTeardown { output: None, teardown: Some(plan), resources },
    })
}
