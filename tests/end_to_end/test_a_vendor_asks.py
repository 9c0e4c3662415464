"""A vendor requests first, as most of them do: its request is accepted where the tag of our VPC names that VPC by its id."""

import pytest

from .executions import Machine
from .network import HUB, MEMBER, THERE, VENDOR, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, refused, started
from .tagging import Peerings
from .vendors import (
    OURS,
    accept,
    asked,
    assert_routed,
    assert_untouched,
    live,
    named,
    our_vpc,
    pending,
    reject,
    swept,
    vendor_vpc,
)

EITHER = pytest.mark.parametrize("hides", [False, True], ids=["blocks are shown", "blocks are hidden"])
"""EC2 shows the requester's blocks in a pending request, or hides them."""
STRANGER = "999999999999"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def requested(network: Network, vendor: Vpc, vpc: Vpc) -> str:
    """The id of the vendor's request."""
    return network.peer_manually(vendor, vpc, accept=False)


def assert_not_accepted(network: Network, peerings: Peerings, sweep: Sweep, vpc: Vpc, vendor: Vpc, pcx: str) -> None:
    """Whatever the events and the sweep do."""
    network.settle()
    summary = swept(sweep, peerings, vpc, vendor)
    network.settle()
    assert pending(vpc) == live(vpc) == [pcx] and vpc.routes_to(pcx) == set()
    assert started(summary, vpc) == []


@EITHER
@OURS
def test_a_request_that_waits_is_accepted_when_the_tag_names_its_vpc(
    network: Network, peerings: Peerings, sweep: Sweep, region: str, account: str, hides: bool
) -> None:
    network.control.set(hides_requester_blocks=hides)
    vpc, vendor = our_vpc(network, region, account), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    with network.calls() as calls:
        vpc.tag(isthmus__accept=vendor.id)
        wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "the event of the tag accepts it")
        peerings.wait_for_executions(vpc, vendor)
    assert_routed(vpc, vendor, pcx)
    assert calls.count("CreateVpcPeeringConnection") == 0 and calls.count("AcceptVpcPeeringConnection") == 1
    summary = swept(sweep, peerings, vpc, vendor)
    assert drift(summary, vpc) == started(summary, vpc) == refused(summary, vpc) == []


@EITHER
@OURS
def test_a_request_that_comes_later_is_accepted_by_the_sweep(
    network: Network, peerings: Peerings, sweep: Sweep, region: str, account: str, hides: bool
) -> None:
    network.control.set(hides_requester_blocks=hides)
    vpc, vendor = our_vpc(network, region, account), vendor_vpc(network, region=THERE)
    vpc.tag(isthmus__accept=vendor.id)
    network.settle()
    summary = swept(sweep, peerings, vpc, vendor)
    assert drift(summary, vpc) == started(summary, vpc) == [] and live(vpc) == [], "nothing is requested by us"
    pcx = requested(network, vendor, vpc)
    assert len(drift(sweep(DryRun=True), vpc)) == 1 and pending(vpc) == [pcx], "a dry run accepts nothing"
    summary = swept(sweep, peerings, vpc, vendor)
    assert len(drift(summary, vpc)) == len(started(summary, vpc)) == 1
    assert_routed(vpc, vendor, pcx)
    assert vpc.status(vendor).startswith(f"active {pcx}")


def test_a_request_whose_tag_event_was_lost_is_accepted_by_the_sweep(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__accept=vendor.id)
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx)


@EITHER
def test_a_tag_that_asks_accepts_what_was_requested_before(network: Network, peerings: Peerings, sweep: Sweep, hides: bool) -> None:
    network.control.set(hides_requester_blocks=hides)
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    vpc.tag(isthmus__peer=named(vendor))
    wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "theirs is accepted")
    peerings.wait_for_executions(vpc, vendor)
    assert_routed(vpc, vendor, pcx)


@EITHER
@pytest.mark.parametrize("vendor_first", [False, True], ids=["ours named first", "the vendor's named first"])
def test_an_execution_that_names_both_accepts(network: Network, machine: Machine, vendor_first: bool, hides: bool) -> None:
    network.control.set(hides_requester_blocks=hides)
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    answer = machine.run(request(vendor, vpc) if vendor_first else request(vpc, vendor)).succeeded().output
    assert (answer["VpcPeeringConnectionId"], answer["Status"], answer["Created"]) == (pcx, "active", False)
    assert (answer["Requester"], answer["Accepter"]) == (vendor.end(), vpc.end())
    assert_routed(vpc, vendor, pcx)


