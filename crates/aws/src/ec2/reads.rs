//! What is read of one VPC or connection.

use crate::call_errors::call_error;
use crate::convert::{self, parsed};
use crate::ec2::pages::{FILTER_VALUES, PAGE, filter, is_own};
use crate::ec2::{Ec2Network, empty_answer};
use aws_sdk_ec2::types::{self, VpcAttributeName};
use futures_util::join;
use isthmus_peering::connection::{Connection, End, Status, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcPeeringConnectionId};
use isthmus_peering::ports::{CallErrorKind, CallResult, NetworkReads};
use isthmus_peering::route_tables::RouteTable;
use std::collections::BTreeSet;

impl NetworkReads for Ec2Network {
    async fn vpc(&self, end: &End) -> CallResult<Vpc> {
        let client = self.accounts.client(end).await;
        let found = client.describe_vpcs().vpc_ids(end.vpc_id.as_str()).send().await;
        let found = found.map_err(|error| call_error("ec2:DescribeVpcs", end, error))?;
        let own = found.vpcs().iter().find(|vpc| is_own(vpc, &end.owner_id));
        own.map(convert::vpc).ok_or_else(|| empty_answer("ec2:DescribeVpcs", end, CallErrorKind::NoSuchVpc))
    }

    async fn connections_between(&self, end: &End, peer: &End) -> CallResult<Vec<Connection>> {
        let both = [end.vpc_id.as_str(), peer.vpc_id.as_str()];
        let filters = vec![filter("requester-vpc-info.vpc-id", both), filter("accepter-vpc-info.vpc-id", both)];
        self.connections(&end.into(), filters).await
    }

    async fn connections_of(&self, end: &End) -> CallResult<Vec<Connection>> {
        let at = end.into();
        let side = |name| self.connections(&at, vec![filter(name, [end.vpc_id.as_str()])]);
        let (asked, accepted) = join!(side("requester-vpc-info.vpc-id"), side("accepter-vpc-info.vpc-id"));
        let mut connections = asked?;
        connections.extend(accepted?);
        Ok(connections)
    }

    async fn count_active_peerings(&self, end: &End) -> CallResult<usize> {
        let at = end.into();
        let side = |name| {
            let statuses = filter("status-code", [Status::Provisioning.as_str(), Status::Active.as_str()]);
            self.connections(&at, vec![filter(name, [end.vpc_id.as_str()]), statuses])
        };
        let (asked, accepted) = join!(side("requester-vpc-info.vpc-id"), side("accepter-vpc-info.vpc-id"));
        Ok(asked?.len() + accepted?.len())
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<Option<Connection>> {
        // By filter, not by id: an unknown id is an error, which says nothing that an empty list doesn't.
        let connections =
            self.connections(&end.into(), vec![filter("vpc-peering-connection-id", [id.as_str()])]).await?;
        Ok(connections.into_iter().next())
    }

    async fn has_dns_hostnames(&self, end: &End) -> CallResult<bool> {
        let client = self.accounts.client(end).await;
        // One attribute a call is all that EC2 answers.
        let ask = |attribute| client.describe_vpc_attribute().vpc_id(end.vpc_id.as_str()).attribute(attribute).send();
        let (support, hostnames) =
            join!(ask(VpcAttributeName::EnableDnsSupport), ask(VpcAttributeName::EnableDnsHostnames));
        let support = support.map_err(|error| call_error("ec2:DescribeVpcAttribute", end, error))?;
        let hostnames = hostnames.map_err(|error| call_error("ec2:DescribeVpcAttribute", end, error))?;
        let is_on = |value: Option<&types::AttributeBooleanValue>| value.and_then(|value| value.value()) == Some(true);
        Ok(is_on(support.enable_dns_support()) && is_on(hostnames.enable_dns_hostnames()))
    }

    async fn route_tables(&self, end: &End) -> CallResult<Vec<RouteTable>> {
        let at = end.into();
        let mut tables = self.tables(&at, vec![filter("vpc-id", [end.vpc_id.as_str()])]).await?;
        self.read_prefix_lists(&at, &mut tables).await?;
        Ok(tables.into_iter().map(|(_, table)| table).collect())
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> CallResult<Vec<RouteTable>> {
        let ids: Vec<&str> = ids.iter().map(RouteTableId::as_str).collect();
        let mut tables = Vec::with_capacity(ids.len());
        for some in ids.chunks(FILTER_VALUES) {
            let vpc = filter("vpc-id", [end.vpc_id.as_str()]);
            tables.extend(self.tables(&end.into(), vec![vpc, filter("route-table-id", some.iter().copied())]).await?);
        }
        Ok(tables.into_iter().map(|(_, table)| table).collect())
    }

    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> CallResult<BTreeSet<SubnetId>> {
        let client = self.accounts.client(end).await;
        let ids: Vec<&str> = ids.iter().map(SubnetId::as_str).collect();
        let mut subnets = BTreeSet::new();
        for some in ids.chunks(FILTER_VALUES) {
            let filters = vec![filter("vpc-id", [end.vpc_id.as_str()]), filter("subnet-id", some.iter().copied())];
            let pages =
                client.describe_subnets().set_filters(Some(filters)).into_paginator().page_size(PAGE).items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await;
            let found = found.map_err(|error| call_error("ec2:DescribeSubnets", end, error))?;
            subnets.extend(found.iter().filter_map(|subnet| parsed(subnet.subnet_id()?)));
        }
        Ok(subnets)
    }

    async fn regions(&self, end: &End) -> CallResult<BTreeSet<Region>> {
        let home = self.accounts.home_end(end);
        let found = self.accounts.client(&home).await.describe_regions().all_regions(true).send().await;
        let found = found.map_err(|error| call_error("ec2:DescribeRegions", &home, error))?;
        Ok(found.regions().iter().filter_map(|region| parsed(region.region_name()?)).collect())
    }
}
