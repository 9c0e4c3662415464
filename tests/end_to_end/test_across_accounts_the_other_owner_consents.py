"""Consent across accounts, for every entry point: given late, withdrawn, given by one side only, and never read from the event."""

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .tagging import Peerings


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def strangers(network: Network) -> tuple[Vpc, Vpc]:
    """A VPC of the hub and one of a member, without consent."""
    return network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)


def test_an_execution_needs_consent_in_both_directions_and_in_a_dry_run(
    network: Network, machine: Machine, strangers: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = strangers
    with network.untouched(vpc, peer):
        for end, other in ((vpc, peer), (peer, vpc)):
            for dry_run in (True, False):
                cause = machine.run(request(end, other, DryRun=dry_run)).failed("PeerNotTrusted").cause
                assert (cause["VpcId"], cause["OwnerId"]) == (other.id, other.account)
    assert vpc.tags() == peer.tags() == {}, "the execution's cause reports it, not the tags"


@pytest.mark.parametrize("value", [HUB, "{vpc}", "999999999999 {vpc} vpc-0a1b2c3d"])
def test_a_tag_of_the_other_owner_is_enough(network: Network, machine: Machine, strangers: tuple[Vpc, Vpc], value: str) -> None:
    vpc, peer = strangers
    peer.tag(isthmus__accept=value.format(vpc=vpc.id))
    machine.run(request(vpc, peer)).succeeded()


def test_a_request_of_one_side_reports_the_missing_tag_and_is_peered_once_that_is_set(
    network: Network, peerings: Peerings, strangers: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = strangers
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    wait_until(lambda: vpc.status(peer).startswith("failed PeerNotTrusted"), "the status reports the missing consent")
    assert f"its owner has to tag it isthmus:accept={vpc.id} (or {HUB})" in vpc.status(peer)
    [arn] = peerings.set_up.executions(f"{vpc.id}_{peer.id}")
    cause = peerings.set_up.wait(arn).failed("PeerNotTrusted").cause
    assert (cause["VpcId"], cause["OwnerId"]) == (peer.id, MEMBER)
    assert not vpc.connections() and not peer.connections()

    peer.tag(isthmus__accept=vpc.id)
    pcx = peerings.wait_until_active(vpc, peer)
    assert vpc.status(peer).startswith(f"active {pcx}")


def test_naming_the_other_is_consent(network: Network, peerings: Peerings, strangers: tuple[Vpc, Vpc]) -> None:
    vpc, peer = strangers
    peer.tag(isthmus__peer=f"{vpc.id}@{HERE}@{HUB}")
    wait_until(lambda: peer.status(vpc).startswith("failed PeerNotTrusted"), "a VPC of the hub needs consent too")
    assert not vpc.connections()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    peerings.wait_until_active(vpc, peer)


def test_the_consent_of_the_requesting_end_is_not_that_of_the_other(
    network: Network, peerings: Peerings, strangers: tuple[Vpc, Vpc]
) -> None:
    """A request and a consent in the tags of the same VPC are the decision of one owner only."""
    vpc, peer = strangers
    peer.tag(isthmus__peer=f"{vpc.id}@{HERE}@{HUB}", isthmus__accept=HUB)
    wait_until(lambda: peer.status(vpc).startswith("failed PeerNotTrusted"), "it is refused")
    assert not vpc.connections() and not peer.connections()


def test_withdrawn_consent_tears_it_down_and_renewed_consent_peers_again(
    network: Network, peerings: Peerings, strangers: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = strangers
    before = vpc.tables(), peer.tables()
    peer.tag(isthmus__accept=HUB)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    peerings.wait_until_active(vpc, peer)
    peer.untag("isthmus:accept")
    wait_until(lambda: not vpc.connections(), "the connection is removed")
    wait_until(lambda: (vpc.tables(), peer.tables()) == before, "no route is left")
    peer.tag(isthmus__accept=HUB)
    peerings.wait_until_active(vpc, peer)
