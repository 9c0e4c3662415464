"""The sweep: lost events, every kind of drift, a report that changes nothing, and few calls however many VPCs."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .callers import client, function
from .tagging import Peerings
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, wait_until

Sweep = Callable[..., dict[str, Any]]
WEST = "us-west-2"


@pytest.fixture(autouse=True)
def no_waiting(world: World) -> None:
    world.hurry()


@pytest.fixture
def sweep(environment: dict[str, str]) -> Sweep:
    """Invokes the function as the schedule does, and answers its summary."""
    functions, name = client(environment, "lambda"), function(environment, "Sweep")["FunctionName"]

    def invoke(**task: Any) -> dict[str, Any]:
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(task))
        summary = json.load(answer["Payload"])
        assert "FunctionError" not in answer, summary
        return summary

    return invoke


def drift(summary: dict[str, Any], vpc: Vpc) -> list[str]:
    """In what the pairs of that VPC differ: the cloud is shared with other tests."""
    return [each["Differs"] for each in summary["Drift"] if vpc.id in (each["VpcId"], each["PeerVpcId"])]


@pytest.fixture
def unheard(world: World) -> tuple[Vpc, Vpc]:
    """Two VPCs, one of which wishes the other, and nobody heard of it."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    world.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    return vpc, peer


@pytest.fixture
def settled(world: World, peerings: Peerings) -> tuple[Vpc, Vpc]:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", "10.22.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    peerings.come_up(vpc, peer)
    peerings.settle(vpc, peer)
    return vpc, peer


def test_a_lost_event_is_made_good(world: World, peerings: Peerings, sweep: Sweep, unheard: tuple[Vpc, Vpc]) -> None:
    vpc, peer = unheard
    with world.untouched(vpc, peer):
        assert drift(sweep(DryRun=True), vpc) == ["Missing"]
    summary = sweep()
    assert drift(summary, vpc) == ["Missing"] and any(vpc.id in name for name in summary["Started"])
    pcx = peerings.come_up(vpc, peer)
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)
    peerings.settle(vpc, peer)
    summary = sweep()
    assert drift(summary, vpc) == [] and summary["InPlace"] >= 1 and summary["Wished"] >= summary["InPlace"]


