//! Going on where an earlier call stopped: the plan again, held against the tables as they are now.

use super::UpdateTask;
use super::write::Change;
use crate::connection::Record;
use crate::error::Error;
use crate::ids::RouteTableId;
use crate::network::Network;
use crate::plan::{Group, SidePlan};
use crate::routes::{Action, Wish};
use crate::steps::batch::in_turn;
use crate::steps::planning::plan_routes;
use crate::tables::RouteTable;
use futures_util::join;
use std::collections::BTreeSet;

/// What the earlier calls left to be done.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// The routes that are still missing.
    pub(super) changes: Vec<Change>,
    /// Tables of the plan that somebody deleted meanwhile.
    pub(super) vanished: BTreeSet<RouteTableId>,
}

/// Holds the plan against the tables once more.
pub(super) async fn rest(network: &impl Network, task: &UpdateTask) -> Result<Rest, Error> {
    let [side, peer_side] = &task.route_plan;
    let (rest, peer_rest) = join!(rest_of(network, side, &task.record), rest_of(network, peer_side, &task.record));
    let (rest, mut peer_rest) = (rest?, peer_rest?);
    peer_rest.vanished.extend(rest.vanished);
    Ok(Rest { changes: in_turn(rest.changes, peer_rest.changes), vanished: peer_rest.vanished })
}

async fn rest_of(network: &impl Network, side: &SidePlan, record: &Record) -> Result<Rest, Error> {
    let wished = || side.groups.iter().filter(|group| matches!(group.action, Action::Created | Action::Repaired));
    let ids: BTreeSet<_> = wished().flat_map(|group| group.route_table_ids.iter().cloned()).collect();
    if ids.is_empty() {
        return Ok(Rest::default());
    }
    let tables = network.route_tables_by_id(&side.end, &ids).await?;
    let mut rest = Rest { changes: Vec::new(), vanished: ids };
    for table in &tables {
        rest.vanished.remove(&table.id);
    }
    let mut conflicts = Vec::new();
    for Group { destinations, route_table_ids, .. } in wished() {
        let tables: Vec<&RouteTable> = tables.iter().filter(|table| route_table_ids.contains(&table.id)).collect();
        let wish = Wish {
            tables: &tables,
            destinations: &destinations.iter().copied().collect(),
            connection: Some(&record.vpc_peering_connection_id),
            gone: &BTreeSet::new(),
            // Room was made sure of before the first write; EC2 has the last word.
            routes_per_table: u32::MAX,
        };
        let found = plan_routes(network, &side.end, &[], wish).await?;
        let missing = found.routes.into_iter().filter(|route| route.action != Action::Unchanged);
        rest.changes.extend(missing.map(|route| Change { end: side.end.clone(), route }));
        conflicts.extend(found.conflicts);
    }
    if conflicts.is_empty() { Ok(rest) } else { Err(Error::RouteConflict { conflicts }) }
}
