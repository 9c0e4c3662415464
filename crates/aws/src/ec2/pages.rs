//! The lists that EC2 gives page by page.

use super::Ec2Network;
use crate::convert::{self, parsed};
use crate::refusals::refused;
use aws_sdk_ec2::types::{self, Filter};
use isthmus_peering::connection::{Connection, Vpc};
use isthmus_peering::ids::{AccountId, VpcId};
use isthmus_peering::network::{Answer, Location};
use isthmus_peering::tables::RouteTable;
use std::collections::BTreeMap;

/// The largest page that EC2 gives; without a size it may give everything at once, or fail trying.
pub(super) const PAGE: i32 = 1_000;

/// AWS takes at most 200 values in one filter. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html>
pub(super) const FILTER_VALUES: usize = 200;

/// A page of route tables is smaller. <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html>
const PAGE_OF_TABLES: i32 = 100;

impl Ec2Network {
    pub(super) async fn connections(&self, at: &Location, filters: Vec<Filter>) -> Answer<Vec<Connection>> {
        let call = self.accounts.client(at).await.describe_vpc_peering_connections().set_filters(Some(filters));
        let mut pages = call.into_paginator().page_size(PAGE).send();
        let mut connections = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| refused("ec2:DescribeVpcPeeringConnections", at, error))?;
            connections.extend(page.vpc_peering_connections().iter().filter_map(convert::connection));
        }
        Ok(connections)
    }

    pub(super) async fn tables(&self, at: &Location, filters: Vec<Filter>) -> Answer<Vec<(VpcId, RouteTable)>> {
        let call = self.accounts.client(at).await.describe_route_tables().set_filters(Some(filters));
        let mut pages = call.into_paginator().page_size(PAGE_OF_TABLES).send();
        // Page by page: 200 tables of 500 routes are much larger in the SDK's shapes than in ours.
        let mut tables = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| refused("ec2:DescribeRouteTables", at, error))?;
            let of_vpc = |table: &types::RouteTable| Some((parsed(table.vpc_id()?)?, convert::route_table(table)?));
            tables.extend(page.route_tables().iter().filter_map(of_vpc));
        }
        Ok(tables)
    }

    pub(super) async fn vpcs(&self, at: &Location, filters: Vec<Filter>) -> Answer<BTreeMap<VpcId, Vpc>> {
        let call = self.accounts.client(at).await.describe_vpcs().set_filters(Some(filters));
        let mut pages = call.into_paginator().page_size(PAGE).send();
        let mut vpcs = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| refused("ec2:DescribeVpcs", at, error))?;
            let own = page.vpcs().iter().filter(|vpc| is_own(vpc, &at.owner_id));
            vpcs.extend(own.filter_map(|vpc| Some((parsed(vpc.vpc_id()?)?, convert::vpc(vpc)))));
        }
        Ok(vpcs)
    }
}

pub(super) fn filter<'v>(name: &str, values: impl IntoIterator<Item = &'v str>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(str::to_owned).collect())).build()
}

/// A VPC shared by another account is visible to this one, which may not peer it.
pub(super) fn is_own(vpc: &types::Vpc, owner_id: &AccountId) -> bool {
    vpc.owner_id().is_none_or(|owner| owner == owner_id.as_str())
}
