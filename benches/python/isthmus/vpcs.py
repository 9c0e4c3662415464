"""Reads VPCs, connections and route tables, all pages of them."""

from ipaddress import ip_network
from itertools import product
from typing import Any

from botocore.exceptions import ClientError

from isthmus.errors import OverlappingCidrs, VpcNotFound, code_of
from isthmus.stack import ec2

NOT_FOUND = ("InvalidVpcID.NotFound", "InvalidVpcID.Malformed")
ASSOCIATED = ("associated", "associating")
End = dict[str, str]


def blocks_of(end: End) -> list[Any]:
    """The blocks of the VPC: primary, secondary, IPv6."""
    try:
        found = ec2(end).describe_vpcs(VpcIds=[end["VpcId"]])["Vpcs"]
    except ClientError as error:
        if code_of(error) in NOT_FOUND:
            raise VpcNotFound(end) from error
        raise
    own = [vpc for vpc in found if vpc.get("OwnerId", end["OwnerId"]) == end["OwnerId"]]
    if not own:  # a VPC that another account shares is visible, but can not be peered
        raise VpcNotFound(end)
    v4 = [
        association["CidrBlock"]
        for association in own[0].get("CidrBlockAssociationSet", [])
        if association["CidrBlockState"]["State"] in ASSOCIATED
    ]
    v6 = [
        association["Ipv6CidrBlock"]
        for association in own[0].get("Ipv6CidrBlockAssociationSet", [])
        if association["Ipv6CidrBlockState"]["State"] in ASSOCIATED
    ]
    return [ip_network(block) for block in dict.fromkeys([own[0]["CidrBlock"], *v4, *v6])]


def overlaps(blocks: list[Any], peer_blocks: list[Any]) -> list[tuple[Any, Any]]:
    pairs = product(blocks, peer_blocks)
    return [(block, peer) for block, peer in pairs if block.version == peer.version and block.overlaps(peer)]


def refuse_overlaps(blocks: list[Any], peer_blocks: list[Any], **fields: Any) -> None:
    if found := overlaps(blocks, peer_blocks):
        raise OverlappingCidrs(found, **fields)


def connections(end: End, **filters: list[str]) -> list[dict[str, Any]]:
    """`requester_vpc_info__vpc_id=[…]` filters by `requester-vpc-info.vpc-id`."""
    by = [{"Name": name.replace("__", ".").replace("_", "-"), "Values": values} for name, values in filters.items()]
    pages = ec2(end).get_paginator("describe_vpc_peering_connections").paginate(Filters=by)
    return [connection for page in pages for connection in page["VpcPeeringConnections"]]


def connection(end: End, pcx: str) -> dict[str, Any] | None:
    return next(iter(connections(end, vpc_peering_connection_id=[pcx])), None)


def route_tables(end: End, ids: list[str] | None = None) -> list[dict[str, Any]]:
    """The VPC's route tables, or those of these ids; at most 200 ids go into one filter."""
    batches = [[]] if ids is None else [ids[start : start + 200] for start in range(0, len(ids), 200)]
    tables = []
    for batch in batches:
        filters = [{"Name": "vpc-id", "Values": [end["VpcId"]]}]
        if batch:
            filters.append({"Name": "route-table-id", "Values": batch})
        pages = ec2(end).get_paginator("describe_route_tables").paginate(Filters=filters, PaginationConfig={"PageSize": 100})
        tables += [table for page in pages for table in page["RouteTables"]]
    return tables


def destination_of(route: dict[str, Any]) -> Any:
    """The destination of a route; None for a prefix list."""
    text = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
    return text and ip_network(text)


def target_of(route: dict[str, Any]) -> str:
    kinds = ("VpcPeeringConnectionId", "GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId",
             "EgressOnlyInternetGatewayId", "CarrierGatewayId", "LocalGatewayId", "CoreNetworkArn", "OdbNetworkArn")  # fmt: skip
    return next((route[kind] for kind in kinds if route.get(kind)), "an unknown target")
