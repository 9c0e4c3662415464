"""Quotas: routes per table are counted before the first write, the others are known from EC2's error. Nothing is left behind."""

import pytest

from .executions import Machine
from .network import THERE, Network, Vpc, request
from .vpc import LIVE

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


def fill(vpc: Vpc, table: str, routes: int) -> None:
    gateway = vpc.internet_gateway()
    for n in range(routes):
        block = f"172.{16 + n // 256}.{n % 256}.0/24"
        vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, GatewayId=gateway)


def test_a_full_table_is_named_before_the_first_write_and_a_nearly_full_one_causes_a_warning(
    network: Network, machine: Machine
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, "2600:1f00:2::/56", region=THERE)
    fill(vpc, vpc.main_table, 499)  # and the local one: 500 of 500
    with network.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer)).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["Limit"], cause["RouteTableId"]) == ("Routes per route table", 500, vpc.main_table)

    only_ipv6 = machine.run(request(vpc, peer, Routes={"Destinations": ["2600:1f00:2::/56"]}, DryRun=True)).succeeded()
    assert only_ipv6.output["Warnings"] == [], "IPv6 routes are counted separately"

    vpc.ec2.delete_route(RouteTableId=vpc.main_table, DestinationCidrBlock="172.16.0.0/24")
    output = machine.run(request(vpc, peer)).succeeded().output
    [warning] = output["Warnings"]
    assert vpc.main_table in warning and "500 of the 500 IPv4 routes" in warning
    assert (vpc.main_table, PEER_BLOCK, "active") in vpc.routes_to(output["VpcPeeringConnectionId"])


@pytest.mark.parametrize("adopted", [False, True], ids=["a new connection", "a connection made manually"])
def test_a_table_that_ec2_reports_as_full_is_named_and_its_routes_are_rolled_back(
    network: Network, machine: Machine, adopted: bool
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, "10.4.0.0/16", "10.5.0.0/16")
    manual = network.peer_manually(vpc, peer) if adopted else None
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=vpc.internet_gateway())
    before = vpc.tables(), peer.tables()
    network.control.set(quotas={"routes_per_table": 4})  # room for all four of the peer's, and for four of our five
    cause = machine.run(request(vpc, peer)).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["RouteTableId"]) == ("Routes per route table", vpc.main_table)
    assert cause["Limit"] == 500, "from the stack's parameter: EC2's error does not contain the limit"
    assert cause["RolledBack"]["RoutesDeleted"] >= 1
    assert (vpc.tables(), peer.tables()) == before
    assert [connection["VpcPeeringConnectionId"] for connection in vpc.connections()] == ([manual] if manual else [])


@pytest.mark.parametrize("full_end", ["VpcId", "PeerVpcId"])
@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
def test_a_vpc_at_its_quota_of_peerings_is_named(network: Network, machine: Machine, full_end: str, swapped: bool) -> None:
    ends = sorted((network.vpc(BLOCK), network.vpc("10.3.0.0/16")), key=lambda vpc: vpc.id)
    ends = [*reversed(ends)] if swapped else ends
    given = request(*ends)
    full = next(vpc for vpc in ends if vpc.id == given[full_end])
    network.peer_manually(full, network.vpc("10.9.0.0/16"))
    network.control.set(quotas={"peerings_per_vpc": 1})
    before = [vpc.tables() for vpc in ends]
    cause = machine.run(given).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["Limit"]) == ("Active VPC peering connections per VPC", 50)
    assert [vpc.tables() for vpc in ends] == before
    assert sum(len(vpc.connections(*LIVE)) for vpc in ends) == 1, "only the one that existed before"
    assert cause["VpcId"] == full.id
