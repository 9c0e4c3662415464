"""What is routed to a vendor are the blocks that its connection shows, as they change; and overlaps with blocks that EC2 hides."""

import pytest

from .executions import Machine
from .network import THERE, Network, request, wait_until
from .sweeping import Sweep, drift, refused, started
from .tagging import Peerings
from .vendors import (
    BLOCK,
    VENDOR_BLOCK,
    asked,
    assert_routed,
    assert_untouched,
    live,
    named,
    our_vpc,
    peered,
    remove_block,
    swept,
    vendor_vpc,
)

OVERLAPPING = "10.1.128.0/17"
MORE = "10.201.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.mark.parametrize("accepted_by_us", [False, True], ids=["we requested", "they requested"])
def test_a_block_that_is_added_is_routed_and_one_that_is_removed_is_not(
    network: Network, peerings: Peerings, sweep: Sweep, accepted_by_us: bool
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, region=THERE)
    if accepted_by_us:
        pcx = network.peer_manually(vendor, vpc, accept=False)
        vpc.tag(isthmus__accept=vendor.id)
        wait_until(lambda: vpc.status(vendor).startswith(f"active {pcx}"), "theirs is accepted")
        peerings.wait_for_executions(vpc, vendor)
    else:
        pcx = peered(vpc, vendor, peerings, sweep)
    vendor.add_block(MORE)
    assert drift(sweep(DryRun=True), vpc) == ["Routes"]
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx, VENDOR_BLOCK, MORE)
    remove_block(vendor, MORE)
    assert drift(sweep(DryRun=True), vpc) == ["Routes"]
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx, VENDOR_BLOCK)
    assert drift(sweep(DryRun=True), vpc) == []


def test_ipv6_is_routed_too(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = network.vpc(BLOCK, "2600:1f00:1::/56"), vendor_vpc(network, VENDOR_BLOCK, "2600:1f00:2::/56")
    pcx = asked(vpc, vendor, peerings)
    vendor.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx, VENDOR_BLOCK, "2600:1f00:2::/56")


def test_a_destination_is_a_part_of_what_the_connection_shows(network: Network, machine: Machine) -> None:
    """It can be compared only once the connection is active."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    given = request(vpc, vendor, Routes={"Tables": "main", "Destinations": ["10.200.3.0/24"]})
    pcx = machine.run(given).succeeded().output["VpcPeeringConnectionId"]
    vendor.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    machine.run(given).succeeded()
    assert_routed(vpc, vendor, pcx, "10.200.3.0/24")


def test_a_public_block_of_a_vendor_is_routed_nowhere(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, VENDOR_BLOCK, "8.8.8.0/24")
    pcx = peered(vpc, vendor, peerings, sweep)
    assert_routed(vpc, vendor, pcx, VENDOR_BLOCK)
    assert "; warning: " in vpc.status(vendor)
    assert f"8.8.8.0/24 of {vendor.id} is outside the stack's RoutableBlocks" in vpc.status(vendor)
    assert drift(sweep(), vpc) == []


def test_a_route_of_somebody_else_s_stays(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """The vendor adds a block that our table routes to a gateway."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = peered(vpc, vendor, peerings, sweep)
    gateway = vpc.internet_gateway()
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=MORE, GatewayId=gateway)
    vendor.add_block(MORE)
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx, VENDOR_BLOCK)
    targets = {route["DestinationCidrBlock"]: route.get("GatewayId") for route in vpc.tables()[vpc.main_table]}
    assert targets[MORE] == gateway and MORE in vpc.status(vendor)


def test_a_request_that_overlaps_fails_in_ec2_and_says_why(network: Network, machine: Machine) -> None:
    """EC2 shows neither the vendor's blocks nor the reason."""
    vpc, vendor = our_vpc(network), vendor_vpc(network, OVERLAPPING)
    before = vpc.tables()
    cause = machine.run(request(vpc, vendor)).failed("PeeringFailed").cause
    assert "overlap" in cause["Message"]
    assert cause["VpcPeeringConnectionId"].startswith("pcx-")
    assert vpc.tables() == before and live(vpc) == live(vendor) == []


def test_a_tag_that_asks_for_an_overlap_is_told_and_not_repeated_every_hour(
    network: Network, peerings: Peerings, sweep: Sweep
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, OVERLAPPING)
    vpc.tag(isthmus__peer=named(vendor))
    wait_until(lambda: vpc.status(vendor).startswith("failed PeeringFailed "), "the status has the error")
    assert "overlap" in vpc.status(vendor)
    peerings.wait_for_executions(vpc, vendor)
    with network.untouched(vpc, vendor):
        summary = swept(sweep, peerings, vpc, vendor)
    assert refused(summary, vpc) == ["PeeringFailed"] and started(summary, vpc) == []
    assert_untouched(vendor)


def test_a_block_that_comes_to_overlap_while_we_wait_is_told_by_the_sweep(
    network: Network, peerings: Peerings, sweep: Sweep
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = asked(vpc, vendor, peerings)
    vendor.add_block(OVERLAPPING)
    wait_until(lambda: vpc.connection(pcx)["Status"]["Code"] == "failed", "EC2 fails the request")
    swept(sweep, peerings, vpc, vendor)
    assert vpc.status(vendor).startswith("failed PeeringFailed ") and "overlap" in vpc.status(vendor)
    assert live(vpc) == [] and started(swept(sweep, peerings, vpc, vendor), vpc) == []


@pytest.mark.parametrize("hides", [False, True], ids=["blocks are shown", "blocks are hidden"])
def test_a_vendor_s_request_that_overlaps_fails_by_itself(network: Network, peerings: Peerings, sweep: Sweep, hides: bool) -> None:
    network.control.set(hides_requester_blocks=hides)
    vpc, vendor = our_vpc(network), vendor_vpc(network, OVERLAPPING)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__accept=vendor.id)
    vendor.ec2.create_vpc_peering_connection(VpcId=vendor.id, PeerVpcId=vpc.id, PeerOwnerId=vpc.account)
    wait_until(lambda: bool(vendor.connections("failed")), "EC2 fails it")
    with network.untouched(vpc, vendor):
        summary = swept(sweep, peerings, vpc, vendor)
    assert started(summary, vpc) == drift(summary, vpc) == [] and live(vpc) == []
