"""A permanent failure of a step: the execution names it and deletes what it created, and nothing that existed before."""

from typing import Any

import pytest

from .executions import Execution, Machine
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
DENIED = {"Code": "UnauthorizedOperation", "HttpStatus": 403}


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    """Two VPCs with two tables each, in two Regions and accounts, so that every kind of call is needed."""
    vpc, peer = network.vpc(BLOCK, "10.11.0.0/16"), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    for end in (vpc, peer):
        end.table()
        end.ec2.modify_vpc_attribute(VpcId=end.id, EnableDnsHostnames={"Value": True})
    return vpc, peer


def fail(network: Network, machine: Machine, pair: tuple[Vpc, Vpc], error: str, **fault: Any) -> Execution:
    """Runs with that fault, and asserts that afterwards the tables are unchanged and no live connection was added."""
    before = [(vpc.tables(), vpc.connections()) for vpc in pair]
    network.control.plant_faults(fault)
    execution = machine.run(request(*pair, DnsResolution=True)).failed(error)
    assert [(vpc.tables(), vpc.connections()) for vpc in pair] == before
    assert execution.states[-5:] == ["RollBack", "RecordFailure", "PublishFailure", "ChooseEnding", "PeeringFailed"]
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
def test_a_refused_call_is_named_and_everything_is_rolled_back(
    network: Network,
    machine: Machine,
    pair: tuple[Vpc, Vpc],
    action: str,
    after_calls: int,
    state: str,
    routes_written: bool | None,
) -> None:
    # Only after several premature calls does AcceptInPeerRegion describe the connection, the second time in an execution.
    never_accepted = (action, state) == ("DescribeVpcPeeringConnections", "AcceptInPeerRegion")
    network.control.set(visible_after=NEVER if never_accepted else 1)
    # A refusal while the connection isn't visible there is tried again.
    times = 9 if action == "CreateTags" else 1
    execution = fail(network, machine, pair, "AccessDenied", Action=action, AfterCalls=after_calls, Times=times, **DENIED)
    assert execution.states[-6] == state
    cause = execution.cause
    assert cause["Action"] == f"ec2:{action}"
    assert (cause["Region"], cause["OwnerId"]) in [(HERE, HUB), (THERE, MEMBER)]
    made = sorted({c["VpcPeeringConnectionId"] for vpc in pair for c in vpc.connections("deleted")})
    assert len(made) == (state != "CreateRequest"), "the connection is deleted if it was created"
    assert cause["RolledBack"].get("ConnectionsDeleted", []) == made
    assert routes_written in (None, cause["RolledBack"]["RoutesDeleted"] > 0)


def test_a_refused_call_while_waiting_deletes_the_connection(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    network.control.set(visible_after=0, pending_after=0, provisioning_for=NEVER)
    execution = fail(network, machine, pair, "AccessDenied", Action="DescribeVpcPeeringConnections", AfterCalls=1, **DENIED)
    assert execution.states[-6] == "WaitActive"
    assert len(execution.cause["RolledBack"]["ConnectionsDeleted"]) == 1


def test_a_member_account_that_denies_access_is_named(network: Network, machine: Machine) -> None:
    member, vpc = "333333333333", network.vpc(BLOCK)
    network.control.plant_faults(
        {"Action": "AssumeRole", "Code": "AccessDenied", "HttpStatus": 403, "Times": 99}
        | {"Match": {"RoleArn": f"arn:aws:iam::{member}:role/isthmus-member"}}
    )
    given = vpc.end() | {"PeerVpcId": "vpc-0123456789abcdef0", "PeerOwnerId": member, "PeerRegion": THERE}
    with network.untouched(vpc):
        cause = machine.run(given).failed("AccessDenied").cause
    assert (cause["Action"], cause["OwnerId"], cause["Region"]) == ("sts:AssumeRole", member, THERE)


@pytest.mark.parametrize("status", ["pending-acceptance", "active"])
def test_a_connection_made_manually_is_kept_with_its_routes(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], status: str
) -> None:
    vpc, peer = pair
    manual = network.peer_manually(vpc, peer, accept=status == "active")
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK, VpcPeeringConnectionId=manual)
    before = vpc.tables(), peer.tables()
    network.control.plant_faults({"Action": "CreateRoute", "AfterCalls": 3, "Times": 9, **DENIED})
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    assert cause["RolledBack"]["RoutesDeleted"] == 3 and "ConnectionsDeleted" not in cause["RolledBack"]
    now = vpc.tables(), peer.tables()
    if status == "active":
        assert now == before
    else:  # the execution accepted it, so the manual route is active now
        assert vpc.routes_to(manual) == {(vpc.main_table, PEER_BLOCK, "active")} and now[1] == before[1]
    assert [c["VpcPeeringConnectionId"] for c in vpc.connections("active")] == [manual]


