//! What a whole Region of an account has, page by page.

use crate::ec2::Ec2Network;
use crate::ec2::pages::{FILTER_VALUES, filter};
use isthmus_peering::connection::{Connection, Vpc};
use isthmus_peering::ids::VpcId;
use isthmus_peering::ports::{CallResult, Location, RegionReads};
use isthmus_peering::route_tables::RouteTable;
use std::collections::{BTreeMap, BTreeSet};

impl RegionReads for Ec2Network {
    async fn vpcs_with_tags(&self, at: &Location, keys: &[String]) -> CallResult<BTreeMap<VpcId, Vpc>> {
        let by_tags = filter("tag-key", keys.iter().map(String::as_str));
        self.vpcs(at, if keys.is_empty() { Vec::new() } else { vec![by_tags] }).await
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> CallResult<BTreeMap<VpcId, Vpc>> {
        let mut vpcs = BTreeMap::new();
        for some in in_filters(ids) {
            // By filter, not by id: one unknown id would refuse them all.
            vpcs.extend(self.vpcs(at, vec![filter("vpc-id", some)]).await?);
        }
        Ok(vpcs)
    }

    async fn connections_in(&self, at: &Location) -> CallResult<Vec<Connection>> {
        self.connections(at, Vec::new()).await
    }

    async fn route_tables_of(
        &self,
        at: &Location,
        vpcs: &BTreeSet<VpcId>,
    ) -> CallResult<BTreeMap<VpcId, Vec<RouteTable>>> {
        let mut tables: BTreeMap<VpcId, Vec<RouteTable>> = BTreeMap::new();
        for some in in_filters(vpcs) {
            let mut found = self.tables(at, vec![filter("vpc-id", some)]).await?;
            self.read_prefix_lists(at, &mut found).await?;
            for (vpc, table) in found {
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
