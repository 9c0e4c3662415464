"""Groups, whole: what a run of the machine sets up, by lanes, and what it leaves alone."""

import pytest

from .clients import setting
from .executions import Machine
from .grouping import Groups, only_reads, peered, status
from .ledger import Ledger
from .network import HERE, HUB, MEMBER, THERE, Network, request, wait_until

OTHER_MEMBER = "111111111111"
SYDNEY = "ap-southeast-2"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def test_a_mesh_in_two_regions_is_set_up(network: Network, groups: Groups, group: str, ledger: Ledger) -> None:
    members = [network.vpc(f"10.{number}.0.0/16", region=region) for number, region in [(1, HERE), (2, HERE), (3, THERE)]]
    pairs = [(members[one], members[other]) for one, other in [(0, 1), (0, 2), (1, 2)]]
    groups.join(group, *members)
    report = groups.run(group)
    assert (report["Pairs"], report["InPlace"], report["SetUp"], report["RefusedCount"]) == (3, 0, 3, 0)
    assert report["Calls"]["CreateRoute"] == 6, "what it took"
    assert all(peered(*pair) for pair in pairs)
    for pair in pairs:
        item = ledger.assert_free(*pair)
        assert (item["AskedBy"], item["Connection"]["Made"]) == ({"Groups": [group]}, True)
        assert len(ledger.routes(*pair)) == 2
    assert all(status(member, group).startswith("2 of 2 active 20") for member in members)
    with only_reads(network, *members):
        again = groups.run(group)
    assert (again["InPlace"], again["SetUp"]) == (3, 0)


def test_a_star_over_three_accounts_and_three_regions(
    network: Network, environment: dict[str, str], groups: Groups, group: str
) -> None:
    hub = network.vpc("10.1.0.0/16")
    places = [(THERE, HUB), (THERE, MEMBER), (SYDNEY, OTHER_MEMBER)]
    spokes = [
        network.vpc(f"10.{number}.0.0/16", region=region, account=account, consents=False)
        for number, (region, account) in enumerate(places, 2)
    ]
    groups.join(group, hub, role="hub")
    groups.join(group, *spokes, role="spoke")
    with setting(environment, GROUP_ACCOUNTS=f"{group}:hub={HUB} {group}:spoke=*"):
        report = groups.run(group)
    assert (report["Pairs"], report["SetUp"], report["Refused"]) == (3, 3, [])
    for spoke in spokes:
        assert peered(hub, spoke)
        [connection] = spoke.connections("active")
        tags = {tag["Key"]: tag["Value"] for tag in connection["Tags"]}
        assert tags["isthmus:stack"].startswith("isthmus.") and tags["isthmus:execution"], "on the accepter's side as well"
        assert status(spoke, group).startswith("1 of 1 active 20")


def test_hubs_with_a_mesh(network: Network, groups: Groups, group: str) -> None:
    hub, mesh, spoke = (
        network.vpc("10.1.0.0/16"),
        [network.vpc(f"10.{number}.0.0/16") for number in (2, 3)],
        network.vpc("10.4.0.0/16"),
    )
    groups.join(group, hub, role="hub")
    groups.join(group, *mesh)
    groups.join(group, spoke, role="spoke")
    report = groups.run(group)
    assert (report["Pairs"], report["SetUp"]) == (4, 4)
    assert all(peered(hub, other) for other in (*mesh, spoke)) and peered(*mesh)
    assert not peered(spoke, mesh[0])


def test_a_refused_pair_is_told_and_the_rest_is_done(network: Network, groups: Groups, group: str) -> None:
    hub, spoke, same = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), network.vpc("10.1.128.0/20")
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, same, role="spoke")
    report = groups.run(group)
    assert (report["SetUp"], report["RefusedCount"], peered(hub, spoke)) == (1, 1, True)
    assert status(hub, group).startswith(f"1 of 2 active, 1 refused: OverlappingCidrs {same.id} 20")
    assert status(same, group).startswith("failed OverlappingCidrs ") and "10.1.0.0/16" in status(same, group)
    assert same.connections() == []


def test_changed_selections_of_members_go_by_lanes(network: Network, groups: Groups, group: str) -> None:
    hub, spoke = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    table = hub.table()
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, role="spoke")
    groups.run(group)
    [pcx] = [each["VpcPeeringConnectionId"] for each in hub.connections("active")]
    both = {(each, "10.2.0.0/16", "active") for each in (hub.main_table, table)}
    assert hub.routes_to(pcx) == both
    hub.tag(isthmus__routes="main")
    assert groups.run(group)["SetUp"] == 1
    assert hub.routes_to(pcx) == {(hub.main_table, "10.2.0.0/16", "active")}
    hub.tag(isthmus__routes="all")
    groups.run(group)
    assert hub.routes_to(pcx) == both


def test_names_resolve_over_a_group(network: Network, groups: Groups, group: str) -> None:
    one, other = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16", region=THERE)
    one.tag(isthmus__dns="on")
    groups.join(group, one, other)
    groups.run(group)
    for vpc, side in [(one, "RequesterVpcInfo"), (other, "AccepterVpcInfo")]:
        [connection] = vpc.connections("active")
        own = side if connection[side]["VpcId"] == vpc.id else ({"RequesterVpcInfo", "AccepterVpcInfo"} - {side}).pop()
        assert connection[own]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    assert groups.run(group)["InPlace"] == 1


def test_the_tag_may_come_with_the_vpc(network: Network, groups: Groups, group: str) -> None:
    one = network.vpc("10.1.0.0/16")
    groups.join(group, one)
    before = set(groups.runs())
    ec2 = network.ec2(THERE, HUB)
    tag = [{"ResourceType": "vpc", "Tags": [{"Key": "isthmus:group", "Value": group}]}]
    made = ec2.create_vpc(CidrBlock="10.2.0.0/16", TagSpecifications=tag)["Vpc"]["VpcId"]
    wait_until(lambda: bool(set(groups.runs()) - before), "the event of its creation started a run")
    wait_until(lambda: bool(one.connections("active")), "a minute later it is peered")
    [connection] = one.connections("active")
    assert made in (connection["AccepterVpcInfo"]["VpcId"], connection["RequesterVpcInfo"]["VpcId"])


def test_what_an_execution_asks_for_beside_a_group(network: Network, groups: Groups, group: str, machine: Machine) -> None:
    one, other, third = (network.vpc(f"10.{number}.0.0/16") for number in (1, 2, 3))
    groups.join(group, one, other, third)
    run = groups.machine.start({"Groups": [group]})
    output = machine.run(request(one, other)).succeeded().output
    assert groups.machine.wait(run).succeeded()
    assert peered(one, other) and output["Status"] == "active", "whoever was first, both have what they asked for"
    groups.run(group)
    assert peered(one, third) and peered(other, third)


def test_a_crowd_in_one_lane_never_fights_for_tokens(network: Network, groups: Groups, group: str) -> None:
    hub, spokes = network.vpc("10.255.0.0/16"), [network.vpc(f"10.{number}.0.0/16") for number in range(40)]
    groups.join(group, hub, role="hub")
    groups.join(group, *spokes, role="spoke")
    network.control.set(throttling=4)
    with network.calls() as calls:
        report = groups.run(group)
    assert report["SetUp"] == 40
    refused = [call for call in calls.made if call.get("Error") and not call["Action"].startswith("Describe")]
    assert len(refused) <= 4, refused
