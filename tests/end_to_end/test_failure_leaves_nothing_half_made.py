"""A step that fails for good: named, and all that the execution made is gone, while all that it found stays."""

from typing import Any

import pytest

from .executions import Execution, Machine
from .world import HERE, HUB, MEMBER, NEVER, THERE, Vpc, World, request

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
DENIED = {"Code": "UnauthorizedOperation", "HttpStatus": 403}


@pytest.fixture
def pair(world: World) -> tuple[Vpc, Vpc]:
    """Two VPCs, in two Regions and accounts so that every kind of call is needed, with two tables each."""
    vpc, peer = world.vpc(BLOCK, "10.11.0.0/16"), world.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    for end in (vpc, peer):
        end.table()
        end.ec2.modify_vpc_attribute(VpcId=end.id, EnableDnsHostnames={"Value": True})
    return vpc, peer


def fail(world: World, machine: Machine, pair: tuple[Vpc, Vpc], error: str, **fault: Any) -> Execution:
    """Runs with that fault planted; afterwards the tables are what they were and no live connection was added."""
    before = [(vpc.tables(), vpc.connections()) for vpc in pair]
    world.control.plant_faults(fault)
    execution = machine.run(request(*pair, DnsResolution=True)).failed(error)
    assert [(vpc.tables(), vpc.connections()) for vpc in pair] == before
    assert execution.states[-4:] == ["RollBack", "RecordFailure", "AnnounceFailure", "PeeringFailed"]
    assert "LeftBehind" not in execution.cause["RolledBack"], execution.cause
    return execution


@pytest.mark.parametrize(
    ("action", "after_calls", "state", "routes_written"),
    [
        ("DescribeVpcs", 0, "CreateRequest", False),
        ("DescribeVpcs", 1, "CreateRequest", False),
        ("DescribeRouteTables", 1, "CreateRequest", False),
        ("DescribeVpcPeeringConnections", 0, "CreateRequest", False),
        ("CreateVpcPeeringConnection", 0, "CreateRequest", False),
        ("CreateTags", 0, "AcceptInPeerRegion", False),
        ("DescribeVpcPeeringConnections", 1, "AcceptInPeerRegion", False),
        ("AcceptVpcPeeringConnection", 0, "AcceptInPeerRegion", False),
        ("CreateRoute", 0, "UpdateRoutes", None),  # several are written at once, and others may come first
        ("CreateRoute", 5, "UpdateRoutes", True),
        ("ModifyVpcPeeringConnectionOptions", 0, "UpdateRoutes", True),
        ("ModifyVpcPeeringConnectionOptions", 1, "UpdateRoutes", True),
    ],
)
def test_a_refused_call_is_named_and_everything_is_undone(
    world: World,
    machine: Machine,
    pair: tuple[Vpc, Vpc],
    action: str,
    after_calls: int,
    state: str,
    routes_written: bool | None,
) -> None:
    # Only an acceptance that stays premature takes a look, which is the second description of connections.
    is_the_look = (action, state) == ("DescribeVpcPeeringConnections", "AcceptInPeerRegion")
    world.control.set(visible_after=NEVER if is_the_look else 1)
    execution = fail(world, machine, pair, "AccessDenied", Action=action, AfterCalls=after_calls, **DENIED)
    assert execution.states[-5] == state
    cause = execution.cause
    assert cause["Action"] == f"ec2:{action}"
    assert (cause["Region"], cause["OwnerId"]) in [(HERE, HUB), (THERE, MEMBER)]
    made = sorted({c["VpcPeeringConnectionId"] for vpc in pair for c in vpc.connections("deleted")})
    assert len(made) == (state != "CreateRequest"), "what was made is deleted"
    assert cause["RolledBack"].get("ConnectionsDeleted", []) == made
    assert routes_written in (None, cause["RolledBack"]["RoutesDeleted"] > 0)


