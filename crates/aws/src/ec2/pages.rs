//! The lists that EC2 gives page by page.

use crate::call_errors::call_error;
use crate::convert::{self, parsed};
use crate::ec2::Ec2Network;
use aws_sdk_ec2::types::{self, Filter};
use isthmus_peering::connection::{Connection, Vpc};
use isthmus_peering::ids::{AccountId, VpcId};
use isthmus_peering::ports::{CallResult, Location};
use isthmus_peering::route_tables::RouteTable;
use std::collections::BTreeMap;

/// EC2's largest page; without a size it may answer everything at once, or fail.
pub(crate) const PAGE: i32 = 1_000;

/// AWS takes at most 200 values in one filter. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html>
pub(crate) const FILTER_VALUES: usize = 200;

/// A page of route tables, of which EC2 gives 5 to 100, is smaller: a table may have 1,000 routes, and each is some 800 bytes in
/// EC2's XML and the SDK's shapes. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html>
const PAGE_OF_TABLES: i32 = 25;

/// So many pages of route tables are in memory at once, however many Regions are read at the same time.
pub(crate) const PAGES_OF_TABLES_AT_ONCE: usize = 16;

impl Ec2Network {
    pub(crate) async fn connections(&self, at: &Location, filters: Vec<Filter>) -> CallResult<Vec<Connection>> {
        let call = self.accounts.client(at).await.describe_vpc_peering_connections().set_filters(Some(filters));
        let mut pages = call.into_paginator().page_size(PAGE).send();
        let mut connections = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error("ec2:DescribeVpcPeeringConnections", at, error))?;
            connections.extend(page.vpc_peering_connections().iter().filter_map(convert::connection));
        }
        Ok(connections)
    }

    pub(crate) async fn tables(&self, at: &Location, filters: Vec<Filter>) -> CallResult<Vec<(VpcId, RouteTable)>> {
        let call = self.accounts.client(at).await.describe_route_tables().set_filters(Some(filters));
        let mut pages = call.into_paginator().page_size(PAGE_OF_TABLES).send();
        let mut tables = Vec::new();
        loop {
            let _in_memory = self.table_pages.acquire().await;
            let Some(page) = pages.next().await else { return Ok(tables) };
            let page = page.map_err(|error| call_error("ec2:DescribeRouteTables", at, error))?;
            let of_vpc = |table: &types::RouteTable| Some((parsed(table.vpc_id()?)?, convert::route_table(table)?));
            tables.extend(page.route_tables().iter().filter_map(of_vpc));
        }
    }

    pub(crate) async fn vpcs(&self, at: &Location, filters: Vec<Filter>) -> CallResult<BTreeMap<VpcId, Vpc>> {
        let call = self.accounts.client(at).await.describe_vpcs().set_filters(Some(filters));
        let mut pages = call.into_paginator().page_size(PAGE).send();
        let mut vpcs = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error("ec2:DescribeVpcs", at, error))?;
            let own = page.vpcs().iter().filter(|vpc| is_own(vpc, &at.owner_id));
            vpcs.extend(own.filter_map(|vpc| Some((parsed(vpc.vpc_id()?)?, convert::vpc(vpc)))));
        }
        Ok(vpcs)
    }
}

pub(crate) fn filter<'v>(name: &str, values: impl IntoIterator<Item = &'v str>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(str::to_owned).collect())).build()
}

/// A VPC shared by another account is visible to this one, which can't peer it.
pub(crate) fn is_own(vpc: &types::Vpc, owner_id: &AccountId) -> bool {
    vpc.owner_id().is_none_or(|owner| owner == owner_id.as_str())
}
