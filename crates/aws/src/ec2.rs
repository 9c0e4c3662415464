//! The network, as EC2 has it: one method, one kind of call, every page followed.

mod inventory;
mod pages;

use self::pages::{FILTER_VALUES, PAGE, filter, is_own};
use crate::accounts::Accounts;
use crate::convert::{self, parsed};
use crate::refusals::refused;
use aws_sdk_ec2::types::{
    self, PeeringConnectionOptionsRequest, ResourceType, Tag, TagSpecification, VpcAttributeName,
};
use futures_util::join;
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, End, Record, Status, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcPeeringConnectionId};
use isthmus_peering::network::{Answer, Network, Refusal, Refused, Tags};
use isthmus_peering::tables::RouteTable;
use std::collections::BTreeSet;

/// EC2 in every account and Region that the stack may act in.
pub struct Ec2Network {
    accounts: Accounts,
}

impl Ec2Network {
    /// The network as these accounts' clients reach it.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

impl Network for Ec2Network {
    async fn vpc(&self, end: &End) -> Answer<Vpc> {
        let client = self.accounts.client(end).await;
        let found = client.describe_vpcs().vpc_ids(end.vpc_id.as_str()).send().await;
        let found = found.map_err(|error| refused("ec2:DescribeVpcs", end, error))?;
        let own = found.vpcs().iter().find(|vpc| is_own(vpc, &end.owner_id));
        own.map(convert::vpc).ok_or_else(|| no_answer("ec2:DescribeVpcs", end, Refusal::NoSuchVpc))
    }

    async fn connections_between(&self, end: &End, peer: &End) -> Answer<Vec<Connection>> {
        let both = [end.vpc_id.as_str(), peer.vpc_id.as_str()];
        let filters = vec![filter("requester-vpc-info.vpc-id", both), filter("accepter-vpc-info.vpc-id", both)];
        let mut connections = self.connections(&end.into(), filters).await?;
        connections.retain(|connection| connection.record.joins(end, peer));
        Ok(connections)
    }

    async fn connections_of(&self, end: &End, (key, value): (&str, &str)) -> Answer<Vec<Connection>> {
        let (at, tag) = (end.into(), format!("tag:{key}"));
        let side = |name| self.connections(&at, vec![filter(name, [end.vpc_id.as_str()]), filter(&tag, [value])]);
        let (asked, accepted) = join!(side("requester-vpc-info.vpc-id"), side("accepter-vpc-info.vpc-id"));
        let mut connections = asked?;
        connections.extend(accepted?);
        Ok(connections)
    }

