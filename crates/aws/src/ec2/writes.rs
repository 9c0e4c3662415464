//! What is written.

use crate::call_errors::call_error;
use crate::convert;
use crate::ec2::{Ec2Network, empty_answer};
use aws_sdk_ec2::types::{PeeringConnectionOptionsRequest, ResourceType, Tag, TagSpecification};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, ConnectionIdentity, End};
use isthmus_peering::ids::{RouteTableId, VpcId, VpcPeeringConnectionId};
use isthmus_peering::ports::{CallError, CallErrorKind, CallResult, Location, NetworkWrites};
use isthmus_peering::tags::Tags;
use std::collections::BTreeSet;

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html>, and likewise DeleteTags.
const RESOURCES_PER_CALL: usize = 1000;

impl NetworkWrites for Ec2Network {
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> CallResult<()> {
        let client = self.writer("ec2:CreateTags", end).await?;
        let tagged = client.create_tags().resources(end.vpc_id.as_str()).set_tags(Some(tag_list(tags))).send().await;
        tagged.map(drop).map_err(|error| status_not_written(call_error("ec2:CreateTags", end, error), end))
    }

    async fn tag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, tags: &Tags) -> CallResult<()> {
        let ids: Vec<&VpcId> = ids.iter().collect();
        for some in ids.chunks(RESOURCES_PER_CALL) {
            let Some(end) = some.first().map(|id| at.end((*id).clone())) else { continue };
            let client = self.writer("ec2:CreateTags", &end).await?;
            let resources = some.iter().map(ToString::to_string).collect();
            let call = client.create_tags().set_resources(Some(resources)).set_tags(Some(tag_list(tags)));
            let tagged = call.send().await;
            tagged.map_err(|error| status_not_written(call_error("ec2:CreateTags", &end, error), &end))?;
        }
        Ok(())
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()> {
        let client = self.writer("ec2:DeleteTags", end).await?;
        let tags = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
        let untagged = client.delete_tags().resources(end.vpc_id.as_str()).set_tags(Some(tags)).send().await;
        untagged.map(drop).map_err(|error| status_not_written(call_error("ec2:DeleteTags", end, error), end))
    }

    async fn untag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, keys: &BTreeSet<String>) -> CallResult<()> {
        let ids: Vec<&VpcId> = ids.iter().collect();
        for some in ids.chunks(RESOURCES_PER_CALL) {
            let Some(end) = some.first().map(|id| at.end((*id).clone())) else { continue };
            let client = self.writer("ec2:DeleteTags", &end).await?;
            let resources = some.iter().map(ToString::to_string).collect();
            let tags = keys.iter().map(|key| Tag::builder().key(key).build()).collect();
            let untagged = client.delete_tags().set_resources(Some(resources)).set_tags(Some(tags)).send().await;
            untagged.map_err(|error| status_not_written(call_error("ec2:DeleteTags", &end, error), &end))?;
        }
        Ok(())
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> CallResult<Connection> {
        let action = "ec2:CreateVpcPeeringConnection";
        let spec = TagSpecification::builder()
            .resource_type(ResourceType::VpcPeeringConnection)
            .set_tags(Some(tag_list(tags)))
            .build();
        let made = self
            .writer(action, requester)
            .await?
            .create_vpc_peering_connection()
            .vpc_id(requester.vpc_id.as_str())
            .peer_vpc_id(accepter.vpc_id.as_str())
            .peer_owner_id(accepter.owner_id.as_str())
            .peer_region(accepter.region.as_str())
            .tag_specifications(spec)
            .send()
            .await
            .map_err(|error| call_error(action, requester, error))?;
        let connection = made.vpc_peering_connection().and_then(convert::connection);
        connection.ok_or_else(|| empty_answer(action, requester, CallErrorKind::Other))
    }

    async fn accept_connection(&self, record: &ConnectionIdentity) -> CallResult<Connection> {
        let action = "ec2:AcceptVpcPeeringConnection";
        let accepter = &record.accepter;
        let client = self.writer(action, accepter).await?;
        let accepted = client
            .accept_vpc_peering_connection()
            .vpc_peering_connection_id(record.id.as_str())
            .send()
            .await
            .map_err(|error| call_error(action, accepter, error))?;
        let connection = accepted.vpc_peering_connection().and_then(convert::connection);
        connection.ok_or_else(|| empty_answer(action, accepter, CallErrorKind::Other))
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<()> {
        let client = self.writer("ec2:DeleteVpcPeeringConnection", end).await?;
        let deleted = client.delete_vpc_peering_connection().vpc_peering_connection_id(id.as_str()).send().await;
        deleted.map(drop).map_err(|error| call_error("ec2:DeleteVpcPeeringConnection", end, error))
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()> {
        let client = self.writer("ec2:CreateTags", end).await?;
        let tagged = client.create_tags().resources(id.as_str()).set_tags(Some(tag_list(tags))).send().await;
        tagged.map(drop).map_err(|error| call_error("ec2:CreateTags", end, error))
    }

    async fn allow_dns_resolution(&self, end: &End, record: &ConnectionIdentity) -> CallResult<()> {
        // Only this one option: the ClassicLink ones are refused since ClassicLink is gone.
        let options = PeeringConnectionOptionsRequest::builder().allow_dns_resolution_from_remote_vpc(true).build();
        let call = self
            .writer("ec2:ModifyVpcPeeringConnectionOptions", end)
            .await?
            .modify_vpc_peering_connection_options()
            .vpc_peering_connection_id(record.id.as_str());
        let call = match *end == record.requester {
            true => call.requester_peering_connection_options(options),
            false => call.accepter_peering_connection_options(options),
        };
        call.send().await.map(drop).map_err(|error| call_error("ec2:ModifyVpcPeeringConnectionOptions", end, error))
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> CallResult<()> {
        let client = self.writer("ec2:CreateRoute", end).await?;
        let call = client.create_route().route_table_id(table.as_str()).vpc_peering_connection_id(to.as_str());
        let call = match destination {
            IpNet::V4(block) => call.destination_cidr_block(block.to_string()),
            IpNet::V6(block) => call.destination_ipv6_cidr_block(block.to_string()),
        };
        call.send().await.map(drop).map_err(|error| call_error("ec2:CreateRoute", end, error))
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> CallResult<()> {
        let call = self.writer("ec2:DeleteRoute", end).await?.delete_route().route_table_id(table.as_str());
        let call = match destination {
            IpNet::V4(block) => call.destination_cidr_block(block.to_string()),
            IpNet::V6(block) => call.destination_ipv6_cidr_block(block.to_string()),
        };
        call.send().await.map(drop).map_err(|error| call_error("ec2:DeleteRoute", end, error))
    }
}

/// Steps go on without a status tag, so this is where somebody can read that one is missing, and why.
fn status_not_written(error: CallError, end: &End) -> CallError {
    tracing::warn!(vpc_id = end.vpc_id.as_str(), %error, "a status could not be written to the VPC's tags");
    error
}

fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
