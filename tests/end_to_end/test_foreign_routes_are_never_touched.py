"""Foreign routes are conflicts and are left unchanged. Only a route to a connection that no longer exists is repaired."""

from collections.abc import Callable
from typing import Any

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request
from .vpc import LIVE

REFUSED = ["CreateRequest", "RollBack", "RecordFailure", "PublishFailure", "ChooseEnding", "PeeringFailed"]
PEER_BLOCK = "10.2.0.0/16"


def route(vpc: Vpc, table: str, destination: str, **target: str) -> None:
    key = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    vpc.ec2.create_route(RouteTableId=table, **{key: destination}, **target)


def routes_of(vpc: Vpc, table: str, destination: str) -> list[dict[str, Any]]:
    return [r for r in vpc.tables()[table] if destination in (r.get("DestinationCidrBlock"), r.get("DestinationIpv6CidrBlock"))]


def conflict(table: str, destination: str, target: str) -> dict[str, str]:
    return {"RouteTableId": table, "DestinationCidrBlock": destination, "Target": target}


def to_gateway(network: Network, vpc: Vpc) -> dict[str, str]:
    return {"GatewayId": vpc.internet_gateway()}


def to_interface(network: Network, vpc: Vpc) -> dict[str, str]:
    subnet = vpc.subnet("10.1.1.0/24")
    made = vpc.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    return {"NetworkInterfaceId": made["NetworkInterfaceId"]}


def to_nat(network: Network, vpc: Vpc) -> dict[str, str]:
    address = vpc.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = vpc.ec2.create_nat_gateway(SubnetId=vpc.subnet("10.1.1.0/24"), AllocationId=address)["NatGateway"]
    return {"NatGatewayId": made["NatGatewayId"]}


def to_active_peering(network: Network, vpc: Vpc) -> dict[str, str]:
    return {"VpcPeeringConnectionId": network.peer_manually(vpc, network.vpc("10.3.0.0/16"))}


def to_pending_peering(network: Network, vpc: Vpc) -> dict[str, str]:
    """A route to it is a blackhole until it is accepted, but it is in use."""
    return {"VpcPeeringConnectionId": network.peer_manually(vpc, network.vpc("10.3.0.0/16"), accept=False)}


@pytest.mark.parametrize("target", [to_gateway, to_interface, to_nat, to_active_peering, to_pending_peering])
@pytest.mark.parametrize("adopted", [False, True], ids=["", "with a connection made manually"])
def test_a_route_to_another_target_is_a_conflict_found_before_the_first_write(
    network: Network, machine: Machine, target: Callable[[Network, Vpc], dict[str, str]], adopted: bool
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK, region=THERE)
    if adopted:
        network.peer_manually(vpc, peer)
    table, to = vpc.table(), target(network, vpc)
    route(vpc, table, PEER_BLOCK, **to)
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer)).failed("RouteConflict")
        swapped = machine.run(request(peer, vpc)).failed("RouteConflict")
    assert execution.states == swapped.states == REFUSED
    [foreign] = to.values()
    assert execution.cause["Conflicts"] == swapped.cause["Conflicts"] == [conflict(table, PEER_BLOCK, foreign)]
    for text in (table, PEER_BLOCK, foreign):
        assert text in execution.cause["Message"]


def test_every_conflict_of_both_sides_is_named(network: Network, machine: Machine) -> None:
    vpc = network.vpc("10.1.0.0/16", "2600:1f00:1::/56")
    peer = network.vpc(PEER_BLOCK, "10.4.0.0/16", "2600:1f00:2::/56", region=THERE, account=MEMBER)
    gateway, peer_gateway, table = vpc.internet_gateway(), peer.internet_gateway(), vpc.table()
    expected = [
        (vpc, vpc.main_table, PEER_BLOCK, gateway),
        (vpc, table, "10.4.0.0/16", gateway),
        (vpc, table, "2600:1f00:2::/56", gateway),
        (peer, peer.main_table, "10.1.0.0/16", peer_gateway),
        (peer, peer.main_table, "2600:1f00:1::/56", peer_gateway),
    ]
    for owner, where, destination, target in expected:
        route(owner, where, destination, GatewayId=target)
    with network.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer)).failed("RouteConflict").cause
    named = sorted(tuple(each.values()) for each in cause["Conflicts"])
    assert named == sorted((where, destination, target) for _, where, destination, target in expected)
    assert vpc.everything()["connections"] == []


def test_a_route_to_another_target_in_a_table_that_is_not_selected_is_no_conflict(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK)
    table = vpc.table()
    route(vpc, table, PEER_BLOCK, GatewayId=vpc.internet_gateway())
    before = vpc.tables()[table]
    output = machine.run(request(vpc, peer, Routes={"Tables": "main"})).succeeded().output
    assert vpc.routes_to(output["VpcPeeringConnectionId"]) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert vpc.tables()[table] == before


