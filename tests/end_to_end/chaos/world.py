"""The VPCs of a run, over three Regions of three accounts, and what somebody else has there."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from end_to_end.chaos.owned import ACCOUNTS, Owned
from end_to_end.network import HERE, THERE, Network, Vpc

REGIONS = (HERE, THERE, "ap-southeast-2")
PLACES = [(region, account) for region in REGIONS for account in ACCOUNTS]
SHARED_BLOCK = "100.64.0.0/16"
"""Several VPCs have it, and advertise only their other blocks: with each other they can't be peered."""
ADOPTED = (0, len(PLACES))
"""Two VPCs of one place that somebody else has connected; tags may ask for that pair too."""
OTHERWISE_CONNECTED = 3
"""It has a connection with a VPC that isn't part of the run."""
ROUTED_TO_THE_INTERNET = 5
EXCLUDED = 4
"""From the beginning to the end."""

Described = dict[str, Any]


@dataclass
class World:
    vpcs: list[Owned]
    bystander: Vpc
    groups: list[str]
    connections: dict[str, set[str]]
    """Those of somebody else: the descriptions of each as JSON, one from each side."""
    routes: dict[str, set[str]] = field(default_factory=dict)
    """Those of somebody else as JSON, by table."""
    table_tags: dict[str, str] = field(default_factory=dict)
    """As JSON, by table."""

    @property
    def ids(self) -> set[str]:
        return {vpc.id for vpc in self.vpcs}


def build(network: Network, count: int, groups: list[str]) -> World:
    vpcs = [_owned(network, number) for number in range(count)]
    one, other = (vpcs[number] for number in ADOPTED)
    bystander = network.vpc("10.250.0.0/16")
    ends = vpcs[OTHERWISE_CONNECTED]
    foreign = [network.peer_manually(one.vpc, other.vpc), network.peer_manually(ends.vpc, bystander)]
    _route(ends.vpc, "10.250.0.0/16", VpcPeeringConnectionId=foreign[1])
    _route(bystander, ends.blocks[0], VpcPeeringConnectionId=foreign[1])
    inside = vpcs[ROUTED_TO_THE_INTERNET].vpc
    gateway = inside.internet_gateway()
    for block in ("0.0.0.0/0", "192.168.7.0/24"):
        _route(inside, block, GatewayId=gateway)
    world = World(vpcs, bystander, groups, descriptions(network, foreign))
    for table in described_tables(network, world):
        world.routes[table["RouteTableId"]] = {as_json(route) for route in without_local_ones(table)}
        world.table_tags[table["RouteTableId"]] = as_json(table["Tags"])
    return world


def _owned(network: Network, number: int) -> Owned:
    region, account = PLACES[number % len(PLACES)]
    blocks = [f"10.{number}.0.0/16", *([SHARED_BLOCK] if number % 7 == 1 else [])]
    vpc = network.vpc_with_dns(*blocks, region=region, account=account, consents=False)
    tables = [vpc.main_table, *([vpc.table(owner="somebody else")] if number % 3 == 0 else [])]
    owned = Owned(vpc, number, tables, blocks, blocks[:1] if len(blocks) > 1 else [], name=f"vpc {number}")
    owned.is_fixed = number in (*ADOPTED, OTHERWISE_CONNECTED)
    owned.is_excluded = number == EXCLUDED
    owned.accepts = {other for other in ACCOUNTS if other != account and number % 2 == 0}
    vpc.ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": key, "Value": value} for key, value in owned.tags().items()])
    return owned


def _route(vpc: Vpc, block: str, **target: str) -> None:
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=block, **target)


def described_connections(network: Network) -> list[Described]:
    """Every connection, as each side's account and Region describes it."""
    return [each for client in _clients(network) for each in _all(client, "describe_vpc_peering_connections")]


def descriptions(network: Network, connections: Iterable[str]) -> dict[str, set[str]]:
    """Of these connections, as JSON."""
    found = [(each["VpcPeeringConnectionId"], as_json(each)) for each in described_connections(network)]
    return {connection: {text for id_, text in found if id_ == connection} for connection in connections}


def described_vpcs(network: Network) -> list[Described]:
    return [each for client in _clients(network) for each in _all(client, "describe_vpcs")]


def described_tables(network: Network, world: World) -> list[Described]:
    vpcs = {*world.ids, world.bystander.id}
    return [table for client in _clients(network) for table in _all(client, "describe_route_tables") if table["VpcId"] in vpcs]


def without_local_ones(table: Described) -> list[Described]:
    """Its routes without those that EC2 writes itself, for each block of the VPC."""
    return [route for route in table["Routes"] if route.get("GatewayId") != "local"]


def as_json(document: Any) -> str:
    return json.dumps(document, sort_keys=True, default=str)


def _clients(network: Network) -> list[Any]:
    return [network.ec2(region, account) for region, account in PLACES]


def _all(client: Any, operation: str) -> list[Described]:
    """All items of a list that has pages. Its answer has one other key, `ResponseMetadata`."""
    found: list[Described] = []
    for page in client.get_paginator(operation).paginate():
        found += next(items for items in page.values() if isinstance(items, list))
    return found