def add_block(world: World, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    peer.add_block("10.12.0.0/16")


def remove_block(world: World, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    """Which leaves its route behind."""
    associations = peer.ec2.describe_vpcs(VpcIds=[peer.id])["Vpcs"][0]["CidrBlockAssociationSet"]
    [association] = [each["AssociationId"] for each in associations if each["CidrBlock"] == "10.22.0.0/16"]
    peer.ec2.disassociate_vpc_cidr_block(AssociationId=association)
    assert (vpc.main_table, "10.22.0.0/16", "active") in vpc.routes_to(pcx)


def add_table(world: World, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    vpc.table()


def delete_route(world: World, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    peer.ec2.delete_route(RouteTableId=peer.main_table, DestinationCidrBlock="10.1.0.0/16")


def delete_connection(world: World, vpc: Vpc, peer: Vpc, pcx: str) -> None:
    """Which leaves blackholes behind."""
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    wait_until(lambda: {state for *_, state in peer.routes_to(pcx)} == {"blackhole"}, "the routes are blackholes")


@pytest.mark.parametrize(
    ("happen", "differs"),
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
    world: World,
    peerings: Peerings,
    sweep: Sweep,
    settled: tuple[Vpc, Vpc],
    happen: Callable[[World, Vpc, Vpc, str], None],
    differs: str,
) -> None:
    vpc, peer = settled
    happen(world, vpc, peer, vpc.connections("active")[0]["VpcPeeringConnectionId"])
    with world.untouched(vpc, peer):
        assert drift(sweep(DryRun=True), vpc) == [differs]
    sweep()
    peerings.settle(vpc, peer, at_least=2)
    [pcx] = [seen["VpcPeeringConnectionId"] for seen in vpc.connections("active")]
    for own, other in ((vpc, peer), (peer, vpc)):
        found = other.ec2.describe_vpcs(VpcIds=[other.id])["Vpcs"][0]
        associations = found["CidrBlockAssociationSet"]
        blocks = [each["CidrBlock"] for each in associations if each["CidrBlockState"]["State"] == "associated"]
        assert own.routes_to(pcx) == {(table, block, "active") for table in own.tables() for block in blocks}
        assert all(route["State"] == "active" for routes in own.tables().values() for route in routes)
    assert drift(sweep(DryRun=True), vpc) == []


def test_an_unheard_untag_is_made_good(world: World, peerings: Peerings, sweep: Sweep, settled: tuple[Vpc, Vpc]) -> None:
    vpc, peer = settled
    world.control.disturb_events(drop=1)
    vpc.untag("isthmus:peer")
    assert drift(sweep(DryRun=True), vpc) == ["Unwished"]
    sweep()
    peerings.go_away(vpc, peer)
    assert vpc.tags() == peer.tags() == {}


def test_blackholes_beside_a_deleted_vpc_are_removed(
    world: World, peerings: Peerings, sweep: Sweep, settled: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = settled
    pcx = vpc.connections("active")[0]["VpcPeeringConnectionId"]
    peer.ec2.delete_vpc(VpcId=peer.id)
    wait_until(lambda: {state for *_, state in vpc.routes_to(pcx)} == {"blackhole"}, "the route is a blackhole")
    assert drift(sweep(DryRun=True), vpc) == ["Blackhole"]
    sweep()
    wait_until(lambda: not vpc.routes_to(pcx), "it is removed")


def test_what_was_refused_and_told_is_not_tried_every_hour(world: World, peerings: Peerings, sweep: Sweep) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.1.0.0/20")
    vpc.tag(isthmus__peer=peer.id)
    wait_until(lambda: vpc.status(peer).startswith("failed OverlappingCidrs"), "the status says why")
    peerings.settle(vpc, peer)
    summary = sweep()
    assert {"VpcId": min(vpc.id, peer.id), "PeerVpcId": max(vpc.id, peer.id), "Error": "OverlappingCidrs"} in summary["Refused"]
    assert len(peerings.set_up.executions(vpc.id)) == 1


def test_a_member_s_wish_is_swept_as_well(world: World, peerings: Peerings, sweep: Sweep) -> None:
    """With a selection that has to be looked up there, and DNS resolution that its settings forbid."""
    vpc, peer = world.vpc("10.1.0.0/16", region=THERE, account=MEMBER), world.vpc("10.2.0.0/16")
    subnet, _other = vpc.subnet("10.1.1.0/24"), vpc.table()
    world.control.disturb_events(drop=2)
    vpc.tag(isthmus__peer=f"{peer.id}@{HERE}@{HUB}", isthmus__routes=subnet, isthmus__dns="on")
    peer.tag(isthmus__accept=MEMBER, isthmus__routes=peer.subnet("10.2.1.0/24"))
    assert drift(sweep(), vpc) == ["Missing"]
    pcx = peerings.come_up(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    peerings.settle(vpc, peer)
    assert drift(sweep(DryRun=True), vpc) == [], "what no execution could mend is no drift"
    for end in (vpc, peer):
        end.change_dns(EnableDnsSupport=True)
        end.change_dns(EnableDnsHostnames=True)
    assert drift(sweep(DryRun=True), vpc) == ["DnsResolution"]
    sweep()
    wait_until(lambda: bool(dns_sides(vpc, pcx)) and all(dns_sides(vpc, pcx)), "it is turned on once it can be")


def dns_sides(vpc: Vpc, pcx: str) -> list[bool]:
    seen = vpc.connection(pcx)
    sides = [seen[side].get("PeeringOptions", {}) for side in ("RequesterVpcInfo", "AccepterVpcInfo")]
    return [side.get("AllowDnsResolutionFromRemoteVpc", False) for side in sides]


def test_statuses_are_put_right(world: World, peerings: Peerings, sweep: Sweep, settled: tuple[Vpc, Vpc]) -> None:
    """One that was taken off is told again, one about nothing is taken off, and what is misspelt is told."""
    vpc, peer = settled
    vpc.untag(f"isthmus:status:{peer.id}")
    vpc.tag(**{"isthmus__status__vpc-0a1b2c3d": "active pcx-0a1b2c3d 2026-01-02T03:04:05Z"})
    world.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE} {peer.id}@mars-north-1")
    sweep()
    tags = vpc.tags()
    assert tags[f"isthmus:status:{peer.id}"].startswith("active pcx-")
    assert "isthmus:status:vpc-0a1b2c3d" not in tags
    assert f'"{peer.id}@mars-north-1" is in no Region that AWS has' in tags["isthmus:status:invalid"]


def test_two_hundred_vpcs_in_three_regions_take_few_calls(world: World, sweep: Sweep) -> None:
    """One list of VPCs, one of connections and one of tables for each Region of each account; a list of more than a
    hundred tables has a second page, and what is only named is looked up by its id.
    """
    regions = [HERE, THERE, WEST]
    ends = {region: world.vpc("10.0.0.0/16", region=region) for region in regions}
    for number in range(200):
        region = regions[number % 3]
        ec2 = world.ec2(region)
        tags = [{"Key": "isthmus:peer", "Value": ends[region].id}, {"Key": "isthmus:routes", "Value": "none"}]
        world.control.disturb_events(drop=1)
        ec2.create_vpc(CidrBlock=f"10.{number + 1}.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    world.control.disturb_events()
    with world.calls() as calls:
        summary = sweep(DryRun=True)
    assert summary["Wished"] >= 200 and len(summary["Drift"]) >= 200
    accounts, swept_regions, other_tests = 4, 5, 12
    made = Counter(calls.ec2())
    assert made["DescribeVpcs"] <= accounts * swept_regions + len(regions) + other_tests, made
    assert made["DescribeVpcPeeringConnections"] <= accounts * swept_regions + other_tests, made
    assert made["DescribeRouteTables"] <= accounts * swept_regions + 2 * len(regions) + other_tests, made
    of_other_tests = {"DescribeSubnets", "DescribeRegions", "DescribeVpcAttribute"}  # what their VPCs' tags ask for
    assert set(made) <= {"DescribeVpcs", "DescribeVpcPeeringConnections", "DescribeRouteTables"} | of_other_tests
    assert summary["Unreachable"] == []
    for region in regions:
        described = world.ec2(region).describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["isthmus:peer"]}])["Vpcs"]
        for vpc in described:  # or every later sweep of this cloud would start what nobody waits for
            world.control.disturb_events(drop=1)
            world.ec2(region).delete_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "isthmus:peer"}])
    world.control.disturb_events()
