"""A VPC of an account that lets nobody in is asked, waited for without an execution, and routed on our side alone."""

import pytest

from .clients import output
from .executions import Machine
from .listening import Listener
from .network import HERE, MEMBER, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, refused, started
from .tagging import Peerings
from .vendors import (
    OURS,
    VENDOR_BLOCK,
    accept,
    asked,
    assert_routed,
    assert_untouched,
    live,
    named,
    our_vpc,
    pending,
    swept,
    vendor_vpc,
)

REGIONS = pytest.mark.parametrize("vendor_region", [HERE, THERE], ids=["one Region", "two Regions"])


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def tags_of(vpc: Vpc, pcx: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in vpc.connection(pcx)["Tags"]}


@REGIONS
def test_an_execution_asks_and_ends_successfully(
    network: Network, machine: Machine, bus: Listener, environment: dict[str, str], vendor_region: str
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, region=vendor_region)
    execution = machine.run(request(vpc, vendor, Name="payments at the vendor")).succeeded()
    answer = execution.output
    pcx = answer["VpcPeeringConnectionId"]
    assert (answer["Status"], answer["Created"], answer["Routes"]) == ("pending-acceptance", True, [])
    assert (answer["Requester"], answer["Accepter"]) == (vpc.end(), vendor.end())
    assert pending(vpc) == pending(vendor) == [pcx]
    assert tags_of(vpc, pcx) == {
        "Name": "payments at the vendor",
        "isthmus:stack": output(environment, "InstallationId"),
        "isthmus:execution": execution.arn,
    }
    assert_untouched(vendor, pcx)
    assert bus.receive("VPC Peering Pending", vpc)["detail"] == answer


