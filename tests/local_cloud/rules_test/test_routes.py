"""CreateRoute, DeleteRoute and the state of routes."""

from typing import Any

import pytest

from .cloud import HERE, HUB, UNKNOWN_CONNECTION, Cloud, refused

LATER = 60


def add(cloud: Cloud, table: str, destination: str, connection: str) -> None:
    key = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    cloud.ec2().create_route(RouteTableId=table, VpcPeeringConnectionId=connection, **{key: destination})


def remove(cloud: Cloud, table: str, destination: str) -> None:
    cloud.ec2().delete_route(RouteTableId=table, DestinationCidrBlock=destination)


def virtual_private_gateway(cloud: Cloud) -> str:
    return cloud.ec2().create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]


def plant(cloud: Cloud, table: str, destination: str) -> None:
    cloud.control.plant_propagated_route(HUB, HERE, table, destination, virtual_private_gateway(cloud))


@pytest.fixture
def peering(cloud: Cloud) -> tuple[str, str]:
    """The main table of a peered VPC, 10.240.0.0/16, and the connection."""
    vpc, peer = cloud.vpc("10.240.0.0/16"), cloud.vpc()
    connection = cloud.request(vpc, peer)
    cloud.accept(connection)
    return cloud.main_table(vpc), connection


def test_routes_are_black_holes_until_the_connection_is_active_and_after_it_is_deleted(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc()
    connection = cloud.request(vpc, peer)
    tables = [cloud.main_table(vpc), cloud.main_table(peer)]

    def states() -> list[str]:
        return [cloud.routes(table)["192.168.0.0/16"]["State"] for table in tables]

    for table in tables:
        add(cloud, table, "192.168.0.0/16", connection)
    assert states() == ["blackhole", "blackhole"]
    cloud.accept(connection)
    assert states() == ["active", "active"]
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert states() == ["blackhole", "blackhole"]


def test_deleting_a_vpc_leaves_black_holes_at_its_peer(cloud: Cloud) -> None:
    vpc, peer, connection = cloud.peering()
    table = cloud.main_table(peer)
    add(cloud, table, "192.168.0.0/16", connection)
    cloud.ec2().delete_vpc(VpcId=vpc)
    route = cloud.routes(table)["192.168.0.0/16"]
    assert (route["State"], route["VpcPeeringConnectionId"]) == ("blackhole", connection)


@pytest.mark.parametrize("destination", ["10.250.0.7/24", "2001:db8:9::7/64"])
def test_host_bits_are_masked(cloud: Cloud, peering: tuple[str, str], destination: str) -> None:
    table, connection = peering
    add(cloud, table, destination, connection)
    assert {"10.250.0.7/24": "10.250.0.0/24"}.get(destination, "2001:db8:9::/64") in cloud.routes(table)


def test_the_local_route_cannot_be_replaced(cloud: Cloud, peering: tuple[str, str]) -> None:
    table, connection = peering
    with refused("RouteAlreadyExists"):
        add(cloud, table, "10.240.0.0/16", connection)
    assert cloud.routes(table)["10.240.0.0/16"]["GatewayId"] == "local"


def test_no_part_of_the_vpc_is_routed_to_a_peer(cloud: Cloud, peering: tuple[str, str]) -> None:
    with refused("InvalidParameterValue"):
        add(cloud, peering[0], "10.240.7.0/24", peering[1])


def test_a_route_around_the_vpc_is_allowed(cloud: Cloud, peering: tuple[str, str]) -> None:
    add(cloud, peering[0], "10.0.0.0/8", peering[1])


@pytest.mark.parametrize("destination", ["192.168.0.0/16", "2001:db8:9::/64"])
def test_an_existing_destination_is_refused_even_for_the_same_target(
    cloud: Cloud, peering: tuple[str, str], destination: str
) -> None:
    table, connection = peering
    add(cloud, table, destination, connection)
    with refused("RouteAlreadyExists"):
        add(cloud, table, destination, connection)


def test_an_unknown_connection_is_not_found(cloud: Cloud, peering: tuple[str, str]) -> None:
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        add(cloud, peering[0], "192.168.0.0/16", UNKNOWN_CONNECTION)


def test_a_dead_connection_is_not_found(cloud: Cloud, peering: tuple[str, str]) -> None:
    table, connection = peering
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        add(cloud, table, "192.168.0.0/16", connection)


def test_a_connection_of_other_vpcs_is_refused(cloud: Cloud) -> None:
    _, _, connection = cloud.peering()
    with refused("InvalidParameterValue"):
        add(cloud, cloud.main_table(cloud.vpc()), "192.168.0.0/16", connection)


def test_each_family_has_its_own_quota_and_propagated_routes_do_not_count(cloud: Cloud, peering: tuple[str, str]) -> None:
    table, connection = peering
    cloud.control.set(quotas={"routes_per_table": 2})
    plant(cloud, table, "172.16.0.0/24")
    add(cloud, table, "192.168.0.0/24", connection)
    with refused("RouteLimitExceeded"):
        add(cloud, table, "192.168.1.0/24", connection)
    add(cloud, table, "2001:db8:9::/64", connection)


def test_a_static_route_overrides_a_propagated_one_until_it_is_deleted(cloud: Cloud, peering: tuple[str, str]) -> None:
    table, connection = peering
    plant(cloud, table, "192.168.0.0/16")

    def route() -> dict[str, Any]:
        return cloud.routes(table)["192.168.0.0/16"]

    assert route()["Origin"] == "EnableVgwRoutePropagation"
    assert route()["GatewayId"].startswith("vgw-")
    add(cloud, table, "192.168.0.0/16", connection)
    assert (route()["Origin"], route()["VpcPeeringConnectionId"]) == ("CreateRoute", connection)
    remove(cloud, table, "192.168.0.0/16")
    assert route()["Origin"] == "EnableVgwRoutePropagation"


def test_a_propagated_route_cannot_be_deleted(cloud: Cloud, peering: tuple[str, str]) -> None:
    plant(cloud, peering[0], "192.168.0.0/16")
    with refused("InvalidParameterValue"):
        remove(cloud, peering[0], "192.168.0.0/16")


def test_an_absent_route_is_not_found(cloud: Cloud, peering: tuple[str, str]) -> None:
    with refused("InvalidRoute.NotFound"):
        remove(cloud, peering[0], "192.168.0.0/16")


def test_a_table_can_be_associated_with_a_gateway(cloud: Cloud) -> None:
    ec2, vpc = cloud.ec2(), cloud.vpc()
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateways = [ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"], virtual_private_gateway(cloud)]
    for gateway in gateways:
        ec2.associate_route_table(RouteTableId=table, GatewayId=gateway)
    associations = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"]
    assert [each.get("GatewayId") for each in associations] == gateways


def test_the_route_of_an_unaccepted_connection_is_a_black_hole(cloud: Cloud) -> None:
    cloud.control.set(provisioning_for=LATER)
    vpc, _, connection = cloud.peering()
    table = cloud.main_table(vpc)
    add(cloud, table, "192.168.0.0/16", connection)
    assert cloud.routes(table)["192.168.0.0/16"]["State"] == "blackhole"
    cloud.control.advance(LATER)
    assert cloud.routes(table)["192.168.0.0/16"]["State"] == "active"


def prefix_list(cloud: Cloud, *blocks: str, most: int) -> str:
    entries = [{"Cidr": block} for block in blocks]
    created = cloud.ec2().create_managed_prefix_list(PrefixListName="test", AddressFamily="IPv4", MaxEntries=most, Entries=entries)
    return created["PrefixList"]["PrefixListId"]


def test_a_prefix_list_counts_with_its_maximum_of_entries(cloud: Cloud) -> None:
    vpc = cloud.vpc()
    table, gateway = cloud.main_table(vpc), cloud.ec2().create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    cloud.ec2().attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    for most, may in ((500, False), (499, True)):
        target = {"RouteTableId": table, "DestinationPrefixListId": prefix_list(cloud, "10.9.0.0/16", most=most)}
        if may:
            cloud.ec2().create_route(GatewayId=gateway, **target)
        else:
            with refused("RouteLimitExceeded"):
                cloud.ec2().create_route(GatewayId=gateway, **target)
    peer = cloud.vpc()
    connection = cloud.request(vpc, peer)
    cloud.accept(connection)
    with refused("RouteLimitExceeded"):
        add(cloud, table, "10.99.0.0/16", connection)


def test_a_route_of_a_route_server_is_propagated(cloud: Cloud) -> None:
    table = cloud.main_table(cloud.vpc())
    cloud.control.plant_propagated_route(HUB, HERE, table, "10.77.0.0/16", virtual_private_gateway(cloud), "Advertisement")
    assert cloud.routes(table)["10.77.0.0/16"]["Origin"] == "Advertisement"
