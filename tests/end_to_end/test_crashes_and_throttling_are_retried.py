"""Throttling, lost responses, and functions killed during a call: the machine retries, and the result is the same."""

import os
import signal

import pytest

from .executions import Execution, Machine
from .function_processes import activity
from .network import THERE, Network, Vpc, request, wait_until

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
CRASH = {"Code": "InternalError", "HttpStatus": 500, "Effect": "execute-then-fail"}


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)


def assert_peered(execution: Execution, vpc: Vpc, peer: Vpc) -> None:
    """Exactly one connection was created, it is active, and every route table of both VPCs has a route to it."""
    [connection] = vpc.everything()["connections"]
    assert connection["Status"]["Code"] == "active"
    pcx = connection["VpcPeeringConnectionId"]
    assert execution.output["VpcPeeringConnectionId"] == pcx and execution.output["Created"]
    assert vpc.routes_to(pcx) == {(table, PEER_BLOCK, "active") for table in vpc.tables()}
    assert peer.routes_to(pcx) == {(table, BLOCK, "active") for table in peer.tables()}
    assert execution.actions() == {"Created": len(vpc.tables()) + len(peer.tables())}


@pytest.mark.parametrize(
    "action",
    ["DescribeVpcs", "CreateVpcPeeringConnection", "CreateTags", "AcceptVpcPeeringConnection", "CreateRoute"],
)
def test_a_temporary_throttle_is_retried(network: Network, machine: Machine, pair: tuple[Vpc, Vpc], action: str) -> None:
    fault = {"Action": action, "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 3}
    network.control.plant_faults(fault)
    with network.calls() as calls:
        execution = machine.run(request(*pair)).succeeded()
    assert sum(call["Error"] == "RequestLimitExceeded" for call in calls.made) == 3
    assert_peered(execution, *pair)


@pytest.mark.parametrize("action", ["CreateVpcPeeringConnection", "CreateTags", "AcceptVpcPeeringConnection", "CreateRoute"])
@pytest.mark.parametrize("times", [1, 4], ids=["once", "until the step fails"])
def test_a_call_that_took_effect_but_returned_an_error_is_not_done_twice(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], action: str, times: int
) -> None:
    network.control.plant_faults({"Action": action, "Times": times, **CRASH})
    execution = machine.run(request(*pair)).succeeded()
    assert_peered(execution, *pair)


def test_a_repair_whose_response_was_lost_is_completed(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    former = network.peer_manually(vpc, peer)
    for table in (vpc.main_table, vpc.table()):
        vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock=PEER_BLOCK, VpcPeeringConnectionId=former)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=former)
    network.control.plant_faults({"Action": "DeleteRoute", **CRASH}, {"Action": "CreateRoute", **CRASH})
    execution = machine.run(request(vpc, peer)).succeeded()
    assert execution.actions() == {"Created": 1, "Repaired": 2}
    connection = execution.output["VpcPeeringConnectionId"]
    assert vpc.routes_to(connection) == {(table, PEER_BLOCK, "active") for table in vpc.tables()}
    assert vpc.routes_to(former) == set()


@pytest.mark.parametrize(
    ("function", "action", "after_calls"),
    [
        ("CreateRequest", "CreateVpcPeeringConnection", 0),
        ("AcceptInPeerRegion", "AcceptVpcPeeringConnection", 0),
        ("WaitActive", "DescribeVpcPeeringConnections", 1),
        ("UpdateRoutes", "CreateRoute", 3),
    ],
)
def test_a_function_killed_during_a_call_is_retried_and_finishes(
    network: Network, machine: Machine, environment: dict[str, str], function: str, action: str, after_calls: int
) -> None:
    """The function is killed while EC2 delays its call, which takes effect later all the same."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    for _ in range(3):
        vpc.table(), peer.table()
    network.control.set(pending_after=0, visible_after=0)
    network.control.plant_faults({"Action": action, "AfterCalls": after_calls, "DelaySeconds": 5})
    idle = activity(environment, function)
    arn = machine.start(request(vpc, peer))
    wait_until(lambda: network.control.faults()["Struck"] == 1, "the call has started")
    busy = activity(environment, function)
    os.kill(max(busy, key=lambda process: busy[process] - idle.get(process, 0)), signal.SIGKILL)
    execution = machine.wait(arn).succeeded()
    wait_until(lambda: network.control.faults()["Over"] == 1, "the delayed call has ended too")
    assert_peered(execution, vpc, peer)
    failures = [event["taskFailedEventDetails"]["error"] for event in machine.history(arn) if event["type"] == "TaskFailed"]
    assert [error for error in failures if not error.startswith("Peering")] == ["Runtime.ExitError"]
