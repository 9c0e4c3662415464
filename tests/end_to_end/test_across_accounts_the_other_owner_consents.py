"""Consent across accounts, for every entry point: given late, withdrawn, one-sided, and never taken from the event."""

import pytest

from .executions import Machine
from .tagging import Peerings
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, request, wait_until


@pytest.fixture(autouse=True)
def no_waiting(world: World) -> None:
    world.hurry()


@pytest.fixture
def strangers(world: World) -> tuple[Vpc, Vpc]:
    """A VPC of the hub and one of a member that has consented to nothing."""
    return world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)


def test_an_execution_needs_it_in_both_directions_and_in_a_dry_run(
    world: World, machine: Machine, strangers: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = strangers
    with world.untouched(vpc, peer):
        for end, other in ((vpc, peer), (peer, vpc)):
            for dry_run in (True, False):
                cause = machine.run(request(end, other, DryRun=dry_run)).failed("PeerNotTrusted").cause
                assert (cause["VpcId"], cause["OwnerId"]) == (other.id, other.account)
    assert vpc.tags() == peer.tags() == {}, "whoever started it reads its cause"


@pytest.mark.parametrize("value", [HUB, "{vpc}", "999999999999 {vpc} vpc-0a1b2c3d"])
def test_a_tag_of_the_other_owner_is_enough(world: World, machine: Machine, strangers: tuple[Vpc, Vpc], value: str) -> None:
    vpc, peer = strangers
    peer.tag(isthmus__accept=value.format(vpc=vpc.id))
    machine.run(request(vpc, peer)).succeeded()


def test_a_one_sided_wish_says_which_tag_is_missing_and_comes_up_once_it_is_there(
    world: World, peerings: Peerings, strangers: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = strangers
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    wait_until(lambda: vpc.status(peer).startswith("failed PeerNotTrusted"), "the wisher is told")
    assert f"its owner has to tag it isthmus:accept={vpc.id} (or {HUB})" in vpc.status(peer)
    [arn] = peerings.set_up.executions(f"{vpc.id}_{peer.id}")
    cause = peerings.set_up.wait(arn).failed("PeerNotTrusted").cause
    assert (cause["VpcId"], cause["OwnerId"]) == (peer.id, MEMBER)
    assert not vpc.connections() and not peer.connections()

    peer.tag(isthmus__accept=vpc.id)
    pcx = peerings.come_up(vpc, peer)
    assert vpc.status(peer).startswith(f"active {pcx}")


def test_naming_the_other_is_consent(world: World, peerings: Peerings, strangers: tuple[Vpc, Vpc]) -> None:
    vpc, peer = strangers
    peer.tag(isthmus__peer=f"{vpc.id}@{HERE}@{HUB}")
    wait_until(lambda: peer.status(vpc).startswith("failed PeerNotTrusted"), "nor is the hub's own VPC free for all")
    assert not vpc.connections()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    peerings.come_up(vpc, peer)


def test_a_stranger_s_own_acceptance_opens_no_other_s_vpc(world: World, peerings: Peerings, strangers: tuple[Vpc, Vpc]) -> None:
    """A wish and a consent on the same end are still one end's word."""
    vpc, peer = strangers
    peer.tag(isthmus__peer=f"{vpc.id}@{HERE}@{HUB}", isthmus__accept=HUB)
    wait_until(lambda: peer.status(vpc).startswith("failed PeerNotTrusted"), "it is refused")
    assert not vpc.connections() and not peer.connections()


def test_consent_withdrawn_takes_it_apart_and_given_again_brings_it_back(
    world: World, peerings: Peerings, strangers: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = strangers
    before = vpc.tables(), peer.tables()
    peer.tag(isthmus__accept=HUB)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    peerings.come_up(vpc, peer)
    peer.untag("isthmus:accept")
    wait_until(lambda: not vpc.connections(), "it is taken apart")
    wait_until(lambda: (vpc.tables(), peer.tables()) == before, "no route is left")
    peer.tag(isthmus__accept=HUB)
    peerings.come_up(vpc, peer)
