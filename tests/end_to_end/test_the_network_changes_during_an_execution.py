"""Changes by others during an execution: it fails soon, with an error of its own for each case, and is rolled back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import REPOSITORY
from .executions import Execution, Machine
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
FAILED = ["RollBack", "RecordFailure", "PublishFailure", "ChooseEnding", "PeeringFailed"]


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)


def described(pair: tuple[Vpc, Vpc], *statuses: str) -> list[dict[str, Any]]:
    """The pair's connections in those statuses, as shown to the requester: the accepter may not see them yet."""
    return max((vpc.connections(*statuses) for vpc in pair), key=len)


def only_connection(pair: tuple[Vpc, Vpc]) -> str:
    wait_until(lambda: bool(described(pair)), "the connection is created")
    [connection] = described(pair)
    return connection["VpcPeeringConnectionId"]


def while_it_is_provisioned(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> tuple[str, str]:
    """An execution that waits in WaitActive, and its connection."""
    network.control.set(provisioning_for=NEVER)
    arn = machine.start(request(*pair))
    machine.reaches(arn, "WaitActive")
    return arn, only_connection(pair)


def before_it_is_accepted(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> tuple[str, str]:
    """An execution that waits in AcceptInPeerRegion until its connection is visible there."""
    network.control.set(visible_after=NEVER)
    arn = machine.start(request(*pair))
    machine.reaches(arn, "AcceptInPeerRegion")
    return arn, only_connection(pair)


def while_it_is_accepted(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> tuple[str, str]:
    """An execution whose AcceptVpcPeeringConnection takes EC2 some seconds."""
    network.control.set(visible_after=0, pending_after=0)
    network.control.plant_faults({"Action": "AcceptVpcPeeringConnection", "DelaySeconds": 5})
    arn = machine.start(request(*pair))
    wait_until(lambda: network.control.faults()["Struck"] == 1, "the call to accept it has started")
    return arn, only_connection(pair)


def while_routes_are_written(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> tuple[str, str]:
    """An execution that has written one route and needs some seconds for the next."""
    network.control.plant_faults({"Action": "CreateRoute", "AfterCalls": 1, "Times": 9, "DelaySeconds": 5})
    arn = machine.start(request(*pair))
    machine.reaches(arn, "UpdateRoutes")
    connection = only_connection(pair)
    wait_until(lambda: any(vpc.routes_to(connection) for vpc in pair), "one route is written")
    return arn, connection


def assert_ended(machine: Machine, arn: str, error: str, connection: str) -> Execution:
    execution = machine.wait(arn).failed(error)
    assert execution.cause["VpcPeeringConnectionId"] == connection
    assert execution.states[-5:] == FAILED
    return execution


@pytest.mark.parametrize("moment", [before_it_is_accepted, while_it_is_accepted, while_it_is_provisioned])
def test_a_connection_deleted_by_its_requester_ends_in_peering_deleted(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], moment: Callable[..., tuple[str, str]]
) -> None:
    arn, connection = moment(network, machine, pair)
    before = [vpc.tables() for vpc in pair]
    requester = described(pair)[0]["RequesterVpcInfo"]["Region"]
    network.ec2(requester).delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    execution = assert_ended(machine, arn, "PeeringDeleted", connection)
    assert execution.cause["StatusMessage"] == f"Deleted by {HUB}"
    assert [vpc.tables() for vpc in pair] == before
    assert described(pair) == []


def test_a_connection_deleted_by_its_other_account_ends_in_peering_deleted(network: Network, machine: Machine) -> None:
    pair = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    arn, connection = while_it_is_provisioned(network, machine, pair)
    pair[1].ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert assert_ended(machine, arn, "PeeringDeleted", connection).cause["StatusMessage"] == f"Deleted by {MEMBER}"


def test_the_routes_to_a_connection_deleted_while_they_are_written_are_deleted_too(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    for vpc in pair:
        vpc.table()
    before = [vpc.tables() for vpc in pair]
    arn, connection = while_routes_are_written(network, machine, pair)
    pair[0].ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    execution = assert_ended(machine, arn, "PeeringDeleted", connection)
    assert execution.cause["RolledBack"]["RoutesDeleted"] >= 1
    assert [vpc.tables() for vpc in pair] == before, "no blackhole is left"


def test_a_connection_rejected_by_its_owner_ends_in_peering_rejected(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    before = [vpc.tables() for vpc in pair]
    arn, connection = while_it_is_accepted(network, machine, pair)
    accepter = pair[0].connection(connection)["AccepterVpcInfo"]["Region"]
    network.ec2(accepter).reject_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert_ended(machine, arn, "PeeringRejected", connection)
    assert [c["VpcPeeringConnectionId"] for c in described(pair, "rejected")] == [connection]
    assert [vpc.tables() for vpc in pair] == before


def test_a_request_that_waited_a_week_ends_in_peering_expired(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    before = [vpc.tables() for vpc in pair]
    arn, connection = before_it_is_accepted(network, machine, pair)
    network.control.advance(8 * 24 * 3600)
    assert_ended(machine, arn, "PeeringExpired", connection)
    assert [c["VpcPeeringConnectionId"] for c in described(pair, "expired")] == [connection]
    assert [vpc.tables() for vpc in pair] == before


@pytest.mark.parametrize("missing", [0, 1], ids=["VpcId", "PeerVpcId"])
@pytest.mark.parametrize("moment", [before_it_is_accepted, while_it_is_provisioned, while_routes_are_written])
def test_a_vpc_deleted_during_an_execution_ends_in_vpc_not_found(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], moment: Callable[..., tuple[str, str]], missing: int
) -> None:
    kept, deleted = pair[1 - missing], pair[missing]
    before = kept.tables()
    if moment is while_routes_are_written:
        kept.table()
        before = kept.tables()
    arn, _ = moment(network, machine, pair)
    deleted.ec2.delete_vpc(VpcId=deleted.id)
    execution = machine.wait(arn).failed("VpcNotFound")
    assert execution.states[-5:] == FAILED
    assert {key: execution.cause[key] for key in ("VpcId", "Region", "OwnerId")} == deleted.end()
    assert kept.tables() == before and kept.connections() == []


@pytest.mark.parametrize("moment", [before_it_is_accepted, while_it_is_accepted])
@pytest.mark.parametrize("by_peer", [False, True], ids=["VpcId", "PeerVpcId"])
def test_an_overlapping_block_added_during_an_execution_ends_in_the_overlap_branch(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], moment: Callable[..., tuple[str, str]], by_peer: bool
) -> None:
    before_block = {True: ("10.1.0.0/16", "10.1.128.0/20"), False: ("10.2.128.0/20", "10.2.0.0/16")}
    arn, connection = moment(network, machine, pair)
    block, peer_block = before_block[by_peer]
    if by_peer:
        pair[1].add_block(peer_block)
    else:
        pair[0].add_block(block)
    execution = machine.wait(arn).failed("OverlappingCidrs")
    assert execution.states[-1] == "OverlappingCidrs"
    assert execution.cause["Overlaps"] == [{"CidrBlock": block, "PeerCidrBlock": peer_block}]
    assert execution.cause["VpcPeeringConnectionId"] == connection
    assert [c["VpcPeeringConnectionId"] for c in described(pair, "failed")] == [connection], "a failed connection can't be deleted"
    assert all(vpc.routes_to(connection) == set() for vpc in pair)


def test_a_route_table_deleted_during_an_execution_is_not_reported_as_routed(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    table = vpc.table()
    arn, _ = while_it_is_provisioned(network, machine, pair)
    vpc.ec2.delete_route_table(RouteTableId=table)
    network.control.advance(NEVER)
    execution = machine.wait(arn)
    if execution.status == "SUCCEEDED":
        assert table not in [route["RouteTableId"] for route in execution.output["Routes"]]
        assert vpc.routes_to(execution.output["VpcPeeringConnectionId"]) == {(vpc.main_table, PEER_BLOCK, "active")}
    else:
        assert table in json.dumps(execution.cause), "the cause names the table"
        assert vpc.connections() == [] and all(len(routes) == 1 for routes in vpc.tables().values())


def test_every_poll_has_a_time_limit() -> None:
    """Read from the machine's definition: a test that waits for the limit would take minutes."""
    states = json.loads((REPOSITORY / "statemachine" / "peering.asl.json").read_text())["States"]
    retries = [
        (retry, name)
        for name, state in states.items()
        for retry in state.get("Retry", [])
        if {"PeeringPending", "PeeringNotVisible"} & set(retry["ErrorEquals"])
    ]
    assert {name for _, name in retries} >= {"AcceptInPeerRegion", "WaitActive"}
    for retry, name in retries:
        waits = [
            min(retry["IntervalSeconds"] * retry["BackoffRate"] ** n, retry["MaxDelaySeconds"]) for n in range(retry["MaxAttempts"])
        ]
        assert 60 <= sum(waits) <= 360, f"{name} waits {sum(waits)} s"


@pytest.mark.parametrize("region", [HERE, THERE])
def test_an_earlier_connection_in_the_other_direction_is_kept_and_a_new_run_adopts_it(
    network: Network, machine: Machine, region: str
) -> None:
    """Somebody else created it first, so EC2 refuses to accept ours: VpcPeeringConnectionAlreadyExists."""
    pair = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=region)
    requester, accepter = sorted(pair, key=lambda vpc: vpc.id)
    network.control.set(visible_after=0, pending_after=0, provisioning_for=0)
    delay = {"Action": "CreateVpcPeeringConnection", "Match": {"VpcId": requester.id}, "DelaySeconds": 5}
    network.control.plant_faults(delay)
    with network.calls() as calls:
        arn = machine.start(request(*pair))
        wait_until(lambda: network.control.faults()["Struck"] == 1, "everything is read, and the call to create has started")
        manual = network.peer_manually(accepter, requester)
        execution = machine.wait(arn)
    assert calls.count("CreateVpcPeeringConnection") == 1, "the other connection did not exist when the connections were read"
    assert [c["VpcPeeringConnectionId"] for c in requester.connections()] == [manual], "ours is deleted"
    assert "a new run adopts it" in execution.failed("PeeringFailed").cause["StatusMessage"]
    assert machine.run(request(*pair)).succeeded().output["VpcPeeringConnectionId"] == manual