def test_waiting_that_is_refused_undoes_the_connection(world: World, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    world.control.set(visible_after=0, pending_after=0, provisioning_for=NEVER)
    execution = fail(world, machine, pair, "AccessDenied", Action="DescribeVpcPeeringConnections", AfterCalls=1, **DENIED)
    assert execution.states[-5] == "WaitActive"
    assert len(execution.cause["RolledBack"]["ConnectionsDeleted"]) == 1


def test_a_member_account_that_lets_nobody_in_is_named(world: World, machine: Machine) -> None:
    stranger, vpc = "444444444444", world.vpc(BLOCK)
    world.control.plant_faults(
        {"Action": "AssumeRole", "Code": "AccessDenied", "HttpStatus": 403, "Times": 99}
        | {"Match": {"RoleArn": f"arn:aws:iam::{stranger}:role/isthmus-member"}}
    )
    given = vpc.end() | {"PeerVpcId": "vpc-0123456789abcdef0", "PeerOwnerId": stranger, "PeerRegion": THERE}
    with world.untouched(vpc):
        cause = machine.run(given).failed("AccessDenied").cause
    assert (cause["Action"], cause["OwnerId"], cause["Region"]) == ("sts:AssumeRole", stranger, THERE)


@pytest.mark.parametrize("status", ["pending-acceptance", "active"])
def test_a_connection_made_by_hand_is_left_with_its_routes(
    world: World, machine: Machine, pair: tuple[Vpc, Vpc], status: str
) -> None:
    vpc, peer = pair
    by_hand = world.peered_by_hand(vpc, peer, accept=status == "active")
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK, VpcPeeringConnectionId=by_hand)
    before = vpc.tables(), peer.tables()
    world.control.plant_faults({"Action": "CreateRoute", "AfterCalls": 3, "Times": 9, **DENIED})
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    assert cause["RolledBack"]["RoutesDeleted"] == 3 and "ConnectionsDeleted" not in cause["RolledBack"]
    now = vpc.tables(), peer.tables()
    if status == "active":
        assert now == before
    else:  # accepted meanwhile, so that the route made by hand is no blackhole any more
        assert vpc.routes_to(by_hand) == {(vpc.main_table, PEER_BLOCK, "active")} and now[1] == before[1]
    assert [c["VpcPeeringConnectionId"] for c in vpc.connections("active")] == [by_hand]


def test_a_connection_of_an_earlier_execution_is_left_with_its_routes(
    world: World, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    for end in pair:
        end.table()
    execution = fail(world, machine, pair, "AccessDenied", Action="CreateRoute", AfterCalls=2, **DENIED)
    assert execution.cause["RolledBack"] == {"RoutesDeleted": 2}


def test_a_call_that_fails_for_ever_is_given_up_after_the_machine_s_retries(
    world: World, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    table = pair[0].main_table
    execution = fail(
        world, machine, pair, "ServiceFault",
        Action="CreateRoute", Code="InvalidParameterValue", Times=999, Match={"RouteTableId": table},
    )  # fmt: skip
    assert (execution.cause["Action"], execution.cause["Code"]) == ("ec2:CreateRoute", "InvalidParameterValue")
    assert execution.cause["RolledBack"]["RoutesDeleted"] > 0
    assert len(execution.cause["RolledBack"]["ConnectionsDeleted"]) == 1


def test_what_can_t_be_undone_is_named_beside_the_failure(world: World, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    world.control.plant_faults(
        {"Action": "AcceptVpcPeeringConnection", **DENIED}, {"Action": "DeleteVpcPeeringConnection", **DENIED}
    )
    cause = machine.run(request(*pair)).failed("AccessDenied").cause
    assert cause["Action"] == "ec2:AcceptVpcPeeringConnection", "the first failure, not the second"
    [connection] = pair[0].connections("pending-acceptance")
    [left] = cause["RolledBack"]["LeftBehind"]
    assert connection["VpcPeeringConnectionId"] in left and "UnauthorizedOperation" in left
    assert "ConnectionsDeleted" not in cause["RolledBack"]


def test_what_was_undone_but_answered_as_a_failure_counts_as_undone(world: World, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    before = vpc.tables(), peer.tables()
    crash = {"Code": "InternalError", "HttpStatus": 500, "Effect": "execute-then-fail"}
    world.control.plant_faults(
        {"Action": "CreateRoute", "AfterCalls": 4, **DENIED},
        {"Action": "DeleteRoute", **crash},
        {"Action": "DeleteVpcPeeringConnection", **crash},
    )
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    [deleted] = vpc.connections("deleted")
    assert (vpc.tables(), peer.tables(), vpc.connections()) == (*before, [])
    assert cause["RolledBack"].get("ConnectionsDeleted") == [deleted["VpcPeeringConnectionId"]]
    assert "LeftBehind" not in cause["RolledBack"]


def test_a_roll_back_that_is_throttled_goes_on(world: World, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    """The SDK gives a call four attempts; whatever is throttled longer than that is left to the machine's Retry."""
    world.hurry()
    throttled = {"Action": "DeleteRoute", "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 24}  # six routes
    world.control.plant_faults(throttled)
    with world.calls() as calls:
        execution = fail(world, machine, pair, "AccessDenied", Action="ModifyVpcPeeringConnectionOptions", **DENIED)
    assert sum(call["Error"] == "RequestLimitExceeded" for call in calls.made) == 24
    assert "RoutesRemaining" in {error for error, _ in machine.failed_tries(execution.arn)}
