"""An established peering is repaired as far as possible; all or nothing holds for a new one."""

import pytest

from .executions import Machine
from .ledger import Ledger, key
from .network import HERE, NEVER, THERE, Network, Vpc, request
from .sweeping import Sweep, drift
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def peer_by_tag(network: Network, peerings: Peerings, tables: int = 0, **tags: str) -> tuple[Vpc, Vpc, str]:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    for _ in range(tables):
        vpc.table()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", **tags)
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    return vpc, peer, pcx


def route_elsewhere(vpc: Vpc, table: str, block: str) -> str:
    gateway = vpc.internet_gateway()
    vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, GatewayId=gateway)
    return gateway


def test_a_foreign_route_in_one_table_stops_no_repair(
    network: Network, peerings: Peerings, machine: Machine, ledger: Ledger, sweep: Sweep
) -> None:
    """An owner moved one route; the others are repaired, on both sides, and the status says what can't be had."""
    vpc, peer, pcx = peer_by_tag(network, peerings, tables=2)
    moved, lost, _ = vpc.tables()
    for table in (moved, lost):
        vpc.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=PEER_BLOCK)
    peer.ec2.delete_route(RouteTableId=peer.main_table, DestinationCidrBlock=BLOCK)
    gateway = route_elsewhere(vpc, moved, PEER_BLOCK)
    assert drift(sweep(), vpc) == ["Routes"]
    peerings.wait_for_executions(vpc, peer, at_least=2)
    assert {table for table, *_ in vpc.routes_to(pcx)} == set(vpc.tables()) - {moved}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    status = vpc.status(peer)
    assert status.startswith(f"active {pcx} ")
    assert status.endswith(f"; warning: {moved} routes {PEER_BLOCK} to {gateway}, which isn't ours: it was kept"), status
    assert (moved, PEER_BLOCK) not in ledger.routes(vpc, peer)

    output = machine.run(request(vpc, peer)).succeeded().output
    kept = [route for route in output["Routes"] if route["Action"] == "Kept"]
    assert [(route["RouteTableId"], route["DestinationCidrBlock"]) for route in kept] == [(moved, PEER_BLOCK)]
    assert drift(sweep(), vpc) == [] and vpc.status(peer) == status, "the sweep says the same"


def test_a_new_peering_is_all_or_nothing(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    route_elsewhere(vpc, vpc.table(), PEER_BLOCK)
    with network.untouched(vpc, peer):
        machine.run(request(vpc, peer)).failed("RouteConflict")


def test_a_named_table_that_its_owner_deletes_stops_no_repair(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    one, other = vpc.table(), vpc.table()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes=f"{one} {other}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    vpc.ec2.delete_route_table(RouteTableId=other)
    vpc.ec2.delete_route(RouteTableId=one, DestinationCidrBlock=PEER_BLOCK)
    peer.ec2.delete_route(RouteTableId=peer.main_table, DestinationCidrBlock=BLOCK)
    assert drift(sweep(), vpc) == ["Routes"]
    peerings.wait_for_executions(vpc, peer, at_least=2)
    assert vpc.routes_to(pcx) == {(one, PEER_BLOCK, "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    assert f"; warning: {other} is not a route table of that VPC: it was left out" in vpc.status(peer)
    assert drift(sweep(), vpc) == []


@pytest.mark.parametrize("tables", [0, 6])
def test_of_two_requests_for_one_block_one_wins_and_the_other_is_told_why(network: Network, machine: Machine, tables: int) -> None:
    """Both start together and may meet half-way: never do both fail. Where each has written a part, the smaller pair wins."""
    vpc = network.vpc(BLOCK)
    for _ in range(tables):
        vpc.table()
    rivals = [network.vpc(PEER_BLOCK, region=HERE) for _ in range(2)]
    executions = [machine.start(request(vpc, rival)) for rival in rivals]
    ended = [machine.wait(arn) for arn in executions]
    assert sorted(each.status for each in ended) == ["FAILED", "SUCCEEDED"], [each.cause for each in ended]
    [(winner, won)] = [pair for pair in zip(rivals, ended, strict=True) if pair[1].status == "SUCCEEDED"]
    [(loser, lost)] = [pair for pair in zip(rivals, ended, strict=True) if pair[1].status == "FAILED"]
    pcx = won.output["VpcPeeringConnectionId"]
    assert lost.error == "RouteConflict" and pcx in lost.cause["Message"], lost.cause
    assert vpc.routes_to(pcx) == {(table, PEER_BLOCK, "active") for table in vpc.tables()}
    assert [each["VpcPeeringConnectionId"] for each in vpc.connections()] == [pcx]
    assert winner.connections() and not loser.connections()


def test_the_smaller_of_two_pairs_that_meet_half_way_waits(network: Network, machine: Machine) -> None:
    """Both have planned; the larger writes one table first, the smaller the other. Then each finds the other's route."""
    network.control.set(provisioning_for=NEVER)
    vpc = network.vpc(BLOCK)
    one, other = vpc.main_table, vpc.table()
    # By their ids all pairs of this VPC are in the order of their other ends.
    smaller, larger = sorted((network.vpc(PEER_BLOCK) for _ in range(2)), key=lambda each: key(vpc, each))
    executions = {each.id: machine.start(request(vpc, each)) for each in (smaller, larger)}
    for arn in executions.values():
        machine.reaches(arn, "WaitActive")
    delayed = ((larger, other, 6), (smaller, one, 3))
    network.control.plant_faults(
        *(
            {
                "Action": "CreateRoute",
                "DelaySeconds": seconds,
                "Match": {"RouteTableId": table, "VpcPeeringConnectionId": connection_of(each)},
            }
            for each, table, seconds in delayed
        )
    )
    network.control.set(provisioning_for=0)
    network.control.advance(NEVER)
    machine.wait(executions[smaller.id]).succeeded()
    refused = machine.wait(executions[larger.id]).failed("RouteConflict")
    pcx = connection_of(smaller)
    assert refused.cause["Conflicts"][0]["Target"] == pcx and refused.cause["RolledBack"]["RoutesDeleted"] >= 1
    assert vpc.routes_to(pcx) == {(one, PEER_BLOCK, "active"), (other, PEER_BLOCK, "active")}
    assert "RoutesRemaining" in {error for error, _ in machine.failed_tries(executions[smaller.id])}, "it has waited"


def connection_of(vpc: Vpc) -> str:
    [connection] = vpc.connections()
    return str(connection["VpcPeeringConnectionId"])
