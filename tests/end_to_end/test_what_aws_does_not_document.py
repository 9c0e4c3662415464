"""Where AWS documents no behavior, the functions manage with either."""

from typing import Any

import pytest

from .clients import forget_sessions
from .executions import Machine
from .network import HERE, MEMBER, THERE, Network, Vpc, request


@pytest.fixture(params=[False, True], ids=["one way", "the other"])
def either(request: pytest.FixtureRequest) -> bool:
    return request.param


def pair(network: Network, **place: str) -> tuple[Vpc, Vpc]:
    return network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", **(place or {"region": THERE}))


@pytest.mark.parametrize("place", [{"region": THERE}, {"region": THERE, "account": MEMBER}], ids=["one account", "two accounts"])
def test_a_connection_that_is_not_visible_yet_is_not_found_or_denied(
    network: Network, machine: Machine, either: bool, place: dict[str, str]
) -> None:
    network.control.set(visible_after=0.4, denied_while_invisible=either)
    vpc, peer = pair(network, **place)
    execution = machine.run(request(vpc, peer)).succeeded()
    assert execution.states.count("AcceptInPeerRegion") == 1 and len(vpc.connections("active")) == 1


def test_a_denial_that_stays_is_access_denied_and_leaves_nothing(network: Network, machine: Machine) -> None:
    """The connection is visible, or never becomes so in time."""
    vpc, peer = pair(network)
    fault = {"Action": "AcceptVpcPeeringConnection", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 100}
    network.control.plant_faults(fault)
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    assert cause["Action"] == "ec2:AcceptVpcPeeringConnection" and vpc.connections() == []


def turn_off_dns_resolution(vpc: Vpc) -> None:
    """On its side of its only connection."""
    [connection] = vpc.connections("active")
    side = "Requester" if connection["RequesterVpcInfo"]["VpcId"] == vpc.id else "Accepter"
    options = {f"{side}PeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": False}}
    vpc.ec2.modify_vpc_peering_connection_options(VpcPeeringConnectionId=connection["VpcPeeringConnectionId"], **options)


def test_the_options_of_the_other_side_are_shown_or_hidden(network: Network, machine: Machine, either: bool) -> None:
    network.control.set(hides_other_options=either)
    vpc, peer = pair(network)
    assert machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output["DnsResolution"] is True
    with network.calls() as calls:
        assert machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output["DnsResolution"] is True
    assert calls.writes() == [], "both sides are known to be on"
    turn_off_dns_resolution(peer)
    with network.calls() as calls:
        machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    assert calls.writes() == ["ModifyVpcPeeringConnectionOptions"]


def test_a_connection_that_is_provisioning_is_deleted_now_or_later(network: Network, machine: Machine, either: bool) -> None:
    """The roll-back of an execution that fails while it waits."""
    network.control.set(provisioning_for=0.8, deletes_while_provisioning=either)
    vpc, peer = pair(network)
    fault = {"Action": "DescribeVpcPeeringConnections", "Code": "UnauthorizedOperation", "HttpStatus": 403, "AfterCalls": 1}
    network.control.plant_faults(fault)
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    assert "LeftBehind" not in cause["RolledBack"], cause
    assert vpc.connections("provisioning", "active", "pending-acceptance") == []


def test_a_member_that_has_not_enabled_the_hub_s_region_is_told_so(
    environment: dict[str, str], network: Network, machine: Machine
) -> None:
    vpc, peer = pair(network, region=THERE, account=MEMBER)
    network.control.set(regions_off={MEMBER: [HERE]})  # First, so that no function has a new session from before.
    forget_sessions(environment)
    cause = machine.run(request(vpc, peer)).failed("AccessDenied").cause
    assert (cause["Action"], cause["OwnerId"]) == ("sts:AssumeRole", MEMBER)
    assert "that account has to enable the stack's own Region" in cause["Message"]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("CreateVpcPeeringConnection", "UnsupportedOperation"),
        ("AcceptVpcPeeringConnection", "InvalidParameterValue"),
        ("CreateRoute", "SomethingNew"),
        ("DescribeRouteTables", "SomethingElse"),
    ],
)
def test_a_refusal_that_nobody_foresaw_is_told_in_aws_s_own_words_and_not_retried(
    network: Network, machine: Machine, action: str, code: str
) -> None:
    vpc, peer = pair(network)
    fault = {"Action": action, "Code": code, "Message": "for a reason of its own", "HttpStatus": 400}
    network.control.plant_faults(fault)
    execution = machine.run(request(vpc, peer)).failed("RefusedByAws")
    known: dict[str, Any] = {"Action": f"ec2:{action}", "Code": code, "Reason": "for a reason of its own"}
    assert {key: execution.cause[key] for key in known} == known
    assert vpc.connections() == [], "nothing is left"
