"""However often, however concurrently and from whichever end a peering is requested, there is one connection."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from .executions import Execution, Machine
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until
from .vpc import LIVE

READS_OF_A_RERUN = 5
OWN_TAGS = {"isthmus:stack", "isthmus:execution"}


def tags_of(vpc: Vpc, connection: str) -> dict[str, str]:
    """The connection's tags, as EC2 shows them to the owner of that VPC."""
    return {tag["Key"]: tag["Value"] for tag in vpc.connection(connection)["Tags"]}


def only_live_connection(vpc: Vpc, peer: Vpc) -> str:
    [connection] = vpc.connections()
    assert connection["Status"]["Code"] == "active"
    assert [found["VpcPeeringConnectionId"] for found in peer.connections()] == [connection["VpcPeeringConnectionId"]]
    return connection["VpcPeeringConnectionId"]


def routed(vpc: Vpc, peer: Vpc, connection: str) -> bool:
    return vpc.routes_to(connection) == {(vpc.main_table, "10.2.0.0/16", "active")} and peer.routes_to(connection) == {
        (peer.main_table, "10.1.0.0/16", "active")
    }


def is_unchanged(execution: Execution) -> bool:
    return not execution.output["Created"] and set(execution.actions()) == {"Unchanged"}


@pytest.mark.parametrize("swapped", [False, True], ids=["as before", "from the other end"])
@pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, HUB), (THERE, MEMBER)])
def test_a_second_run_makes_few_reads_and_writes_nothing(
    network: Network, machine: Machine, region: str, account: str, swapped: bool
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=region, account=account)
    first = machine.run(request(vpc, peer)).succeeded()
    connection = only_live_connection(vpc, peer)
    assert first.output["Created"] and first.actions() == {"Created": 2}
    again = request(peer, vpc) if swapped else request(vpc, peer)
    with network.untouched(vpc, peer), network.calls() as calls:
        execution = machine.run(again).succeeded()
    assert len(calls.ec2()) <= READS_OF_A_RERUN, calls.ec2()
    assert is_unchanged(execution) and len(execution.output["Routes"]) == 2
    assert execution.output["VpcPeeringConnectionId"] == connection
    assert execution.output["Requester"] == first.output["Requester"]
    assert routed(vpc, peer, connection)


def test_a_second_run_writes_only_what_is_missing(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    connection = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    vpc.ec2.delete_route(RouteTableId=vpc.main_table, DestinationCidrBlock="10.2.0.0/16")
    table = peer.table()
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer)).succeeded()
    assert calls.writes() == ["CreateRoute", "CreateRoute"]
    assert execution.actions() == {"Created": 2, "Unchanged": 1}
    assert vpc.routes_to(connection) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert {to[0] for to in peer.routes_to(connection)} == {peer.main_table, table}


@pytest.mark.parametrize("peer_account", [HUB, MEMBER])
def test_both_directions_at_the_same_moment_make_one_connection(network: Network, machine: Machine, peer_account: str) -> None:
    pairs = [(network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=peer_account)) for _ in range(4)]
    started = [[machine.start(request(*pair)), machine.start(request(*reversed(pair)))] for pair in pairs]
    for (vpc, peer), arns in zip(pairs, started, strict=True):
        executions = [machine.wait(arn).succeeded() for arn in arns]
        connection = only_live_connection(vpc, peer)
        assert {execution.output["VpcPeeringConnectionId"] for execution in executions} == {connection}
        assert len(vpc.everything()["connections"]) == 1, "no other was created and deleted"
        assert routed(vpc, peer, connection)


