"""Throttling, answers that never came, and functions killed half-way: the machine tries again, and the end is the same."""

import os
import signal
from pathlib import Path

import pytest

from .executions import Execution, Machine
from .world import THERE, Vpc, World, request, wait_until

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
CRASH = {"Code": "InternalError", "HttpStatus": 500, "Effect": "execute-then-fail"}


@pytest.fixture
def pair(world: World) -> tuple[Vpc, Vpc]:
    return world.vpc(BLOCK), world.vpc(PEER_BLOCK, region=THERE)


def in_order(execution: Execution, vpc: Vpc, peer: Vpc) -> None:
    """One connection was ever made, it is active, and every table of both sides routes to it."""
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
def test_a_throttle_that_passes_is_survived(world: World, machine: Machine, pair: tuple[Vpc, Vpc], action: str) -> None:
    fault = {"Action": action, "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 3}
    world.control.plant_faults(fault)
    with world.calls() as calls:
        execution = machine.run(request(*pair)).succeeded()
    assert sum(call["Error"] == "RequestLimitExceeded" for call in calls.made) == 3
    in_order(execution, *pair)


@pytest.mark.parametrize("action", ["CreateVpcPeeringConnection", "CreateTags", "AcceptVpcPeeringConnection", "CreateRoute"])
@pytest.mark.parametrize("times", [1, 4], ids=["once", "until the step gives up"])
def test_what_was_carried_out_but_answered_as_a_failure_is_not_done_twice(
    world: World, machine: Machine, pair: tuple[Vpc, Vpc], action: str, times: int
) -> None:
    world.control.plant_faults({"Action": action, "Times": times, **CRASH})
    execution = machine.run(request(*pair)).succeeded()
    in_order(execution, *pair)


def test_a_repair_that_lost_its_answer_goes_on(world: World, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    dead = world.peered_by_hand(vpc, peer)
    for table in (vpc.main_table, vpc.table()):
        vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock=PEER_BLOCK, VpcPeeringConnectionId=dead)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=dead)
    world.control.plant_faults({"Action": "DeleteRoute", **CRASH}, {"Action": "CreateRoute", **CRASH})
    execution = machine.run(request(vpc, peer)).succeeded()
    assert execution.actions() == {"Created": 1, "Repaired": 2}
    connection = execution.output["VpcPeeringConnectionId"]
    assert vpc.routes_to(connection) == {(table, PEER_BLOCK, "active") for table in vpc.tables()}
    assert vpc.routes_to(dead) == set()


def activity(environment: dict[str, str], function: str) -> dict[int, int]:
    """That function's processes in this local cloud, and how often each has had something to do."""
    mine = f"AWS_ENDPOINT_URL_EC2={environment['AWS_ENDPOINT_URL_EC2']}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            status = (process / "status").read_text()
        except OSError:
            continue  # it ended, or is another user's
        names = [v.partition(b"=")[2].decode() for v in variables if v.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
        if mine in variables and any(function in name for name in names):
            found[int(process.name)] = int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])
    return found


@pytest.mark.parametrize(
    ("function", "action", "after_calls"),
    [
        ("CreateRequest", "CreateVpcPeeringConnection", 0),
        ("AcceptInPeerRegion", "AcceptVpcPeeringConnection", 0),
        ("WaitActive", "DescribeVpcPeeringConnections", 1),
        ("UpdateRoutes", "CreateRoute", 3),
    ],
)
def test_a_function_killed_half_way_is_run_again_and_finishes(
    world: World, machine: Machine, environment: dict[str, str], function: str, action: str, after_calls: int
) -> None:
    """Killed while EC2 is slow to carry out its call, which it does all the same in the end."""
    vpc, peer = world.vpc(BLOCK), world.vpc(PEER_BLOCK, region=THERE)
    for _ in range(3):
        vpc.table(), peer.table()
    world.control.set(pending_after=0, visible_after=0)
    world.control.plant_faults({"Action": action, "AfterCalls": after_calls, "DelaySeconds": 5})
    idle = activity(environment, function)
    arn = machine.start(request(vpc, peer))
    wait_until(lambda: world.control.faults()["Struck"] == 1, "the call is under way")
    busy = activity(environment, function)
    os.kill(max(busy, key=lambda process: busy[process] - idle.get(process, 0)), signal.SIGKILL)
    execution = machine.wait(arn).succeeded()
    wait_until(lambda: world.control.faults()["Over"] == 1, "the slow call is over, too")
    in_order(execution, vpc, peer)
    failures = [event["taskFailedEventDetails"]["error"] for event in machine.history(arn) if event["type"] == "TaskFailed"]
    assert [error for error in failures if not error.startswith("Peering")] == ["Runtime.ExitError"]
