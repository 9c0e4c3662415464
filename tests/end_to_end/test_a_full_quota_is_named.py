"""Quotas: routes per table before the first write, the others by EC2's own refusal; near one, a warning; nothing is left."""

import pytest

from .executions import Machine
from .world import DEAD, LIVE, THERE, Vpc, World, request

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


def fill(vpc: Vpc, table: str, routes: int) -> None:
    gateway = vpc.internet_gateway()
    for n in range(routes):
        block = f"172.{16 + n // 256}.{n % 256}.0/24"
        vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, GatewayId=gateway)


def test_a_table_without_room_is_named_before_the_first_write_and_one_near_it_is_warned_of(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc(BLOCK), world.vpc(PEER_BLOCK, "2600:1f00:2::/56", region=THERE)
    fill(vpc, vpc.main_table, 499)  # and the local one: 500 of 500
    with world.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer)).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["Limit"], cause["RouteTableId"]) == ("Routes per route table", 500, vpc.main_table)

    only_ipv6 = machine.run(request(vpc, peer, Routes={"Destinations": ["2600:1f00:2::/56"]}, DryRun=True)).succeeded()
    assert only_ipv6.output["Warnings"] == [], "IPv6 routes are counted apart"

    vpc.ec2.delete_route(RouteTableId=vpc.main_table, DestinationCidrBlock="172.16.0.0/24")
    output = machine.run(request(vpc, peer)).succeeded().output
    [warning] = output["Warnings"]
    assert vpc.main_table in warning and "500 of the 500 IPv4 routes" in warning
    assert (vpc.main_table, PEER_BLOCK, "active") in vpc.routes_to(output["VpcPeeringConnectionId"])


@pytest.mark.parametrize("adopted", [False, True], ids=["a new connection", "a connection made by hand"])
def test_a_table_that_ec2_finds_full_is_named_and_its_routes_are_taken_back(world: World, machine: Machine, adopted: bool) -> None:
    vpc, peer = world.vpc(BLOCK), world.vpc(PEER_BLOCK, "10.4.0.0/16", "10.5.0.0/16")
    by_hand = world.peered_by_hand(vpc, peer) if adopted else None
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=vpc.internet_gateway())
    before = vpc.tables(), peer.tables()
    world.control.set(quotas={"routes_per_table": 4})  # room for all four of the peer's, and for four of our five
    cause = machine.run(request(vpc, peer)).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["RouteTableId"]) == ("Routes per route table", vpc.main_table)
    assert cause["Limit"] == 500, "what the stack was told: EC2 doesn't say"
    assert cause["RolledBack"]["RoutesDeleted"] >= 1
    assert (vpc.tables(), peer.tables()) == before
    assert [connection["VpcPeeringConnectionId"] for connection in vpc.connections()] == ([by_hand] if by_hand else [])


@pytest.mark.parametrize("full_end", ["VpcId", "PeerVpcId"])
@pytest.mark.parametrize("swapped", [False, True], ids=["", "swapped"])
def test_a_vpc_with_all_the_peerings_it_may_have_is_named(world: World, machine: Machine, full_end: str, swapped: bool) -> None:
    ends = sorted((world.vpc(BLOCK), world.vpc("10.3.0.0/16")), key=lambda vpc: vpc.id)
    ends = [*reversed(ends)] if swapped else ends
    given = request(*ends)
    full = next(vpc for vpc in ends if vpc.id == given[full_end])
    world.peered_by_hand(full, world.vpc("10.9.0.0/16"))
    world.control.set(quotas={"peerings_per_vpc": 1})
    before = [vpc.tables() for vpc in ends]
    cause = machine.run(given).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["Limit"]) == ("Active VPC peering connections per VPC", 50)
    assert [vpc.tables() for vpc in ends] == before
    assert sum(len(vpc.connections(*LIVE)) for vpc in ends) == 1, "the one that was there"
    assert cause["VpcId"] == full.id


def test_an_account_with_all_the_requests_it_may_have_is_told_so(world: World, machine: Machine) -> None:
    region = "ap-northeast-3"  # where no other test leaves a request behind
    vpc, peer = world.vpc(BLOCK, region=region), world.vpc(PEER_BLOCK, region=region)
    waiting = world.peered_by_hand(world.vpc("10.8.0.0/16", region=region), world.vpc("10.9.0.0/16", region=region), accept=False)
    world.control.set(quotas={"outstanding_requests": 1})
    before = vpc.everything(), peer.everything()
    cause = machine.run(request(vpc, peer)).failed("QuotaExceeded").cause
    assert (cause["Quota"], cause["Limit"]) == ("Outstanding VPC peering connection requests", 25)
    assert cause["VpcId"] in (vpc.id, peer.id)
    assert (vpc.everything(), peer.everything()) == before
    assert vpc.connections(*LIVE, *DEAD) == []
    world.ec2(region).delete_vpc_peering_connection(VpcPeeringConnectionId=waiting)
    machine.run(request(vpc, peer)).succeeded()