@pytest.mark.parametrize("status", LIVE)
@pytest.mark.parametrize("by_peer", [False, True], ids=["requested by VpcId", "requested by PeerVpcId"])
@pytest.mark.parametrize("region", [HERE, THERE])
def test_a_live_connection_made_manually_is_adopted_and_keeps_its_tags(
    network: Network, machine: Machine, status: str, by_peer: bool, region: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=region)
    requester, accepter = (peer, vpc) if by_peer else (vpc, peer)
    network.remove_delays()
    network.control.set(pending_after=NEVER if status == "initiating-request" else 0)
    made = requester.ec2.create_vpc_peering_connection(
        VpcId=requester.id, PeerVpcId=accepter.id, PeerRegion=accepter.region, PeerOwnerId=accepter.account
    )
    connection = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    requester.ec2.create_tags(Resources=[connection], Tags=[{"Key": "Name", "Value": "manual"}])
    if status in ("provisioning", "active"):
        network.control.set(provisioning_for=NEVER if status == "provisioning" else 0)
        accepter.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert requester.connection(connection)["Status"]["Code"] == status
    accepter_tags = tags_of(accepter, connection)

    with network.calls() as calls:
        arn = machine.start(request(vpc, peer, Name="ours", Tags={"team": "net"}))
        if state := {"initiating-request": "AcceptInPeerRegion", "provisioning": "WaitActive"}.get(status):
            machine.reaches(arn, state)
            network.control.advance(NEVER)
        execution = machine.wait(arn).succeeded()

    assert only_live_connection(vpc, peer) == connection == execution.output["VpcPeeringConnectionId"]
    assert not execution.output["Created"] and routed(vpc, peer, connection)
    assert (execution.output["Requester"], execution.output["Accepter"]) == (requester.end(), accepter.end())
    assert tags_of(requester, connection) == {"Name": "manual"}
    assert tags_of(accepter, connection) == accepter_tags and not OWN_TAGS & set(accepter_tags)
    assert calls.count("CreateVpcPeeringConnection", "CreateTags") == 0


@pytest.mark.parametrize("our_direction_first", [False, True], ids=["the other direction first", "our direction first"])
def test_of_two_opposite_requests_made_manually_one_becomes_active(
    network: Network, machine: Machine, our_direction_first: bool
) -> None:
    """EC2 accepts only the earlier of the two."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    ends = sorted((vpc, peer), key=lambda each: each.id, reverse=not our_direction_first)
    made = [network.peer_manually(*ends, accept=False)]
    time.sleep(1.1)  # the order of two requests follows from their expiration times, which are in whole seconds
    made.append(network.peer_manually(*reversed(ends), accept=False))
    wait_until(lambda: len(vpc.connections("pending-acceptance")) == 2, "both can be accepted")
    execution = machine.run(request(vpc, peer)).succeeded()
    assert not execution.output["Created"]
    [active] = vpc.connections("active")
    assert active["VpcPeeringConnectionId"] in made and routed(vpc, peer, active["VpcPeeringConnectionId"])


def rejected(network: Network, vpc: Vpc, peer: Vpc) -> str:
    connection = network.peer_manually(vpc, peer, accept=False)
    peer.ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=connection)
    return connection


def deleted(network: Network, vpc: Vpc, peer: Vpc) -> str:
    connection = network.peer_manually(vpc, peer)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    return connection


def expired(network: Network, vpc: Vpc, peer: Vpc) -> str:
    connection = network.peer_manually(vpc, peer, accept=False)
    network.control.advance(7.5 * 24 * 3600)
    return connection


def failed(network: Network, vpc: Vpc, peer: Vpc) -> str:
    """A connection that failed: a block of the peer overlapped, and was removed since."""
    association = peer.ec2.associate_vpc_cidr_block(VpcId=peer.id, CidrBlock="10.1.0.0/24")["CidrBlockAssociation"]
    made = vpc.ec2.create_vpc_peering_connection(VpcId=vpc.id, PeerVpcId=peer.id, PeerRegion=peer.region)
    connection = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    wait_until(lambda: bool(vpc.connections("failed")), "the connection failed because of the overlap")
    peer.ec2.disassociate_vpc_cidr_block(AssociationId=association["AssociationId"])
    return connection


@pytest.mark.parametrize(
    ("ended", "by_peer"),
    [
        (rejected, False),
        (rejected, True),
        (deleted, False),
        (deleted, True),
        (expired, False),
        (expired, True),
        (failed, False),
    ],
)
def test_a_connection_that_ended_is_ignored(network: Network, machine: Machine, ended: Callable[..., Any], by_peer: bool) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    former = ended(network, *((peer, vpc) if by_peer else (vpc, peer)))
    [record] = [c for c in vpc.everything()["connections"] if c["VpcPeeringConnectionId"] == former]
    assert record["Status"]["Code"] == ended.__name__

    execution = machine.run(request(vpc, peer)).succeeded()

    connection = only_live_connection(vpc, peer)
    assert execution.output["Created"] and connection == execution.output["VpcPeeringConnectionId"] != former
    assert routed(vpc, peer, connection)
    assert vpc.connection(former)["Status"]["Code"] == ended.__name__
