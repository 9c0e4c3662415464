"""Filters and pages of the Describe calls."""

from collections.abc import Iterator

import pytest

from .cloud import HUB, Cloud, named, refused

REGION = "sa-east-1"
"""Nothing else is made here, so that these tests can count."""


@pytest.fixture(scope="module")
def connection(running_cloud: Cloud) -> Iterator[str]:
    """An active connection, tagged, beside one that waits."""
    cloud = running_cloud
    cloud.control.set(pending_after=0, provisioning_for=0, visible_after=0, requester_visible_after=0)
    vpcs = [cloud.vpc(f"10.22{number}.0.0/16", region=REGION) for number in range(3)]
    cloud.request(vpcs[0], vpcs[2], REGION)
    active = cloud.request(vpcs[0], vpcs[1], REGION)
    cloud.accept(active, REGION)
    cloud.ec2(REGION).create_tags(Resources=[active], Tags=[{"Key": "Name", "Value": "prod[1]*"}])
    yield active


def found(cloud: Cloud, *filters: dict) -> list[str]:
    answer = cloud.ec2(REGION).describe_vpc_peering_connections(Filters=list(filters))
    return [each["VpcPeeringConnectionId"] for each in answer["VpcPeeringConnections"]]


@pytest.mark.parametrize(
    "name, value",
    [
        ("accepter-vpc-info.cidr-block", "10.221.0.0/16"),
        ("status-code", "active"),
        ("status-code", "act*"),
        ("status-code", "activ?"),
        ("status-message", "Active"),
        ("tag:Name", "prod[1]*"),
        ("tag:Name", r"prod[1]\*"),
        ("tag-key", "Name"),
    ],
)
def test_each_filter_finds_the_one_connection(cloud: Cloud, connection: str, name: str, value: str) -> None:
    assert found(cloud, named(name, value)) == [connection]


@pytest.mark.parametrize("side", ["requester", "accepter"])
def test_the_sides_can_be_filtered_by_owner_and_vpc(cloud: Cloud, connection: str, side: str) -> None:
    described = cloud.describe(connection, REGION)
    vpc = described[f"{side.capitalize()}VpcInfo"]["VpcId"]
    assert connection in found(cloud, named(f"{side}-vpc-info.vpc-id", vpc), named(f"{side}-vpc-info.owner-id", HUB))
    assert found(cloud, named(f"{side}-vpc-info.vpc-id", "vpc-0123456789abcdef0")) == []


def test_values_are_alternatives_and_filters_are_conditions(cloud: Cloud, connection: str) -> None:
    either = named("status-code", "active", "pending-acceptance")
    assert len(found(cloud, either)) == 2
    assert found(cloud, either, named("vpc-peering-connection-id", connection)) == [connection]
    assert found(cloud, named("status-code", "pending-acceptance"), named("tag-key", "Name")) == []


def test_a_wildcard_matches_the_whole_value(cloud: Cloud, connection: str) -> None:
    assert found(cloud, named("status-code", "activ")) == []
    assert found(cloud, named("expiration-time", "20*")) != [connection]


def test_an_unknown_filter_is_refused(cloud: Cloud, connection: str) -> None:
    with refused("InvalidParameterValue"):
        found(cloud, named("no-such-filter", "x"))


def test_connections_come_in_pages(cloud: Cloud) -> None:
    region = "ca-central-1"
    vpc = cloud.vpc(region=region)
    made = {cloud.request(vpc, cloud.vpc(region=region), region) for _ in range(7)}
    first = cloud.ec2(region).describe_vpc_peering_connections(MaxResults=5)
    rest = cloud.ec2(region).describe_vpc_peering_connections(MaxResults=5, NextToken=first["NextToken"])
    pages = [first["VpcPeeringConnections"], rest["VpcPeeringConnections"]]
    assert [len(page) for page in pages] == [5, 2]
    assert {each["VpcPeeringConnectionId"] for page in pages for each in page} == made
    assert "NextToken" not in rest


@pytest.mark.parametrize("size", [4, 1001])
def test_pages_have_from_5_to_1000_results(cloud: Cloud, size: int) -> None:
    with refused("InvalidParameterValue"):
        cloud.ec2().describe_vpc_peering_connections(MaxResults=size)


@pytest.mark.parametrize("action, key", [("describe_vpcs", "Vpcs"), ("describe_route_tables", "RouteTables")])
def test_vpcs_and_route_tables_come_in_pages(cloud: Cloud, action: str, key: str) -> None:
    region = "eu-north-1"
    for _ in range(6):
        cloud.vpc(region=region)
    pages = list(cloud.ec2(region).get_paginator(action).paginate(PaginationConfig={"PageSize": 5}))
    assert len(pages) > 1
    assert [len(page[key]) for page in pages[:-1]] == [5] * (len(pages) - 1)
    everything = getattr(cloud.ec2(region), action)()[key]
    assert [each for page in pages for each in page[key]] == everything


def test_vpcs_are_filtered_by_tag_and_block(cloud: Cloud) -> None:
    vpc = cloud.vpc("10.229.0.0/16", Team="blue")
    cloud.vpc(Team="red")
    cloud.ec2().associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.230.0.0/24")
    for name, value in (("tag:Team", "bl*"), ("cidr-block-association.cidr-block", "10.230.0.0/24"), ("vpc-id", vpc)):
        described = cloud.ec2().describe_vpcs(Filters=[named(name, "none", value)])
        assert [each["VpcId"] for each in described["Vpcs"]] == [vpc]


def test_unknown_vpcs_are_not_found(cloud: Cloud) -> None:
    with refused("InvalidVpcID.NotFound"):
        cloud.ec2().describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])


def test_route_tables_are_filtered_by_their_routes(cloud: Cloud) -> None:
    vpc, _, connection = cloud.peering()
    table = cloud.main_table(vpc)
    for destination in ("192.168.0.0/24", "192.168.1.0/24"):
        cloud.ec2().create_route(RouteTableId=table, DestinationCidrBlock=destination, VpcPeeringConnectionId=connection)
    for name, value in (
        ("route.vpc-peering-connection-id", connection),
        ("route.destination-cidr-block", "192.168.1.0/24"),
        ("route.state", "active"),
    ):
        filters = [named("vpc-id", vpc), named(name, "none", value)]
        described = cloud.ec2().describe_route_tables(Filters=filters)["RouteTables"]
        assert [each["RouteTableId"] for each in described] == [table]