@pytest.mark.parametrize("forgotten", [False, True], ids=["still described", "no longer described"])
@pytest.mark.parametrize("same_pair", [False, True], ids=["of another VPC", "of the same pair"])
def test_a_blackhole_to_a_connection_that_no_longer_exists_is_repaired(
    network: Network, machine: Machine, forgotten: bool, same_pair: bool
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK)
    former = network.peer_manually(vpc, peer if same_pair else network.vpc("10.3.0.0/16"))
    table = vpc.table()
    for each in (vpc.main_table, table):
        route(vpc, each, PEER_BLOCK, VpcPeeringConnectionId=former)
    route(vpc, table, "10.9.0.0/16", VpcPeeringConnectionId=former)  # not requested, so not repaired
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=former)
    if forgotten:
        network.control.advance(3 * 24 * 3600)
    assert len(vpc.routes_to(former)) == 3

    planned = machine.run(request(vpc, peer, DryRun=True)).succeeded()
    execution = machine.run(request(vpc, peer)).succeeded()

    connection = execution.output["VpcPeeringConnectionId"]
    assert planned.actions() == execution.actions() == {"Created": 1, "Repaired": 2}
    assert vpc.routes_to(connection) == {(vpc.main_table, PEER_BLOCK, "active"), (table, PEER_BLOCK, "active")}
    assert vpc.routes_to(former) == {(table, "10.9.0.0/16", "blackhole")}


def test_a_route_created_during_an_execution_is_a_conflict_and_everything_is_rolled_back(
    network: Network, machine: Machine
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK, region=THERE)
    tables = [vpc.main_table, vpc.table(), vpc.table()]
    gateway, peer_tables = vpc.internet_gateway(), peer.tables()
    network.control.set(provisioning_for=NEVER)
    arn = machine.start(request(vpc, peer))
    machine.reaches(arn, "WaitActive")
    route(vpc, tables[1], PEER_BLOCK, GatewayId=gateway)
    before = vpc.tables()
    network.control.advance(NEVER)
    execution = machine.wait(arn).failed("RouteConflict")
    assert execution.states[-6:] == ["UpdateRoutes", "RollBack", "RecordFailure", "PublishFailure", "ChooseEnding", "PeeringFailed"]
    assert execution.cause["Conflicts"] == [conflict(tables[1], PEER_BLOCK, gateway)]
    assert vpc.tables() == before and peer.tables() == peer_tables
    assert vpc.connections(*LIVE) == []
    [deleted] = vpc.connections("deleted")
    assert execution.cause["RolledBack"]["ConnectionsDeleted"] == [deleted["VpcPeeringConnectionId"]]


@pytest.mark.parametrize("target", [to_gateway, to_active_peering, to_pending_peering])
def test_a_route_that_replaces_a_blackhole_before_it_is_repaired_is_left_unchanged(
    network: Network, machine: Machine, target: Callable[[Network, Vpc], dict[str, str]]
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK)
    former, to = network.peer_manually(vpc, network.vpc("10.4.0.0/16")), target(network, vpc)
    route(vpc, vpc.main_table, PEER_BLOCK, VpcPeeringConnectionId=former)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=former)
    network.control.set(provisioning_for=NEVER)
    arn = machine.start(request(vpc, peer))
    machine.reaches(arn, "WaitActive")
    vpc.ec2.replace_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK, **to)
    before = vpc.tables()
    network.control.advance(NEVER)
    cause = machine.wait(arn).failed("RouteConflict").cause
    assert cause["Conflicts"] == [conflict(vpc.main_table, PEER_BLOCK, *to.values())]
    assert vpc.tables() == before


def test_a_more_specific_route_is_left_and_causes_a_warning(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK)
    gateway = vpc.internet_gateway()
    route(vpc, vpc.main_table, "10.2.5.0/24", GatewayId=gateway)
    route(vpc, vpc.main_table, "0.0.0.0/0", GatewayId=gateway)  # less specific: no warning
    foreign = routes_of(vpc, vpc.main_table, "10.2.5.0/24")
    execution = machine.run(request(vpc, peer)).succeeded()
    [warning] = execution.output["Warnings"]
    for text in (vpc.main_table, "10.2.5.0/24", gateway, PEER_BLOCK):
        assert text in warning
    assert routes_of(vpc, vpc.main_table, "10.2.5.0/24") == foreign
    assert vpc.routes_to(execution.output["VpcPeeringConnectionId"]) == {(vpc.main_table, PEER_BLOCK, "active")}


def test_a_propagated_route_is_overridden_with_a_warning(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc(PEER_BLOCK)
    network.control.plant_propagated_route(HUB, HERE, vpc.main_table, PEER_BLOCK, "vgw-0123456789abcdef0")
    planned = machine.run(request(vpc, peer, DryRun=True)).succeeded()
    execution = machine.run(request(vpc, peer)).succeeded()
    [warning] = execution.output["Warnings"]
    for text in (vpc.main_table, PEER_BLOCK, "vgw-0123456789abcdef0"):
        assert text in warning
    assert planned.output["Warnings"] == [warning]
    assert execution.actions() == {"Created": 2}
    assert vpc.routes_to(execution.output["VpcPeeringConnectionId"]) == {(vpc.main_table, PEER_BLOCK, "active")}
