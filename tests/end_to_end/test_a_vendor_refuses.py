"""A vendor that rejects, or lets seven days pass: it is told once, and asked again only when somebody says so."""

from collections.abc import Callable

import pytest

from .executions import Machine
from .listening import Listener
from .network import Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, refused, started
from .tagging import Peerings
from .vendors import accept, asked, assert_routed, assert_untouched, live, our_vpc, pending, reject, swept, vendor_vpc

SEVEN_DAYS = 7 * 24 * 3600


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def rejects(network: Network, vendor: Vpc, pcx: str) -> None:
    reject(vendor, pcx)


def does_nothing(network: Network, vendor: Vpc, pcx: str) -> None:
    network.control.advance(SEVEN_DAYS + 60)
    assert vendor.connection(pcx)["Status"]["Code"] == "expired"


REFUSALS = pytest.mark.parametrize(
    ("refuses", "error"),
    [(rejects, "PeeringRejected"), (does_nothing, "PeeringExpired")],
    ids=["it rejects", "it does nothing"],
)


@REFUSALS
def test_the_next_sweep_tells_and_the_one_after_starts_nothing(
    network: Network,
    peerings: Peerings,
    sweep: Sweep,
    bus: Listener,
    refuses: Callable[[Network, Vpc, str], None],
    error: str,
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    before = vpc.tables()
    pcx = asked(vpc, vendor, peerings)
    refuses(network, vendor, pcx)
    summary = swept(sweep, peerings, vpc, vendor)
    assert len(drift(summary, vpc)) == len(started(summary, vpc)) == 1
    told = bus.receive("VPC Peering Failed", vpc)["detail"]
    assert (told["error"], told["cause"]["VpcPeeringConnectionId"]) == (error, pcx)
    assert vpc.status(vendor).startswith(f"failed {error} ")
    assert live(vpc) == [] and vpc.tables() == before

    with network.untouched(vpc, vendor):
        summary = swept(sweep, peerings, vpc, vendor)
    assert refused(summary, vpc) == [error] and started(summary, vpc) == []

    swept(sweep, peerings, vpc, vendor, Retry=True)
    [again] = pending(vpc)
    assert again != pcx and vpc.status(vendor).startswith("waiting ") and again in vpc.status(vendor)
    accept(vendor, again)
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, again)


@REFUSALS
def test_what_an_execution_asked_for_is_told_as_well(
    network: Network,
    machine: Machine,
    sweep: Sweep,
    bus: Listener,
    refuses: Callable[[Network, Vpc, str], None],
    error: str,
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = machine.run(request(vpc, vendor)).succeeded().output["VpcPeeringConnectionId"]
    refuses(network, vendor, pcx)
    sweep()
    told = bus.receive("VPC Peering Failed", vpc)["detail"]
    assert (told["error"], told["cause"]["VpcPeeringConnectionId"]) == (error, pcx)
    assert live(vpc) == []
    again = machine.run(request(vpc, vendor)).succeeded().output
    assert again["Status"] == "pending-acceptance" and again["VpcPeeringConnectionId"] != pcx
    assert_untouched(vendor, pcx, again["VpcPeeringConnectionId"])


def test_a_changed_tag_asks_again_at_once(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = asked(vpc, vendor, peerings)
    reject(vendor, pcx)
    swept(sweep, peerings, vpc, vendor)
    assert vpc.status(vendor).startswith("failed PeeringRejected ")
    vpc.tag(isthmus__routes="main")
    wait_until(lambda: vpc.status(vendor).startswith("waiting "), "the vendor is asked again")
    assert pending(vpc) not in ([], [pcx])


def test_the_time_of_the_next_try_does_not_pass_into_a_request(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """The rejected connection disappears from EC2 after two days: the ledger still knows."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = asked(vpc, vendor, peerings)
    reject(vendor, pcx)
    swept(sweep, peerings, vpc, vendor)
    network.control.advance(3 * 24 * 3600)
    assert vpc.connections("rejected") == []
    with network.untouched(vpc, vendor):
        summary = swept(sweep, peerings, vpc, vendor)
    assert refused(summary, vpc) == ["PeeringRejected"] and started(summary, vpc) == []


def test_a_vendor_that_rejects_what_waits_no_longer_is_not_told_about(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """Its own request came and was accepted; ours, which that replaced, is dead anyhow."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    ours = asked(vpc, vendor, peerings)
    theirs = network.peer_manually(vendor, vpc, accept=False)
    reject(vendor, ours)
    swept(sweep, peerings, vpc, vendor)
    assert vpc.status(vendor).startswith(f"active {theirs}")
    assert_routed(vpc, vendor, theirs)
