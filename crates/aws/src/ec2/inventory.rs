//! What a whole Region of an account has, page by page.

use super::Ec2Network;
use super::pages::{FILTER_VALUES, filter};
use isthmus_peering::connection::{Connection, Vpc};
use isthmus_peering::ids::VpcId;
use isthmus_peering::network::{Answer, Inventory, Location};
use isthmus_peering::tables::RouteTable;
use std::collections::{BTreeMap, BTreeSet};

impl Inventory for Ec2Network {
    async fn vpcs_tagged(&self, at: &Location, keys: &[String]) -> Answer<BTreeMap<VpcId, Vpc>> {
        self.vpcs(at, vec![filter("tag-key", keys.iter().map(String::as_str))]).await
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> Answer<BTreeMap<VpcId, Vpc>> {
        let mut vpcs = BTreeMap::new();
        for some in in_filters(ids) {
            // By filter, not by id: one unknown id would refuse them all.
            vpcs.extend(self.vpcs(at, vec![filter("vpc-id", some)]).await?);
        }
        Ok(vpcs)
    }

    async fn connections_at(&self, at: &Location) -> Answer<Vec<Connection>> {
        self.connections(at, Vec::new()).await
    }

    async fn tables_of(&self, at: &Location, vpcs: &BTreeSet<VpcId>) -> Answer<BTreeMap<VpcId, Vec<RouteTable>>> {
        let mut tables: BTreeMap<VpcId, Vec<RouteTable>> = BTreeMap::new();
        for some in in_filters(vpcs) {
            for (vpc, table) in self.tables(at, vec![filter("vpc-id", some)]).await? {
                tables.entry(vpc).or_default().push(table);
            }
        }
        Ok(tables)
    }
}

fn in_filters(ids: &BTreeSet<VpcId>) -> Vec<Vec<&str>> {
    let ids: Vec<&str> = ids.iter().map(VpcId::as_str).collect();
    ids.chunks(FILTER_VALUES).map(<[&str]>::to_vec).collect()
}
