"""At each end its own account's word counts: whose accounts, whose tables, whose blocks, and what a typo may do."""

import json

import pytest
from iam.recorded import Record

from .executions import Machine
from .network import HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .pipelines import Pipeline
from .sweeping import Sweep, drift
from .tagging import Peerings

STRANGER = "444444444444"
"""An account that has installed a role of our name, and that the stack doesn't list."""
BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def of_account(record: Record, account: str) -> list[str]:
    """The calls that the functions made in that account."""
    return [call["Action"] for call in record.calls() if call["Account"] == account and "aws-sdk-rust" in (call["UserAgent"] or "")]


def test_an_account_that_is_none_of_the_stack_s_is_not_even_looked_at(
    network: Network, machine: Machine, teardown: Machine, sweep: Sweep
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, account=STRANGER, consents=False)
    peer.tag(isthmus__accept=HUB)
    before, record = (peer.everything(), peer.tags()), network.record()
    with network.untouched(vpc, peer):
        for ends in (request(vpc, peer), request(peer, vpc)):
            execution = machine.run(ends).failed("PeerNotTrusted")
            assert execution.cause["OwnerId"] == STRANGER and "MemberAccounts" in execution.cause["Message"]
        teardown.run(vpc.end() | peer.end("Peer")).failed("PeerNotTrusted")
    vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{STRANGER}")
    wait_until(lambda: vpc.status(peer).startswith("failed PeerNotTrusted"), "the asking VPC's owner is told")
    refused = [each["Error"] for each in sweep()["Refused"] if peer.id in (each["VpcId"], each["PeerVpcId"])]
    assert refused == ["PeerNotTrusted"] and of_account(record, STRANGER) == []
    assert (peer.everything(), peer.tags()) == before


def test_a_member_s_event_chooses_nothing_of_the_hub_s(environment: dict[str, str], network: Network, machine: Machine) -> None:
    """Its `PeerRoutes` default is all tables, and its `Tags` name an access group."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    vpc.table()
    vpc.tag(isthmus__accept=MEMBER, isthmus__routes="none", isthmus__dns="off")
    asked = peer.end() | vpc.end("Peer") | {"Tags": {"Access": "admin"}, "DnsResolution": True}
    sent = Pipeline(environment).run("request-by-event.sh", json.dumps(asked), AWS_ACCESS_KEY_ID=MEMBER)
    assert sent.returncode == 0, sent.stderr
    event = sent.stdout.strip()
    wait_until(lambda: bool(machine.executions(event)), "the event started an execution")
    output = machine.wait(machine.executions(event)[0]).succeeded().output
    pcx = output["VpcPeeringConnectionId"]
    assert vpc.routes_to(pcx) == set() and not output["DnsResolution"]
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    assert "Access" not in tags_of(vpc, pcx) and tags_of(peer, pcx)["Access"] == "admin"


def tags_of(vpc: Vpc, pcx: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in vpc.connection(pcx)["Tags"]}


def test_a_public_block_of_a_consented_peer_is_routed_nowhere(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, "8.8.8.0/24", region=THERE, account=MEMBER)
    peer.tag(isthmus__accept=vpc.id, isthmus__advertise=f"{PEER_BLOCK},8.8.8.0/24")
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert f"8.8.8.0/24 of {peer.id} is outside the stack's RoutableBlocks" in vpc.status(peer)
    assert drift(sweep(), vpc) == []


def test_an_owner_advertises_a_part(network: Network, peerings: Peerings) -> None:
    """Whatever the peer's owner takes off the list goes from the other's tables."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    peer.tag(isthmus__advertise="10.2.0.0/24 10.2.1.0/24")
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    assert {block for _, block, _ in vpc.routes_to(pcx)} == {"10.2.0.0/24", "10.2.1.0/24"}
    peerings.wait_for_executions(vpc, peer)
    peer.tag(isthmus__advertise="10.2.1.0/24")
    wait_until(lambda: {block for _, block, _ in vpc.routes_to(pcx)} == {"10.2.1.0/24"}, "the other part goes")


def test_a_selection_for_one_peer_and_more_keys_for_long_lists(network: Network, peerings: Peerings) -> None:
    vpc = network.vpc(BLOCK)
    one, other = network.vpc("10.2.0.0/16", region=THERE), network.vpc("10.3.0.0/16", region=THERE)
    vpc.tag(**{"isthmus__peer__first": f"{one.id}@{THERE},", "isthmus__peer__second": f" {other.id}@{THERE}"})
    vpc.tag(**{"isthmus__routes": "main", f"isthmus__routes__{other.id}": "none"})
    first = peerings.wait_until_active(vpc, one)
    wait_until(lambda: vpc.status(other).startswith("active"), "the other is peered as well")
    peerings.wait_for_executions(vpc, one)
    peerings.wait_for_executions(vpc, other)
    assert {table for table, *_ in vpc.routes_to(first)} == {vpc.main_table}
    [second] = [each["VpcPeeringConnectionId"] for each in other.connections("active")]
    assert vpc.routes_to(second) == set() and other.routes_to(second)


TYPOS = {
    "a semicolon": {"isthmus__peer": "{peer};vpc-0123456789abcdef0"},
    "no Region": {"isthmus__peer": "{peer}@eu-wset-1@{owner}"},
    "another Region": {"isthmus__peer": "{peer}@us-west-2@{owner}"},
    "no account": {"isthmus__peer": "{peer}@{region}@2222"},
    "the tables": {"isthmus__routes": "rtb-oops"},
}


@pytest.mark.parametrize("typo", TYPOS.values(), ids=TYPOS.keys())
def test_a_typo_tears_nothing_down(
    network: Network, peerings: Peerings, sweep: Sweep, teardown: Machine, typo: dict[str, str]
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    peer.tag(isthmus__accept=vpc.id)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    before = [vpc.routes_to(pcx), peer.routes_to(pcx)]
    vpc.tag(**{key: value.format(peer=peer.id, owner=MEMBER, region=THERE) for key, value in typo.items()})
    wait_until(lambda: "isthmus:status:invalid" in vpc.tags() or not vpc.status(peer).startswith("active"), "its owner is told")
    sweep()
    peerings.wait_for_executions(vpc, peer)
    assert [vpc.routes_to(pcx), peer.routes_to(pcx)] == before
    assert teardown.executions(f"{vpc.id}_{peer.id}") == [] and vpc.connections("active")
    vpc.untag("isthmus:peer", "isthmus:routes")
    peerings.wait_until_removed(vpc, peer)


@pytest.mark.parametrize("value", ["True", "", "no"])
def test_an_exclusion_fails_closed(network: Network, machine: Machine, value: str) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    peer.tag(**{"isthmus__exclude": value})
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer)).failed("Excluded")
        assert (execution.cause["VpcId"], execution.cause["Tag"]) == (peer.id, "isthmus:exclude")
    peer.tag(isthmus__exclude="false")
    machine.run(request(vpc, peer)).succeeded()
