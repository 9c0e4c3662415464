//! From the SDK's types, where every field is optional, to ours. What lacks an id is left out.

use aws_sdk_ec2::types;
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, ConnectionIdentity, DnsSides, End, Status, Vpc};
use isthmus_peering::route_tables::{PrefixListRoute, Route, RouteTable, Target};
use isthmus_peering::tags::Tags;
use std::str::FromStr;

/// A VPC, with every associated block: primary first, then secondary, then IPv6.
pub(crate) fn vpc(vpc: &types::Vpc) -> Vpc {
    let primary = vpc.cidr_block().into_iter();
    let v4 = vpc
        .cidr_block_association_set()
        .iter()
        .filter(|a| is_associated(a.cidr_block_state()))
        .filter_map(|a| a.cidr_block());
    let v6 = vpc
        .ipv6_cidr_block_association_set()
        .iter()
        .filter(|a| is_associated(a.ipv6_cidr_block_state()))
        .filter_map(|a| a.ipv6_cidr_block());
    let mut cidr_blocks: Vec<IpNet> = Vec::new();
    for block in primary.chain(v4).chain(v6).filter_map(parsed) {
        if !cidr_blocks.contains(&block) {
            cidr_blocks.push(block);
        }
    }
    Vpc { cidr_blocks, tags: tags(vpc.tags()) }
}

fn is_associated(state: Option<&types::VpcCidrBlockState>) -> bool {
    use types::VpcCidrBlockStateCode::{Associated, Associating};
    state.and_then(|state| state.state()).is_none_or(|code| matches!(code, Associated | Associating))
}

/// A connection as the asked side sees it.
pub(crate) fn connection(connection: &types::VpcPeeringConnection) -> Option<Connection> {
    let requester = connection.requester_vpc_info()?;
    let accepter = connection.accepter_vpc_info()?;
    let identity = ConnectionIdentity {
        id: parsed(connection.vpc_peering_connection_id()?)?,
        requester: end(requester)?,
        accepter: end(accepter)?,
    };
    let status = connection.status()?;
    Some(Connection {
        identity,
        status: self::status(status.code()?)?,
        status_message: status.message().unwrap_or_default().to_owned(),
        tags: tags(connection.tags()),
        dns_resolution: DnsSides { requester: allows_dns(requester), accepter: allows_dns(accepter) },
        cidr_blocks: [requester, accepter].map(shown_blocks),
        expires_at: connection.expiration_time().map(|time| time.secs()),
    })
}

fn end(info: &types::VpcPeeringConnectionVpcInfo) -> Option<End> {
    Some(End { vpc_id: parsed(info.vpc_id()?)?, region: parsed(info.region()?)?, owner_id: parsed(info.owner_id()?)? })
}

/// The blocks that EC2 shows of a VPC beside its connection.
fn shown_blocks(info: &types::VpcPeeringConnectionVpcInfo) -> Vec<IpNet> {
    let v4 = info.cidr_block_set().iter().filter_map(|block| block.cidr_block());
    let v6 = info.ipv6_cidr_block_set().iter().filter_map(|block| block.ipv6_cidr_block());
    let mut blocks: Vec<IpNet> = Vec::new();
    for block in info.cidr_block().into_iter().chain(v4).chain(v6).filter_map(parsed) {
        if !blocks.contains(&block) {
            blocks.push(block);
        }
    }
    blocks
}

fn allows_dns(info: &types::VpcPeeringConnectionVpcInfo) -> bool {
    info.peering_options().and_then(|options| options.allow_dns_resolution_from_remote_vpc()).unwrap_or(false)
}

fn status(code: &types::VpcPeeringConnectionStateReasonCode) -> Option<Status> {
    use types::VpcPeeringConnectionStateReasonCode as Code;
    Some(match code {
        Code::InitiatingRequest => Status::InitiatingRequest,
        Code::PendingAcceptance => Status::PendingAcceptance,
        Code::Provisioning => Status::Provisioning,
        Code::Active => Status::Active,
        Code::Failed => Status::Failed,
        Code::Expired => Status::Expired,
        Code::Rejected => Status::Rejected,
        Code::Deleting => Status::Deleting,
        Code::Deleted => Status::Deleted,
        _ => return None,
    })
}

/// A route table. Its prefix lists have yet to be read.
pub(crate) fn route_table(table: &types::RouteTable) -> Option<RouteTable> {
    let associations = table.associations();
    Some(RouteTable {
        id: parsed(table.route_table_id()?)?,
        main: associations.iter().any(|association| association.main().unwrap_or(false)),
        edge: associations.iter().any(|association| association.gateway_id().is_some()),
        subnets: associations.iter().filter_map(|association| parsed(association.subnet_id()?)).collect(),
        tags: tags(table.tags()),
        routes: table.routes().iter().filter_map(route).collect(),
        prefix_lists: table.routes().iter().filter_map(prefix_list).collect(),
    })
}

fn prefix_list(route: &types::Route) -> Option<PrefixListRoute> {
    let id = route.destination_prefix_list_id()?.to_owned();
    Some(PrefixListRoute { id, target: target(route), blocks: None, is_v6: false, size: 1 })
}

fn route(route: &types::Route) -> Option<Route> {
    Some(Route {
        destination: parsed(route.destination_cidr_block().or(route.destination_ipv6_cidr_block())?)?,
        target: target(route),
        blackhole: route.state() == Some(&types::RouteState::Blackhole),
        // Routes of a VPC Route Server (`Advertisement`) rank as those of a virtual private gateway.
        // <https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html>
        propagated: route.origin().is_some_and(|origin| {
            *origin == types::RouteOrigin::EnableVgwRoutePropagation || origin.as_str() == "Advertisement"
        }),
    })
}

/// EC2 has one field for each kind of target and fills one of them.
fn target(route: &types::Route) -> Target {
    if let Some(id) = route.vpc_peering_connection_id().and_then(parsed) {
        return Target::Peering(id);
    }
    let others = [
        route.gateway_id(),
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.network_interface_id(),
        route.instance_id(),
        route.egress_only_internet_gateway_id(),
        route.carrier_gateway_id(),
        route.local_gateway_id(),
        route.core_network_arn(),
        route.odb_network_arn(),
    ];
    Target::Other(others.into_iter().flatten().next().unwrap_or("an unknown target").to_owned())
}

/// Tags as a map.
pub(crate) fn tags(tags: &[types::Tag]) -> Tags {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// A name or block in our types, or `None`.
pub(crate) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
