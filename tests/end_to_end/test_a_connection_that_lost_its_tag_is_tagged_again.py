"""Without `isthmus:stack` no policy would let a connection of ours be deleted; it is tagged again where the tag is absent."""

import pytest

from .clients import output
from .executions import Machine
from .ledger import Ledger
from .network import MEMBER, THERE, Network, Vpc, request
from .places import PLACES
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def peered_and_untagged(network: Network, machine: Machine, region: str, account: str, *keys: str) -> tuple[Vpc, Vpc, str]:
    """A peering of ours whose owners took those tags off the connection, on both sides."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=region, account=account)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    for end in (vpc, peer):
        end.ec2.delete_tags(Resources=[pcx], Tags=[{"Key": key} for key in keys])
        assert not set(keys) & set(tags(end, pcx))
    return vpc, peer, pcx


def tags(vpc: Vpc, pcx: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in vpc.connection(pcx).get("Tags", [])}


@PLACES
def test_it_can_be_torn_down(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, peer_region: str, peer_account: str
) -> None:
    vpc, peer, _ = peered_and_untagged(network, machine, peer_region, peer_account, "isthmus:stack", "isthmus:execution")
    assert teardown.run(vpc.end() | peer.end("Peer")).succeeded().output["Status"] == "deleted"
    assert vpc.connections() == peer.connections() == []
    assert "Removed" in ledger.assert_free(vpc, peer)


@PLACES
def test_a_run_tags_it_again_on_both_sides(
    network: Network,
    machine: Machine,
    teardown: Machine,
    ledger: Ledger,
    environment: dict[str, str],
    peer_region: str,
    peer_account: str,
) -> None:
    vpc, peer, pcx = peered_and_untagged(network, machine, peer_region, peer_account, "isthmus:stack")
    execution = machine.run(request(peer, vpc)).succeeded()
    assert execution.output["Created"] is False
    for end in (vpc, peer):
        assert tags(end, pcx)["isthmus:stack"] == output(environment, "InstallationId")
    assert ledger.item(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}
    teardown.run(vpc.end() | peer.end("Peer")).succeeded()
    assert vpc.connections() == []


def test_untagged_by_its_vpc_s_owner_it_goes_too(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    for end in (vpc, peer):
        end.ec2.delete_tags(Resources=[pcx], Tags=[{"Key": "isthmus:stack"}])
    vpc.untag("isthmus:peer")
    peerings.wait_until_removed(vpc, peer)


def test_another_installation_s_tag_is_not_replaced(network: Network, machine: Machine, teardown: Machine, ledger: Ledger) -> None:
    """Somebody wrote it on a connection of ours: IAM lets us neither replace it nor delete the connection, and that is named."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    other = {"Key": "isthmus:stack", "Value": "isthmus.eu-west-1.123456789012"}
    for end in (vpc, peer):
        end.ec2.create_tags(Resources=[pcx], Tags=[other])
    network.control.plant_faults(  # as IAM does, which the local cloud doesn't ask before a call
        {"Action": "CreateTags", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 9, "Match": {"ResourceId.1": pcx}},
        {"Action": "DeleteVpcPeeringConnection", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 9},
    )
    teardown.run(vpc.end() | peer.end("Peer")).failed("AccessDenied")
    assert tags(vpc, pcx)["isthmus:stack"] == other["Value"]
    assert vpc.connection(pcx)["Status"]["Code"] == "active"
    assert ledger.assert_free(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}, "it can be tried again"
