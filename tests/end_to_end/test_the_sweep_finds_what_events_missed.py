"""The sweep: lost events, every kind of drift, a dry run that changes nothing, and few calls however many VPCs."""

from collections import Counter
from collections.abc import Callable

import pytest

from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, wait_until
from .sweeping import Sweep, drift
from .tagging import Peerings

WEST = "us-west-2"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def event_lost(network: Network) -> tuple[Vpc, Vpc]:
    """Two VPCs, one of which requests the other, but its event was lost."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    return vpc, peer


@pytest.fixture
def peered(network: Network, peerings: Peerings) -> tuple[Vpc, Vpc]:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", "10.22.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    return vpc, peer


def test_a_pair_whose_event_was_lost_is_peered(
    network: Network, peerings: Peerings, sweep: Sweep, event_lost: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = event_lost
    with network.untouched(vpc, peer):
        assert drift(sweep(DryRun=True), vpc) == ["Missing"]
    summary = sweep()
    assert drift(summary, vpc) == ["Missing"] and any(vpc.id in name for name in summary["Started"])
    pcx = peerings.wait_until_active(vpc, peer)
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)
    peerings.wait_for_executions(vpc, peer)
    summary = sweep()
    assert drift(summary, vpc) == [] and summary["InPlace"] >= 1 and summary["Desired"] >= summary["InPlace"]


def add_block(network: Network, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    peer.add_block("10.12.0.0/16")


def remove_block(network: Network, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    """Its route stays."""
    associations = peer.ec2.describe_vpcs(VpcIds=[peer.id])["Vpcs"][0]["CidrBlockAssociationSet"]
    [association] = [each["AssociationId"] for each in associations if each["CidrBlock"] == "10.22.0.0/16"]
    peer.ec2.disassociate_vpc_cidr_block(AssociationId=association)
    assert (vpc.main_table, "10.22.0.0/16", "active") in vpc.routes_to(pcx)


def add_table(network: Network, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    vpc.table()


def delete_route(network: Network, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    peer.ec2.delete_route(RouteTableId=peer.main_table, DestinationCidrBlock="10.1.0.0/16")


def delete_connection(network: Network, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    """Its routes stay as blackholes."""
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    wait_until(lambda: {state for *_, state in peer.routes_to(pcx)} == {"blackhole"}, "the routes are blackholes")


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (add_block, "Routes"),
        (remove_block, "Routes"),
        (add_table, "Routes"),
        (delete_route, "Routes"),
        (delete_connection, "Missing"),
    ],
    ids=lambda value: value.__name__ if callable(value) else value,
)
def test_drift_is_repaired(
    network: Network,
    peerings: Peerings,
    sweep: Sweep,
    peered: tuple[Vpc, Vpc],
    change: Callable[[Network, Vpc, Vpc, str], None],
    differs: str,
) -> None:
    vpc, peer = peered
    change(network, vpc, peer, vpc.connections("active")[0]["VpcPeeringConnectionId"])
    with network.untouched(vpc, peer):
        assert drift(sweep(DryRun=True), vpc) == [differs]
    sweep()
    peerings.wait_for_executions(vpc, peer, at_least=2)
    [pcx] = [found["VpcPeeringConnectionId"] for found in vpc.connections("active")]
    for own, other in ((vpc, peer), (peer, vpc)):
        found = other.ec2.describe_vpcs(VpcIds=[other.id])["Vpcs"][0]
        associations = found["CidrBlockAssociationSet"]
        blocks = [each["CidrBlock"] for each in associations if each["CidrBlockState"]["State"] == "associated"]
        assert own.routes_to(pcx) == {(table, block, "active") for table in own.tables() for block in blocks}
        assert all(route["State"] == "active" for routes in own.tables().values() for route in routes)
    assert drift(sweep(DryRun=True), vpc) == []


def test_a_pair_whose_removed_tag_was_missed_is_torn_down(
    network: Network, peerings: Peerings, sweep: Sweep, peered: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = peered
    network.control.disturb_events(drop=1)
    vpc.untag("isthmus:peer")
    assert drift(sweep(DryRun=True), vpc) == ["NotRequested"]
    sweep()
    peerings.wait_until_removed(vpc, peer)
    assert vpc.tags() == peer.tags() == {}


def test_blackholes_beside_a_deleted_vpc_are_removed(
    network: Network, peerings: Peerings, sweep: Sweep, peered: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = peered
    pcx = vpc.connections("active")[0]["VpcPeeringConnectionId"]
    peer.ec2.delete_vpc(VpcId=peer.id)
    wait_until(lambda: {state for *_, state in vpc.routes_to(pcx)} == {"blackhole"}, "the route is a blackhole")
    assert drift(sweep(DryRun=True), vpc) == ["Blackhole"]
    sweep()
    wait_until(lambda: not vpc.routes_to(pcx), "the blackhole is deleted")


def test_a_refused_pair_with_its_status_is_not_retried_every_hour(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.1.0.0/20")
    vpc.tag(isthmus__peer=peer.id)
    wait_until(lambda: vpc.status(peer).startswith("failed OverlappingCidrs"), "the status contains the error")
    peerings.wait_for_executions(vpc, peer)
    summary = sweep()
    assert {"VpcId": min(vpc.id, peer.id), "PeerVpcId": max(vpc.id, peer.id), "Error": "OverlappingCidrs"} in summary["Refused"]
    assert len(peerings.set_up.executions(vpc.id)) == 1


def test_a_pair_that_a_member_requests_is_swept_too(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """With a selection that has to be looked up in its account, and DNS resolution that its DNS settings do not allow yet."""
    vpc, peer = network.vpc("10.1.0.0/16", region=THERE, account=MEMBER), network.vpc("10.2.0.0/16")
    subnet, _other = vpc.subnet("10.1.1.0/24"), vpc.table()
    network.control.disturb_events(drop=2)
    vpc.tag(isthmus__peer=f"{peer.id}@{HERE}@{HUB}", isthmus__routes=subnet, isthmus__dns="on")
    peer.tag(isthmus__accept=MEMBER, isthmus__routes=peer.subnet("10.2.1.0/24"))
    assert drift(sweep(), vpc) == ["Missing"]
    pcx = peerings.wait_until_active(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    peerings.wait_for_executions(vpc, peer)
    assert drift(sweep(DryRun=True), vpc) == [], "a difference that no execution could repair is no drift"
    for end in (vpc, peer):
        end.change_dns(EnableDnsSupport=True)
        end.change_dns(EnableDnsHostnames=True)
    assert drift(sweep(DryRun=True), vpc) == ["DnsResolution"]
    sweep()
    wait_until(
        lambda: bool(dns_sides(vpc, pcx)) and all(dns_sides(vpc, pcx)), "DNS resolution is turned on once the settings allow it"
    )


def dns_sides(vpc: Vpc, pcx: str) -> list[bool]:
    described = vpc.connection(pcx)
    sides = [described[side].get("PeeringOptions", {}) for side in ("RequesterVpcInfo", "AccepterVpcInfo")]
    return [side.get("AllowDnsResolutionFromRemoteVpc", False) for side in sides]


def test_status_tags_are_corrected(network: Network, peerings: Peerings, sweep: Sweep, peered: tuple[Vpc, Vpc]) -> None:
    """A missing status is written again, a stale one is deleted, and invalid tags are reported."""
    vpc, peer = peered
    vpc.untag(f"isthmus:status:{peer.id}")
    vpc.tag(**{"isthmus__status__vpc-0a1b2c3d": "active pcx-0a1b2c3d 2026-01-02T03:04:05Z"})
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE} {peer.id}@mars-north-1")
    sweep()
    tags = vpc.tags()
    assert tags[f"isthmus:status:{peer.id}"].startswith("active pcx-")
    assert "isthmus:status:vpc-0a1b2c3d" not in tags
    assert f'"{peer.id}@mars-north-1" is in a Region that AWS does not have' in tags["isthmus:status:invalid"]


def test_two_hundred_vpcs_in_three_regions_take_few_calls(network: Network, sweep: Sweep) -> None:
    """VPCs, connections and tables are listed once for each Region of each account. A list of more than a hundred tables has
    a second page, and a VPC that is only named by a tag is looked up by its id.
    """
    regions = [HERE, THERE, WEST]
    ends = {region: network.vpc("10.0.0.0/16", region=region) for region in regions}
    spokes = []
    for number in range(200):
        region = regions[number % 3]
        ec2 = network.ec2(region)
        tags = [{"Key": "isthmus:peer", "Value": ends[region].id}, {"Key": "isthmus:routes", "Value": "none"}]
        network.control.disturb_events(drop=1)
        spec = [{"ResourceType": "vpc", "Tags": tags}]
        created = ec2.create_vpc(CidrBlock=f"10.{number + 1}.0.0/16", TagSpecifications=spec)
        spokes.append((ec2, created["Vpc"]["VpcId"]))
    network.control.disturb_events()
    with network.calls() as calls:
        summary = sweep(DryRun=True)
    assert summary["Desired"] >= 200 and len(summary["Drift"]) >= 200
    accounts, swept_regions, other_tests = 4, 5, 12
    made = Counter(calls.ec2())
    assert made["DescribeVpcs"] <= accounts * swept_regions + len(regions) + other_tests, made
    assert made["DescribeVpcPeeringConnections"] <= accounts * swept_regions + other_tests, made
    assert made["DescribeRouteTables"] <= accounts * swept_regions + 2 * len(regions) + other_tests, made
    of_tags = {"DescribeSubnets", "DescribeRegions", "DescribeVpcAttribute"}
    of_tables = {"DescribeManagedPrefixLists", "GetManagedPrefixListEntries"}
    of_other_tests = of_tags | of_tables  # for the VPCs that they left on this cloud
    assert set(made) <= {"DescribeVpcs", "DescribeVpcPeeringConnections", "DescribeRouteTables"} | of_other_tests
    assert summary["Unreachable"] == []
    for ec2, vpc in spokes:  # otherwise every later sweep of this cloud would start executions for them
        network.control.disturb_events(drop=1)
        ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "isthmus:peer"}])
    network.control.disturb_events()
