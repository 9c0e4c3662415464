//! The port's other half, answered from memory.

use super::{Memory, refused};
use isthmus_peering::connection::{Connection, End, Vpc};
use isthmus_peering::ids::VpcId;
use isthmus_peering::network::{Answer, Inventory, Location, Refusal};
use isthmus_peering::tables::RouteTable;
use std::collections::{BTreeMap, BTreeSet};

impl Memory {
    fn at<T: Clone>(&self, at: &Location, all: &BTreeMap<End, T>) -> Answer<BTreeMap<VpcId, T>> {
        if self.unreachable.borrow().contains(at) {
            return Err(refused(&at.end("vpc-00000000".parse().unwrap_or_else(|_| unreachable!())), Refusal::Denied));
        }
        let there = all.iter().filter(|(end, _)| Location::from(*end) == *at);
        Ok(there.map(|(end, found)| (end.vpc_id.clone(), found.clone())).collect())
    }
}

impl Inventory for Memory {
    async fn vpcs_tagged(&self, at: &Location, keys: &[String]) -> Answer<BTreeMap<VpcId, Vpc>> {
        self.called("vpcs_tagged");
        let mut vpcs = self.at(at, &self.vpcs.borrow())?;
        let fits = |key: &String, wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => key.starts_with(start),
            None => key == wanted,
        };
        vpcs.retain(|_, vpc: &mut Vpc| vpc.tags.keys().any(|key| keys.iter().any(|wanted| fits(key, wanted))));
        Ok(vpcs)
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> Answer<BTreeMap<VpcId, Vpc>> {
        self.called("vpcs_by_id");
        let mut vpcs = self.at(at, &self.vpcs.borrow())?;
        vpcs.retain(|id, _| ids.contains(id));
        Ok(vpcs)
    }

    async fn connections_at(&self, at: &Location) -> Answer<Vec<Connection>> {
        self.called("connections_at");
        let mut seen = self.connections();
        seen.retain(|c| [&c.record.requester, &c.record.accepter].iter().any(|end| Location::from(*end) == *at));
        Ok(seen)
    }

    async fn tables_of(&self, at: &Location, vpcs: &BTreeSet<VpcId>) -> Answer<BTreeMap<VpcId, Vec<RouteTable>>> {
        self.called("tables_of");
        let mut tables = self.at(at, &self.tables.borrow())?;
        tables.retain(|id, _| vpcs.contains(id));
        Ok(tables)
    }
}