def test_a_connection_of_an_earlier_execution_is_kept_with_its_routes(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    for end in pair:
        end.table()
    execution = fail(network, machine, pair, "AccessDenied", Action="CreateRoute", AfterCalls=2, **DENIED)
    assert execution.cause["RolledBack"] == {"RoutesDeleted": 2}


@pytest.mark.parametrize(
    ("error", "code", "http_status"),
    [("RefusedByAws", "InvalidParameterValue", 400), ("ServiceFault", "InternalError", 500)],
)
def test_a_call_that_always_fails_ends_the_execution(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], error: str, code: str, http_status: int
) -> None:
    """At once where AWS refuses for good; after the machine's retries where AWS fails."""
    table = pair[0].main_table
    execution = fail(
        network, machine, pair, error,
        Action="CreateRoute", Code=code, HttpStatus=http_status, Times=999, Match={"RouteTableId": table},
    )  # fmt: skip
    assert (execution.cause["Action"], execution.cause["Code"]) == ("ec2:CreateRoute", code)
    assert execution.cause["RolledBack"]["RoutesDeleted"] > 0
    assert len(execution.cause["RolledBack"]["ConnectionsDeleted"]) == 1


def test_what_can_t_be_rolled_back_is_named_in_the_cause(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    network.control.plant_faults(
        {"Action": "AcceptVpcPeeringConnection", **DENIED}, {"Action": "DeleteVpcPeeringConnection", **DENIED}
    )
    cause = machine.run(request(*pair)).failed("AccessDenied").cause
    assert cause["Action"] == "ec2:AcceptVpcPeeringConnection", "the original failure, not that of the roll-back"
    [connection] = pair[0].connections("pending-acceptance")
    [left] = cause["RolledBack"]["LeftBehind"]
    assert connection["VpcPeeringConnectionId"] in left and "UnauthorizedOperation" in left
    assert "ConnectionsDeleted" not in cause["RolledBack"]


def test_a_roll_back_call_that_took_effect_but_returned_an_error_counts_as_done(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    before = vpc.tables(), peer.tables()
    crash = {"Code": "InternalError", "HttpStatus": 500, "Effect": "execute-then-fail"}
    network.control.plant_faults(
        {"Action": "CreateRoute", "AfterCalls": 4, **DENIED},
        {"Action": "DeleteRoute", **crash},
        {"Action": "DeleteVpcPeeringConnection", **crash},
    )
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    [deleted] = vpc.connections("deleted")
    assert (vpc.tables(), peer.tables(), vpc.connections()) == (*before, [])
    assert cause["RolledBack"].get("ConnectionsDeleted") == [deleted["VpcPeeringConnectionId"]]
    assert "LeftBehind" not in cause["RolledBack"]


def test_a_throttled_roll_back_is_continued(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    """The SDK makes six attempts a call; after that the machine's Retry calls the function again."""
    network.remove_delays()
    throttled = {"Action": "DeleteRoute", "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 36}  # six routes
    network.control.plant_faults(throttled)
    with network.calls() as calls:
        execution = fail(network, machine, pair, "AccessDenied", Action="ModifyVpcPeeringConnectionOptions", **DENIED)
    assert sum(call["Error"] == "RequestLimitExceeded" for call in calls.made) == 36
    assert {"RoutesRemaining", "Throttled"} & {error for error, _ in machine.failed_tries(execution.arn)}