@pytest.mark.parametrize("vendor_first", [False, True], ids=["ours named first", "the vendor's named first"])
@pytest.mark.parametrize("ours_smaller", [False, True], ids=["the vendor's id is smaller", "our id is smaller"])
def test_our_end_requests_whatever_the_ids_and_whichever_end_is_named_first(
    network: Network, machine: Machine, vendor_first: bool, ours_smaller: bool
) -> None:
    """Between two VPCs of ours the end with the smaller id requests."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    while (vpc.id < vendor.id) is not ours_smaller:
        vpc, vendor = our_vpc(network), vendor_vpc(network)
    given = request(vendor, vpc) if vendor_first else request(vpc, vendor)
    answer = machine.run(given).succeeded().output
    assert (answer["Status"], answer["Requester"], answer["Accepter"]) == ("pending-acceptance", vpc.end(), vendor.end())


def test_a_dry_run_asks_nobody(network: Network, machine: Machine) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    with network.untouched(vpc, vendor):
        answer = machine.run(request(vpc, vendor, DryRun=True)).succeeded().output
    assert (answer["VpcPeeringConnectionId"], answer["Status"], answer["Created"]) == (None, "planned", True)


@pytest.mark.parametrize("by", ["another execution", "the sweep"])
@REGIONS
def test_once_accepted_it_is_carried_on(network: Network, machine: Machine, sweep: Sweep, by: str, vendor_region: str) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, VENDOR_BLOCK, "10.201.0.0/16", region=vendor_region)
    private = vpc.table()
    given = request(vpc, vendor, Routes={"Tables": [private]})
    pcx = machine.run(given).succeeded().output["VpcPeeringConnectionId"]
    with network.untouched(vpc, vendor):
        again = machine.run(given).succeeded().output
    assert (again["VpcPeeringConnectionId"], again["Status"], again["Created"]) == (pcx, "pending-acceptance", False)

    accept(vendor, pcx)
    if by == "the sweep":
        sweep()
    else:
        answer = machine.run(given).succeeded().output
        assert (answer["VpcPeeringConnectionId"], answer["Status"], answer["Created"]) == (pcx, "active", False)
        assert {(route["VpcId"], route["Action"]) for route in answer["Routes"]} == {(vpc.id, "Created")}
    blocks = {(private, VENDOR_BLOCK, "active"), (private, "10.201.0.0/16", "active")}
    wait_until(lambda: vpc.routes_to(pcx) == blocks, "our side is routed, as the execution asked")
    assert_untouched(vendor, pcx)


@REGIONS
@OURS
def test_a_tag_asks_and_the_sweep_carries_on(
    network: Network, peerings: Peerings, sweep: Sweep, region: str, account: str, vendor_region: str
) -> None:
    vpc, vendor = our_vpc(network, region, account), vendor_vpc(network, region=vendor_region)
    desired = sweep(DryRun=True)["Desired"]
    pcx = asked(vpc, vendor, peerings)
    connection = vpc.connection(pcx)
    assert connection["RequesterVpcInfo"]["VpcId"] == vpc.id
    for told in (pcx, vendor.account, f"{connection['ExpirationTime']:%Y-%m-%d}"):
        assert told in vpc.status(vendor), "which connection, who has to accept it, and until when"

    status = vpc.status(vendor)
    with network.untouched(vpc, vendor):
        summary = swept(sweep, peerings, vpc, vendor)
    assert drift(summary, vpc) == started(summary, vpc) == refused(summary, vpc) == []
    assert summary["Desired"] == desired + 1 and vpc.status(vendor) == status

    accept(vendor, pcx)
    summary = swept(sweep, peerings, vpc, vendor)
    assert len(drift(summary, vpc)) == len(started(summary, vpc)) == 1
    assert vpc.status(vendor).startswith(f"active {pcx}")
    assert_routed(vpc, vendor, pcx)
    summary = swept(sweep, peerings, vpc, vendor)
    assert drift(summary, vpc) == started(summary, vpc) == []


def test_a_changed_tag_carries_on_too(network: Network, peerings: Peerings) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    vpc.table()
    pcx = asked(vpc, vendor, peerings)
    accept(vendor, pcx)
    vpc.tag(isthmus__routes="main")
    wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "the event of the tag carries on")
    assert_routed(vpc, vendor, pcx)


def test_a_member_is_asked_for_its_word(network: Network, machine: Machine) -> None:
    """An execution acts for the hub's account: the VPC of a member has to name the vendor's."""
    vpc, vendor = our_vpc(network, THERE, MEMBER), vendor_vpc(network)
    with network.untouched(vpc, vendor):
        cause = machine.run(request(vpc, vendor)).failed("PeerNotTrusted").cause
    assert (cause["VpcId"], cause["OwnerId"]) == (vpc.id, vpc.account)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__accept=vendor.id)
    assert machine.run(request(vpc, vendor)).succeeded().output["Status"] == "pending-acceptance"
    assert live(vpc) == live(vendor)


def test_a_request_that_somebody_made_by_hand_is_waited_for_and_stays_his(
    network: Network, machine: Machine, teardown: Machine
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = network.peer_manually(vpc, vendor, accept=False)
    with network.untouched(vpc, vendor):
        answer = machine.run(request(vpc, vendor)).succeeded().output
        assert (answer["VpcPeeringConnectionId"], answer["Status"]) == (pcx, "pending-acceptance")
        assert not answer["Created"]
        teardown.run(vpc.end() | vendor.end("Peer"))
    assert pending(vpc) == [pcx]


def test_two_of_ours_wait_each_for_itself(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, other, vendor = our_vpc(network), network.vpc("10.3.0.0/16"), vendor_vpc(network)
    pcx = asked(vpc, vendor, peerings)
    other.tag(isthmus__peer=named(vendor))
    wait_until(lambda: other.status(vendor).startswith("waiting "), "the other waits too")
    [second] = pending(other)
    accept(vendor, second)
    swept(sweep, peerings, other, vendor)
    assert other.status(vendor).startswith(f"active {second}")
    assert pending(vpc) == [pcx] and vpc.status(vendor).startswith("waiting ")
