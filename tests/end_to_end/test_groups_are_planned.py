"""How groups are planned: what a dry run of the machine reports. Nothing is written."""

import pytest

from .clients import setting
from .executions import Machine
from .grouping import Groups, only_reads, refused, why
from .network import HERE, HUB, MEMBER, THERE, Network, request, wait_until
from .tagging import Peerings

OTHER_MEMBER = "111111111111"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def test_a_hub_and_its_spokes_are_a_star(network: Network, groups: Groups, group: str) -> None:
    hub = network.vpc("10.1.0.0/16")
    spokes = [network.vpc(f"10.{number}.0.0/16", region=region) for number, region in [(2, HERE), (3, THERE), (4, THERE)]]
    spokes[0].table()
    groups.join(group, hub, role="hub")
    groups.join(group, *spokes, role="spoke")
    with only_reads(network, hub, *spokes):
        report = groups.report(group)
    assert (report["Hubs"], report["Spokes"], report["Mesh"]) == (1, 3, 0)
    assert (report["Pairs"], report["InPlace"], report["SetUp"], report["TornDown"]) == (3, 0, 3, 0)
    assert report["Refused"] == [] and report["Left"] == 0
    routes = 3 + 2 + 1 + 1  # the hub's table to each, two tables of one spoke, one of each other
    assert report["Calls"] == {
        "CreateVpcPeeringConnection": 3,
        "AcceptVpcPeeringConnection": 3,
        "CreateTags": 2,
        "CreateRoute": routes,
    }
    assert report["LeastSeconds"] == 5, "a full bucket allows that at once"
    assert report["Slowest"] == {"OwnerId": HUB, "Region": HERE, "Action": "CreateRoute", "Calls": 5}


def test_a_mesh_is_every_pair_and_what_stands_is_in_place(network: Network, machine: Machine, groups: Groups, group: str) -> None:
    members = [network.vpc(f"10.{number}.0.0/16") for number in range(1, 5)]
    groups.join(group, *members)
    machine.run(request(members[0], members[1])).succeeded()
    report = groups.report(group)
    assert (report["Mesh"], report["Pairs"], report["InPlace"], report["SetUp"]) == (4, 6, 1, 5)
    assert report["Calls"]["CreateVpcPeeringConnection"] == 5

    members[0].ec2.delete_route(RouteTableId=members[0].main_table, DestinationCidrBlock="10.2.0.0/16")
    report = groups.report(group)
    assert (report["InPlace"], report["SetUp"]) == (0, 6), "a route is missing"
    assert (report["Calls"]["CreateVpcPeeringConnection"], report["Calls"]["CreateRoute"]) == (5, 11)


def test_hubs_reach_the_mesh_and_the_spokes(network: Network, groups: Groups, group: str) -> None:
    hubs, mesh = [network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")], [network.vpc("10.3.0.0/16"), network.vpc("10.4.0.0/16")]
    spoke = network.vpc("10.5.0.0/16")
    groups.join(group, *hubs, role="hub")
    groups.join(group, *mesh, role="mesh")
    groups.join(group, spoke, role="spoke")
    report = groups.report(group)
    assert report["Pairs"] == 1 + 4 + 1 + 2, "hubs with each other and with the mesh, the mesh, hubs with the spoke"


def test_an_overlap_refuses_its_pair_alone(network: Network, groups: Groups, group: str) -> None:
    hub, spoke, same = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), network.vpc("10.1.128.0/20")
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, same, role="spoke")
    report = groups.report(group)
    assert refused(report) == {frozenset((hub.id, same.id)): "OverlappingCidrs"}
    assert "10.1.0.0/16" in why(report, hub, same) and "10.1.128.0/20" in why(report, hub, same)
    assert (report["Pairs"], report["SetUp"], report["RefusedCount"]) == (2, 1, 1)


def test_of_two_spokes_that_overlap_the_hub_routes_one(network: Network, groups: Groups, group: str) -> None:
    hub, first, second = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), network.vpc("10.2.0.0/18")
    groups.join(group, hub, role="hub")
    groups.join(group, first, second, role="spoke")
    earlier, later = sorted((first, second), key=lambda vpc: vpc.id)
    report = groups.report(group)
    assert refused(report) == {frozenset((hub.id, later.id)): "OverlappingCidrs"}
    assert all(vpc.id in why(report, hub, later) for vpc in (hub, earlier, later)), "who holds the block, and where"

    # What its owner advertises counts: only that is routed.
    second.tag(isthmus__advertise="10.2.0.0/20")
    first.add_block("10.3.0.0/16")
    first.tag(isthmus__advertise="10.3.0.0/16")
    assert groups.report(group)["Refused"] == []


