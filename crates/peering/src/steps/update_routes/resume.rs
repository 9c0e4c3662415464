//! Going on where an earlier call stopped: the plan again, held against the tables as they are now.

use super::UpdateTask;
use super::write::Change;
use crate::connection::Record;
use crate::error::Error;
use crate::network::Network;
use crate::plan::{Group, SidePlan};
use crate::routes::{Action, PlannedRoute, Wish, doubtful_targets, plan};
use crate::steps::create_request::gone;
use crate::tables::RouteTable;
use futures_util::join;
use std::collections::BTreeSet;

/// What the earlier calls left to be written.
pub(super) async fn still_missing(network: &impl Network, task: &UpdateTask) -> Result<Vec<Change>, Error> {
    let [side, peer_side] = &task.route_plan;
    let (changes, peer_changes) =
        join!(missing_on(network, side, &task.record), missing_on(network, peer_side, &task.record));
    Ok([changes?, peer_changes?].concat())
}

async fn missing_on(network: &impl Network, side: &SidePlan, record: &Record) -> Result<Vec<Change>, Error> {
    let wished = || side.groups.iter().filter(|group| group.action != Action::Unchanged);
    let ids: BTreeSet<_> = wished().flat_map(|group| group.route_table_ids.iter().cloned()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let tables = network.route_tables_by_id(&side.end, &ids).await?;
    let mut routes = Vec::new();
    let mut conflicts = Vec::new();
    for Group { destinations, route_table_ids, .. } in wished() {
        let tables: Vec<&RouteTable> = tables.iter().filter(|table| route_table_ids.contains(&table.id)).collect();
        let none_gone = BTreeSet::new();
        let wish = Wish {
            tables: &tables,
            destinations: &destinations.iter().copied().collect(),
            connection: Some(&record.vpc_peering_connection_id),
            gone: &none_gone,
            // Room was made sure of before the first write; EC2 has the last word.
            routes_per_table: u32::MAX,
        };
        let gone = gone(network, &side.end, &[], doubtful_targets(&wish)).await?;
        let found = plan(&Wish { gone: &gone, ..wish });
        routes.extend(found.routes);
        conflicts.extend(found.conflicts);
    }
    if !conflicts.is_empty() {
        return Err(Error::RouteConflict { conflicts });
    }
    let is_missing = |route: &PlannedRoute| route.action != Action::Unchanged;
    Ok(routes.into_iter().filter(is_missing).map(|route| Change { end: side.end.clone(), route }).collect())
}
