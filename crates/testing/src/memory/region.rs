//! What a Region has, from memory.

use crate::memory::{Memory, call_error, parse};
use isthmus_peering::connection::{Connection, End, Vpc};
use isthmus_peering::ids::VpcId;
use isthmus_peering::ports::{CallErrorKind, CallResult, Location, RegionReads};
use isthmus_peering::route_tables::RouteTable;
use std::collections::{BTreeMap, BTreeSet};

impl Memory {
    fn at<T: Clone>(&self, at: &Location, all: &BTreeMap<End, T>) -> CallResult<BTreeMap<VpcId, T>> {
        if self.unreachable.borrow().contains(at) {
            return Err(call_error(
                &at.end("vpc-00000000".parse().unwrap_or_else(|_| unreachable!())),
                CallErrorKind::Denied,
            ));
        }
        let there = all.iter().filter(|(end, _)| Location::from(*end) == *at);
        Ok(there.map(|(end, found)| (end.vpc_id.clone(), found.clone())).collect())
    }
}

impl RegionReads for Memory {
    async fn vpcs_with_tags(&self, at: &Location, keys: &[String]) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.called("vpcs_with_tags").await;
        let mut vpcs = self.at(at, &self.vpcs.borrow())?;
        let fits = |key: &String, wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => key == wanted,
        };
        vpcs.retain(|_, vpc: &mut Vpc| {
            keys.is_empty() || vpc.tags.keys().any(|key| keys.iter().any(|wanted| fits(key, wanted)))
        });
        Ok(vpcs)
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.called("vpcs_by_id").await;
        let mut vpcs = self.at(at, &self.vpcs.borrow())?;
        vpcs.retain(|id, _| ids.contains(id));
        Ok(vpcs)
    }

    async fn connections_in(&self, at: &Location) -> CallResult<Vec<Connection>> {
        self.called("connections_in").await;
        let is_there = |c: &Connection| {
            [&c.identity.requester, &c.identity.accepter].iter().any(|end| Location::from(*end) == *at)
        };
        let seen_from = at.end(parse("vpc-00000000"));
        let connections = self.connections.borrow();
        let is_shown = |c: &&Connection| is_there(c) && self.is_visible(c.id());
        let there = connections.iter().filter(is_shown).cloned();
        Ok(there.map(|connection| self.seen_from(&seen_from, connection)).collect())
    }

    async fn route_tables_of(
        &self,
        at: &Location,
        vpcs: &BTreeSet<VpcId>,
    ) -> CallResult<BTreeMap<VpcId, Vec<RouteTable>>> {
        self.called("route_tables_of").await;
        let mut tables = self.at(at, &self.tables.borrow())?;
        tables.retain(|id, _| vpcs.contains(id));
        Ok(tables)
    }
}