    async fn peerings_of(&self, end: &End) -> Answer<usize> {
        let at = end.into();
        let side = |name| {
            let statuses = filter("status-code", [Status::Provisioning.as_str(), Status::Active.as_str()]);
            self.connections(&at, vec![filter(name, [end.vpc_id.as_str()]), statuses])
        };
        let (asked, accepted) = join!(side("requester-vpc-info.vpc-id"), side("accepter-vpc-info.vpc-id"));
        Ok(asked?.len() + accepted?.len())
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<Option<Connection>> {
        // By filter, not by id: an unknown id is an error, which says nothing that an empty list doesn't.
        let connections =
            self.connections(&end.into(), vec![filter("vpc-peering-connection-id", [id.as_str()])]).await?;
        Ok(connections.into_iter().next())
    }

    async fn has_dns_names(&self, end: &End) -> Answer<bool> {
        let client = self.accounts.client(end).await;
        // One attribute a call is all that EC2 answers.
        let ask = |attribute| client.describe_vpc_attribute().vpc_id(end.vpc_id.as_str()).attribute(attribute).send();
        let (support, hostnames) =
            join!(ask(VpcAttributeName::EnableDnsSupport), ask(VpcAttributeName::EnableDnsHostnames));
        let support = support.map_err(|error| refused("ec2:DescribeVpcAttribute", end, error))?;
        let hostnames = hostnames.map_err(|error| refused("ec2:DescribeVpcAttribute", end, error))?;
        let is_on = |value: Option<&types::AttributeBooleanValue>| value.and_then(|value| value.value()) == Some(true);
        Ok(is_on(support.enable_dns_support()) && is_on(hostnames.enable_dns_hostnames()))
    }

    async fn tag_vpc(&self, end: &End, tags: &Tags) -> Answer<()> {
        let client = self.accounts.client(end).await;
        let tagged = client.create_tags().resources(end.vpc_id.as_str()).set_tags(Some(tag_list(tags))).send().await;
        tagged.map(drop).map_err(|error| not_told(refused("ec2:CreateTags", end, error), end))
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> Answer<()> {
        let client = self.accounts.client(end).await;
        let tags = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
        let untagged = client.delete_tags().resources(end.vpc_id.as_str()).set_tags(Some(tags)).send().await;
        untagged.map(drop).map_err(|error| not_told(refused("ec2:DeleteTags", end, error), end))
    }

    async fn route_tables(&self, end: &End) -> Answer<Vec<RouteTable>> {
        let tables = self.tables(&end.into(), vec![filter("vpc-id", [end.vpc_id.as_str()])]).await?;
        Ok(tables.into_iter().map(|(_, table)| table).collect())
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> Answer<Vec<RouteTable>> {
        let ids: Vec<&str> = ids.iter().map(RouteTableId::as_str).collect();
        let mut tables = Vec::with_capacity(ids.len());
        for some in ids.chunks(FILTER_VALUES) {
            let vpc = filter("vpc-id", [end.vpc_id.as_str()]);
            tables.extend(self.tables(&end.into(), vec![vpc, filter("route-table-id", some.iter().copied())]).await?);
        }
        Ok(tables.into_iter().map(|(_, table)| table).collect())
    }

    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> Answer<BTreeSet<SubnetId>> {
        let client = self.accounts.client(end).await;
        let ids: Vec<&str> = ids.iter().map(SubnetId::as_str).collect();
        let mut subnets = BTreeSet::new();
        for some in ids.chunks(FILTER_VALUES) {
            let filters = vec![filter("vpc-id", [end.vpc_id.as_str()]), filter("subnet-id", some.iter().copied())];
            let pages =
                client.describe_subnets().set_filters(Some(filters)).into_paginator().page_size(PAGE).items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await;
            let found = found.map_err(|error| refused("ec2:DescribeSubnets", end, error))?;
            subnets.extend(found.iter().filter_map(|subnet| parsed(subnet.subnet_id()?)));
        }
        Ok(subnets)
    }

    async fn regions(&self, end: &End) -> Answer<BTreeSet<Region>> {
        let home = self.accounts.home_end(end);
        let found = self.accounts.client(&home).await.describe_regions().all_regions(true).send().await;
        let found = found.map_err(|error| refused("ec2:DescribeRegions", &home, error))?;
        Ok(found.regions().iter().filter_map(|region| parsed(region.region_name()?)).collect())
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> Answer<Connection> {
        let action = "ec2:CreateVpcPeeringConnection";
        let spec = TagSpecification::builder()
            .resource_type(ResourceType::VpcPeeringConnection)
            .set_tags(Some(tag_list(tags)))
            .build();
        let made = self
            .accounts
            .client(requester)
            .await
            .create_vpc_peering_connection()
            .vpc_id(requester.vpc_id.as_str())
            .peer_vpc_id(accepter.vpc_id.as_str())
            .peer_owner_id(accepter.owner_id.as_str())
            .peer_region(accepter.region.as_str())
            .tag_specifications(spec)
            .send()
            .await
            .map_err(|error| refused(action, requester, error))?;
        let connection = made.vpc_peering_connection().and_then(convert::connection);
        connection.ok_or_else(|| no_answer(action, requester, Refusal::Other))
    }

    async fn accept_connection(&self, record: &Record) -> Answer<Connection> {
        let action = "ec2:AcceptVpcPeeringConnection";
        let accepter = &record.accepter;
        let client = self.accounts.client(accepter).await;
        let accepted = client
            .accept_vpc_peering_connection()
            .vpc_peering_connection_id(record.vpc_peering_connection_id.as_str())
            .send()
            .await
            .map_err(|error| refused(action, accepter, error))?;
        let connection = accepted.vpc_peering_connection().and_then(convert::connection);
        connection.ok_or_else(|| no_answer(action, accepter, Refusal::Other))
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<()> {
        let client = self.accounts.client(end).await;
        let deleted = client.delete_vpc_peering_connection().vpc_peering_connection_id(id.as_str()).send().await;
        deleted.map(drop).map_err(|error| refused("ec2:DeleteVpcPeeringConnection", end, error))
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> Answer<()> {
        let client = self.accounts.client(end).await;
        let tagged = client.create_tags().resources(id.as_str()).set_tags(Some(tag_list(tags))).send().await;
        tagged.map(drop).map_err(|error| refused("ec2:CreateTags", end, error))
    }

    async fn allow_dns_resolution(&self, end: &End, record: &Record) -> Answer<()> {
        // Only this one option: the ClassicLink ones are refused since ClassicLink is gone.
        let options = PeeringConnectionOptionsRequest::builder().allow_dns_resolution_from_remote_vpc(true).build();
        let call = self
            .accounts
            .client(end)
            .await
            .modify_vpc_peering_connection_options()
            .vpc_peering_connection_id(record.vpc_peering_connection_id.as_str());
        let call = match *end == record.requester {
            true => call.requester_peering_connection_options(options),
            false => call.accepter_peering_connection_options(options),
        };
        call.send().await.map(drop).map_err(|error| refused("ec2:ModifyVpcPeeringConnectionOptions", end, error))
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> Answer<()> {
        let client = self.accounts.client(end).await;
        let call = client.create_route().route_table_id(table.as_str()).vpc_peering_connection_id(to.as_str());
        let call = match destination {
            IpNet::V4(block) => call.destination_cidr_block(block.to_string()),
            IpNet::V6(block) => call.destination_ipv6_cidr_block(block.to_string()),
        };
        call.send().await.map(drop).map_err(|error| refused("ec2:CreateRoute", end, error))
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> Answer<()> {
        let call = self.accounts.client(end).await.delete_route().route_table_id(table.as_str());
        let call = match destination {
            IpNet::V4(block) => call.destination_cidr_block(block.to_string()),
            IpNet::V6(block) => call.destination_ipv6_cidr_block(block.to_string()),
        };
        call.send().await.map(drop).map_err(|error| refused("ec2:DeleteRoute", end, error))
    }
}

/// Steps go on without a status tag, so this is where somebody can read that one is missing, and why.
fn not_told(refused: Refused, end: &End) -> Refused {
    tracing::warn!(vpc_id = end.vpc_id.as_str(), %refused, "a status could not be written to the VPC's tags");
    refused
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// AWS answered, but without the thing asked for.
fn no_answer(action: &str, end: &End, refusal: Refusal) -> Refused {
    Refused {
        refusal,
        action: action.to_owned(),
        owner_id: end.owner_id.clone(),
        region: end.region.clone(),
        code: "EmptyAnswer".into(),
    }
}