def test_a_foreign_route_in_the_way_refuses_the_pair(network: Network, groups: Groups, group: str) -> None:
    one, other, third = (network.vpc(f"10.{number}.0.0/16") for number in (1, 2, 3))
    one.ec2.create_route(RouteTableId=one.main_table, DestinationCidrBlock="10.2.0.0/16", GatewayId=one.internet_gateway())
    groups.join(group, one, other, third)
    report = groups.report(group)
    assert refused(report) == {frozenset((one.id, other.id)): "RouteConflict"}
    assert one.main_table in why(report, one, other)
    assert (report["Pairs"], report["SetUp"]) == (3, 2)


def test_an_excluded_member_is_left_alone(network: Network, groups: Groups, group: str) -> None:
    hub, spoke = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    spoke.tag(isthmus__exclude="true")
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, role="spoke")
    report = groups.report(group)
    assert refused(report) == {frozenset((hub.id, spoke.id)): "Excluded"}
    assert spoke.id in why(report, hub, spoke)


def test_a_mesh_member_without_room_is_left_out_whole(
    network: Network, environment: dict[str, str], groups: Groups, group: str
) -> None:
    members = sorted((network.vpc(f"10.{number}.0.0/16") for number in range(1, 5)), key=lambda vpc: vpc.id)
    with setting(environment, PEERINGS_PER_VPC="2"):
        groups.join(group, *members)
        report = groups.report(group)
    last = members[3].id
    assert refused(report) == {frozenset((member.id, last)): "QuotaExceeded" for member in members[:3]}, (
        "it is in the mesh, or it isn't"
    )
    assert (report["Pairs"], report["SetUp"]) == (6, 3)
    assert {(each["VpcId"], each["Peerings"], each["Limit"]) for each in report["NearQuota"]} >= {
        (member.id, 2, 2) for member in members[:3]
    }


def test_across_accounts_the_stack_admits_by_role(
    network: Network, environment: dict[str, str], groups: Groups, group: str
) -> None:
    hub = network.vpc("10.1.0.0/16")
    spoke = network.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)
    other = network.vpc("10.3.0.0/16", account=OTHER_MEMBER, consents=False)
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, other, role="spoke")
    report = groups.report(group)
    assert set(refused(report).values()) == {"PeerNotTrusted"} and report["RefusedCount"] == 2
    assert f"{group}:hub={HUB}" in why(report, hub, spoke) and f"{group}:spoke={MEMBER}" in why(report, hub, spoke)

    with setting(environment, GROUP_ACCOUNTS=f"{group}:hub={HUB} {group}:spoke={MEMBER}"):
        report = groups.report(group)
        assert refused(report) == {frozenset((hub.id, other.id)): "PeerNotTrusted"}
        assert f"{group}:spoke={OTHER_MEMBER}" in why(report, hub, other) and f"hub={HUB}" not in why(report, hub, other)
    with setting(environment, GROUP_ACCOUNTS=f"{group}:hub={HUB} {group}:spoke=*"):
        assert groups.report(group)["Refused"] == []

    # Or each consents to the other, as for any pair.
    hub.tag(isthmus__accept=other.id)
    other.tag(isthmus__accept=hub.id)
    assert refused(groups.report(group)) == {frozenset((hub.id, spoke.id)): "PeerNotTrusted"}


def test_what_a_group_asks_for_stays_when_the_peer_tag_goes(
    network: Network, teardown: Machine, groups: Groups, group: str, peerings: Peerings
) -> None:
    one, other = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    one.tag(isthmus__peer=other.id)
    pcx = peerings.wait_until_active(one, other)
    groups.join(group, one, other)
    before = set(groups.runs())
    one.untag("isthmus:peer")
    wait_until(lambda: bool(set(groups.runs()) - before), "the change was read")
    peerings.wait_for_executions(one, other)
    failed = teardown.run(request(one, other)).failed("StillTagged")
    assert group in failed.cause["Message"]
    assert groups.report(group)["InPlace"] == 1

    other.tag(isthmus__group=f"{group}:hubb")
    wait_until(lambda: "hubb" in other.tags().get("isthmus:status:invalid", ""), "it was read")
    peerings.wait_for_executions(one, other)
    assert one.connection(pcx)["Status"]["Code"] == "active", "a malformed word removes nothing"

    other.untag("isthmus:group")
    peerings.wait_until_removed(one, other)