def test_the_vendor_s_account_is_no_consent(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """It serves many customers: anybody could open an account there and request."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    vpc.tag(isthmus__accept=VENDOR)
    assert_not_accepted(network, peerings, sweep, vpc, vendor, pcx)
    vpc.tag(isthmus__accept=f"{VENDOR} {vendor.id}")
    wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "its id is")


def test_another_vpc_of_the_vendor_gets_nothing(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor, other = our_vpc(network), vendor_vpc(network), vendor_vpc(network, "10.210.0.0/16")
    pcx = requested(network, other, vpc)
    vpc.tag(isthmus__accept=vendor.id)
    assert_not_accepted(network, peerings, sweep, vpc, other, pcx)
    asked_for = asked(vpc, vendor, peerings)
    accept(vendor, asked_for)
    swept(sweep, peerings, vpc, vendor)
    assert pending(vpc) == [pcx] and vpc.routes_to(asked_for)
    assert_untouched(other, pcx)


def test_no_other_word_is_consent(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """Neither consent to an account of ours, nor that of another VPC of ours, nor the vendor's own tag."""
    vpc, other, vendor = our_vpc(network), network.vpc("10.3.0.0/16"), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    other.tag(isthmus__accept=vendor.id)
    vpc.tag(isthmus__accept=f"{HUB} {MEMBER} {other.id}")
    vendor.tag(isthmus__accept=vpc.id, isthmus__peer=named(vpc))
    assert_not_accepted(network, peerings, sweep, vpc, vendor, pcx)


def test_an_account_that_is_not_in_the_parameter_is_not_accepted(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc = our_vpc(network)
    stranger = network.vpc("10.220.0.0/16", account=STRANGER, consents=False)
    pcx = requested(network, stranger, vpc)
    vpc.tag(isthmus__accept=stranger.id)
    assert_not_accepted(network, peerings, sweep, vpc, stranger, pcx)


def test_a_vpc_that_is_excluded_accepts_nothing(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = requested(network, vendor, vpc)
    vpc.tag(isthmus__exclude="true", isthmus__accept=vendor.id)
    network.settle()
    swept(sweep, peerings, vpc, vendor)
    assert pending(vpc) == [pcx]


@pytest.mark.parametrize("by", ["an execution", "the sweep"])
def test_theirs_is_preferred_to_ours_that_waits(
    network: Network, machine: Machine, peerings: Peerings, sweep: Sweep, by: str
) -> None:
    """EC2 accepts only one of two opposite requests."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    ours = asked(vpc, vendor, peerings)
    theirs = requested(network, vendor, vpc)
    assert sorted(pending(vpc)) == sorted([ours, theirs])
    if by == "the sweep":
        swept(sweep, peerings, vpc, vendor)
    else:
        answer = machine.run(request(vpc, vendor)).succeeded().output
        assert (answer["VpcPeeringConnectionId"], answer["Status"], answer["Created"]) == (theirs, "active", False)
    assert vpc.connection(ours)["Status"]["Code"] == "deleted"
    assert_routed(vpc, vendor, theirs)
    assert vpc.status(vendor).startswith(f"active {theirs}")


def test_ours_that_they_accepted_stays_though_they_request_as_well(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    ours = asked(vpc, vendor, peerings)
    theirs = requested(network, vendor, vpc)
    accept(vendor, ours)
    swept(sweep, peerings, vpc, vendor)
    assert vpc.status(vendor).startswith(f"active {ours}")
    assert vpc.routes_to(ours) and vpc.connection(ours)["Status"]["Code"] == "active"
    assert vpc.connection(theirs)["Status"]["Code"] == "pending-acceptance", "EC2 would not let it be accepted"


def test_a_request_made_by_hand_is_left_alone_beside_theirs(network: Network, machine: Machine) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    theirs = requested(network, vendor, vpc)
    by_hand = network.peer_manually(vpc, vendor, accept=False)
    answer = machine.run(request(vpc, vendor)).succeeded().output
    assert (answer["VpcPeeringConnectionId"], answer["Status"]) == (theirs, "active")
    assert pending(vpc) == [by_hand] and vpc.connection(by_hand)["Tags"] == []
    reject(vendor, by_hand)
    assert_routed(vpc, vendor, theirs)


def test_a_peering_that_the_vendor_requested_and_somebody_accepted_is_routed(
    network: Network, peerings: Peerings, sweep: Sweep
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = network.peer_manually(vendor, vpc)
    vpc.tag(isthmus__accept=vendor.id)
    wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "it is adopted")
    assert_routed(vpc, vendor, pcx)
