"""DNS resolution from the remote VPC: set for each side in its own account and Region, and only if it was requested."""

import pytest

from .calls import Calls
from .executions import Machine
from .network import THERE, Network, Vpc, request
from .places import PLACES

MODIFY = "ModifyVpcPeeringConnectionOptions"
ALLOW = "AllowDnsResolutionFromRemoteVpc"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@PLACES
def test_each_owner_turns_on_its_own_side_in_its_own_region(
    network: Network, machine: Machine, peer_region: str, peer_account: str
) -> None:
    vpc = network.vpc_with_dns("10.1.0.0/16")
    peer = network.vpc_with_dns("10.2.0.0/16", region=peer_region, account=peer_account)
    with network.calls() as calls:
        output = machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output
    assert (output["DnsResolution"], output["Warnings"]) == (True, [])
    pcx = output["VpcPeeringConnectionId"]
    assert (side_of(vpc, pcx), side_of(peer, pcx)) == (True, True)
    assert modifications(calls) == {
        (output[side]["OwnerId"], output[side]["Region"], f"{side}PeeringConnectionOptions.{ALLOW}")
        for side in ("Requester", "Accepter")
    }
    assert calls.count(MODIFY) == 2


@PLACES
def test_running_it_again_makes_no_call(network: Network, machine: Machine, peer_region: str, peer_account: str) -> None:
    vpc = network.vpc_with_dns("10.1.0.0/16")
    peer = network.vpc_with_dns("10.2.0.0/16", region=peer_region, account=peer_account)
    machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    with network.calls() as calls:
        output = machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output
    assert calls.writes() == []
    assert (output["DnsResolution"], output["Warnings"]) == (True, [])


@pytest.mark.parametrize("who", ["requester", "accepter"])
def test_a_side_that_is_on_already_is_not_set_again(network: Network, machine: Machine, who: str) -> None:
    requester, accepter = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", region=THERE)
    pcx = network.peer_manually(requester, accepter)
    done, missing = {"requester": (requester, accepter), "accepter": (accepter, requester)}[who]
    done.ec2.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=pcx, **{f"{who.capitalize()}PeeringConnectionOptions": {ALLOW: True}}
    )
    with network.calls() as calls:
        output = machine.run(request(requester, accepter, DnsResolution=True)).succeeded().output
    assert {(account, region) for account, region, _ in modifications(calls)} == {(missing.account, missing.region)}
    assert (side_of(requester, pcx), side_of(accepter, pcx), output["DnsResolution"]) == (True, True, True)


def test_it_is_off_unless_requested(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", region=THERE)
    with network.calls() as calls:
        output = machine.run(request(vpc, peer)).succeeded().output
    assert calls.count(MODIFY) == 0
    assert output["DnsResolution"] is False
    pcx = output["VpcPeeringConnectionId"]
    assert (side_of(vpc, pcx), side_of(peer, pcx)) == (False, False)


def test_it_can_be_requested_later(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    assert calls.writes() == [MODIFY, MODIFY]
    assert (execution.output["DnsResolution"], execution.actions()) == (True, {"Unchanged": 2})
    assert (side_of(vpc, pcx), side_of(peer, pcx)) == (True, True)


def test_a_request_without_it_does_not_turn_it_off(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16")
    pcx = machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output["VpcPeeringConnectionId"]
    with network.calls() as calls:
        output = machine.run(request(vpc, peer)).succeeded().output
    assert calls.writes() == []
    assert (side_of(vpc, pcx), side_of(peer, pcx), output["DnsResolution"]) == (True, True, True)


@pytest.mark.parametrize("lacks", [{"EnableDnsHostnames": False}, {"EnableDnsSupport": False}], ids=["hostnames", "support"])
@pytest.mark.parametrize("which", ["VpcId", "PeerVpcId"])
def test_a_vpc_without_dns_settings_causes_a_warning_and_is_routed_all_the_same(
    network: Network, machine: Machine, which: str, lacks: dict[str, bool]
) -> None:
    vpc, peer = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", region=THERE)
    lacking = vpc if which == "VpcId" else peer
    lacking.change_dns(**lacks)

    output = machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output

    assert output["DnsResolution"] is False
    assert any(lacking.id in warning and "DNS" in warning for warning in output["Warnings"]), output["Warnings"]
    pcx = output["VpcPeeringConnectionId"]
    assert (side_of(vpc, pcx), side_of(peer, pcx)) == (False, False)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}

    lacking.change_dns(**{name: True for name in lacks})
    repaired = machine.run(request(vpc, peer, DnsResolution=True)).succeeded().output
    assert (repaired["DnsResolution"], repaired["Warnings"]) == (True, [])
    assert (side_of(vpc, pcx), side_of(peer, pcx)) == (True, True)


def side_of(vpc: Vpc, connection: str) -> bool:
    """Whether the other VPC may resolve the DNS hostnames of that VPC, as EC2 shows it to that VPC's account and Region."""
    described = vpc.connection(connection)
    [info] = [described[side] for side in ("RequesterVpcInfo", "AccepterVpcInfo") if described[side]["VpcId"] == vpc.id]
    return bool(info["PeeringOptions"][ALLOW])


def modifications(calls: Calls) -> set[tuple[str, str, str]]:
    """Account, Region and option of every modification. Fails if an option is set to anything but true."""
    return {
        (call["Account"], call["Region"], name)
        for call in calls.made
        if call["Action"] == MODIFY and not call["Error"]
        for name, value in call["Parameters"].items()
        if name != "VpcPeeringConnectionId" and (value == "true" or pytest.fail(f"{name} is set to {value}"))
    }


def test_a_side_that_is_not_active_yet_is_retried(network: Network, machine: Machine) -> None:
    """A connection becomes active in each Region separately. Until then EC2 returns OperationNotPermitted."""
    vpc, peer = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", region=THERE)
    early = {"Action": MODIFY, "Region": THERE, "Code": "OperationNotPermitted", "HttpStatus": 400, "Times": 1}
    network.control.plant_faults(early)
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    assert {error for error, _ in machine.failed_tries(execution.arn)} == {"PeeringPending"}
    assert sum(call["Error"] == "OperationNotPermitted" for call in calls.made) == 1
    pcx = execution.output["VpcPeeringConnectionId"]
    assert (side_of(vpc, pcx), side_of(peer, pcx)) == (True, True)
