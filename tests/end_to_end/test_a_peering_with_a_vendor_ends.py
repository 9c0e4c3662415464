"""Teardown of our side: our routes always, the connection only if it is ours; and what the vendor itself takes away."""

import pytest

from .executions import Machine
from .ledger import Ledger
from .network import THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, started
from .tagging import Peerings
from .vendors import OURS, accept, asked, assert_routed, assert_untouched, live, our_vpc, peered, pending, swept, vendor_vpc


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def status_of(vpc: Vpc, pcx: str) -> str:
    return vpc.connection(pcx)["Status"]["Code"]


def torn_down(peerings: Peerings, vpc: Vpc, vendor: Vpc) -> str:
    """The status that the teardown of tags ended with."""
    names = (f"{vpc.id}_{vendor.id}", f"{vendor.id}_{vpc.id}")

    def executions() -> list[str]:
        return [arn for name in names for arn in peerings.teardown.executions(name)]

    wait_until(lambda: bool(executions()), "a teardown was started")
    peerings.wait_for_executions(vpc, vendor)
    statuses = [peerings.teardown.wait(arn).succeeded().output["Status"] for arn in executions()]
    # The set-up's own report may start a second one, which finds nothing left.
    [status] = [status for status in statuses if status != "absent"]
    return status


def accepted_theirs(network: Network, peerings: Peerings, vpc: Vpc, vendor: Vpc) -> str:
    pcx = network.peer_manually(vendor, vpc, accept=False)
    vpc.tag(isthmus__accept=vendor.id)
    wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "theirs is accepted")
    peerings.wait_for_executions(vpc, vendor)
    assert_routed(vpc, vendor, pcx)
    return pcx


@OURS
def test_ours_is_deleted_with_its_tag(network: Network, peerings: Peerings, sweep: Sweep, region: str, account: str) -> None:
    vpc, vendor = our_vpc(network, region, account), vendor_vpc(network)
    before = vpc.tables()
    pcx = peered(vpc, vendor, peerings, sweep)
    vpc.untag("isthmus:peer")
    assert torn_down(peerings, vpc, vendor) == "deleted"
    assert status_of(vpc, pcx) == "deleted" and vpc.tables() == before and vpc.tags() == {}
    assert_untouched(vendor, pcx)
    assert drift(sweep(), vpc) == []


@OURS
def test_theirs_is_left_without_our_routes(network: Network, peerings: Peerings, sweep: Sweep, region: str, account: str) -> None:
    vpc, vendor = our_vpc(network, region, account), vendor_vpc(network)
    before = vpc.tables()
    pcx = accepted_theirs(network, peerings, vpc, vendor)
    vpc.untag("isthmus:accept")
    assert torn_down(peerings, vpc, vendor) == "released"
    assert status_of(vpc, pcx) == "active" and vpc.tables() == before and vpc.tags() == {}
    summary = swept(sweep, peerings, vpc, vendor)
    assert drift(summary, vpc) == started(summary, vpc) == [], "it is the vendor's to delete"


def test_a_request_that_waits_is_deleted_with_its_tag(network: Network, peerings: Peerings) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = asked(vpc, vendor, peerings)
    vpc.untag("isthmus:peer")
    assert torn_down(peerings, vpc, vendor) == "deleted"
    assert status_of(vpc, pcx) == "deleted" and vpc.tags() == {} and pending(vendor) == []


@pytest.mark.parametrize("vendor_first", [False, True], ids=["ours named first", "the vendor's named first"])
@pytest.mark.parametrize("accepted", [False, True], ids=["it waits", "it is active"])
def test_the_teardown_machine_deletes_ours(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, accepted: bool, vendor_first: bool
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, region=THERE)
    before = vpc.tables()
    pcx = machine.run(request(vpc, vendor)).succeeded().output["VpcPeeringConnectionId"]
    if accepted:
        accept(vendor, pcx)
        machine.run(request(vpc, vendor)).succeeded()
        assert_routed(vpc, vendor, pcx)
    ends = vendor.end() | vpc.end("Peer") if vendor_first else vpc.end() | vendor.end("Peer")
    with network.untouched(vpc, vendor):
        assert teardown.run(ends | {"DryRun": True}).succeeded().output["Status"] == "planned"
    output = teardown.run(ends).succeeded().output
    assert (output["Status"], output["VpcPeeringConnectionId"], len(output["Routes"])) == ("deleted", pcx, int(accepted))
    assert status_of(vpc, pcx) == "deleted" and vpc.tables() == before
    ledger.assert_free(vpc, vendor)
    assert teardown.run(ends).succeeded().output["Status"] == "absent"


def test_the_teardown_machine_releases_theirs(network: Network, machine: Machine, teardown: Machine) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    before = vpc.tables()
    pcx = network.peer_manually(vendor, vpc, accept=False)
    machine.run(request(vpc, vendor)).succeeded()
    assert_routed(vpc, vendor, pcx)
    assert teardown.run(vpc.end() | vendor.end("Peer")).succeeded().output["Status"] == "released"
    assert status_of(vpc, pcx) == "active" and vpc.tables() == before


def test_what_an_execution_asked_for_is_not_torn_down_by_the_sweep(network: Network, machine: Machine, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = machine.run(request(vpc, vendor)).succeeded().output["VpcPeeringConnectionId"]
    sweep()
    network.settle()
    assert pending(vpc) == [pcx]


@pytest.mark.parametrize("asks", [False, True], ids=["a tag accepts", "a tag asks"])
def test_the_vendor_deletes_it(network: Network, peerings: Peerings, sweep: Sweep, asks: bool) -> None:
    """Our routes go. Where our tag asks, the vendor is asked again, and the blackholes stay until it accepts: a broader route
    would lead elsewhere what is for the vendor."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = peered(vpc, vendor, peerings, sweep) if asks else accepted_theirs(network, peerings, vpc, vendor)
    vendor.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    wait_until(lambda: {state for *_, state in vpc.routes_to(pcx)} == {"blackhole"}, "the route is a blackhole")
    swept(sweep, peerings, vpc, vendor)
    swept(sweep, peerings, vpc, vendor)
    if asks:
        assert vpc.status(vendor).startswith("waiting ") and vpc.routes_to(pcx) != set()
        [again] = pending(vpc)
        accept(vendor, again)
        swept(sweep, peerings, vpc, vendor)
        assert_routed(vpc, vendor, again)
    else:
        wait_until(lambda: vpc.routes_to(pcx) == set(), "the blackhole is deleted")
        assert live(vpc) == [] and not vpc.status(vendor).startswith("active")
    assert_untouched(vendor, pcx)


def test_the_vendor_deletes_its_vpc(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = accepted_theirs(network, peerings, vpc, vendor)
    vendor.ec2.delete_vpc(VpcId=vendor.id)
    wait_until(lambda: {state for *_, state in vpc.routes_to(pcx)} == {"blackhole"}, "the route is a blackhole")
    swept(sweep, peerings, vpc, vendor)
    wait_until(lambda: vpc.routes_to(pcx) == set(), "the blackhole is deleted")
    assert live(vpc) == []


def test_consent_that_comes_back_is_routed_again(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = accepted_theirs(network, peerings, vpc, vendor)
    vpc.untag("isthmus:accept")
    assert torn_down(peerings, vpc, vendor) == "released"
    vpc.tag(isthmus__accept=vendor.id)
    wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "the connection is still there")
    assert_routed(vpc, vendor, pcx)
