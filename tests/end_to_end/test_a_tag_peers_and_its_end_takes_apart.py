"""From CreateTags to routes and back: one end, both ends at once, several peers, another selection, and the tag gone."""

import threading

import pytest

from .callers import deliver
from .tagging import Peerings
from .world import HERE, HUB, NEVER, THERE, Vpc, World, request, wait_until


@pytest.fixture(autouse=True)
def no_waiting(world: World) -> None:
    world.hurry()


def test_one_tag_peers_tells_and_taken_off_leaves_no_trace(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    before = vpc.tables(), peer.tables()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.come_up(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}
    for end, other in ((vpc, peer), (peer, vpc)):
        news, connection, time = end.status(other).split(" ")
        assert (news, connection, time[:2], time[-1]) == ("active", pcx, "20", "Z")

    vpc.untag("isthmus:peer")
    peerings.go_away(vpc, peer)
    assert (vpc.tables(), peer.tables()) == before
    assert vpc.tags() == peer.tags() == {}


@pytest.mark.parametrize("run", range(20))
def test_both_ends_tagged_at_once_make_one_connection(world: World, peerings: Peerings, run: int) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    together = threading.Barrier(2)

    def tag(end: Vpc, other: Vpc) -> None:
        together.wait()
        end.tag(isthmus__peer=f"{other.id}@{other.region}")

    threads = [threading.Thread(target=tag, args=pair) for pair in ((vpc, peer), (peer, vpc))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pcx = peerings.come_up(vpc, peer)
    peerings.settle(vpc, peer, at_least=2)
    made = {seen["VpcPeeringConnectionId"] for seen in vpc.everything()["connections"]}
    assert made == {pcx}, "exactly one, dead ones included"
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}


def test_one_of_two_tags_taken_off_changes_nothing(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    peer.tag(isthmus__peer=f"{vpc.id}@{HERE}")
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.come_up(vpc, peer)
    peerings.settle(vpc, peer, at_least=2)
    vpc.untag("isthmus:peer")
    peerings.settle(vpc, peer, at_least=3)
    assert [seen["VpcPeeringConnectionId"] for seen in vpc.connections("active")] == [pcx]
    peer.untag("isthmus:peer")
    peerings.go_away(vpc, peer)


def test_deliveries_repeated_and_out_of_order_make_one_connection(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    world.control.disturb_events(duplicate=8)
    for value in ("vpc-0a1b2c3d", f"{peer.id}@{THERE}", "", f"{peer.id}@{THERE}"):
        vpc.tag(isthmus__peer=value)
    pcx = peerings.come_up(vpc, peer)
    peerings.settle(vpc, peer, at_least=1)
    world.control.disturb_events()
    assert [seen["VpcPeeringConnectionId"] for seen in vpc.connections("active")] == [pcx]
    assert len(peerings.set_up.executions(vpc.id)) <= 4 + 4, "a repeated delivery starts nothing new"
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)


def test_an_event_that_comes_late_undoes_nothing(world: World, peerings: Peerings, environment: dict[str, str]) -> None:
    """It tells of a time before the wish; what counts is the tag as it is."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.come_up(vpc, peer)
    for outdated in ({}, {"isthmus:peer": ""}, {"isthmus:peer": "vpc-0a1b2c3d"}):
        deliver(environment, HUB, HERE, f"arn:aws:ec2:{HERE}:{HUB}:vpc/{vpc.id}", {"isthmus:peer": "", **outdated})
    peerings.settle(vpc, peer, at_least=4)
    assert peerings.take_apart.executions(vpc.id) == []
    assert [seen["VpcPeeringConnectionId"] for seen in vpc.connections("active")] == [pcx]


def test_a_malformed_peer_is_told_and_spoils_no_other(world: World, peerings: Peerings) -> None:
    vpc, near, far = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16"), world.vpc("10.3.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{near.id} vpc-oops@{THERE} {far.id}@{THERE} {vpc.id}")
    pcx, other_pcx = peerings.come_up(vpc, near), peerings.come_up(vpc, far)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert vpc.routes_to(other_pcx) == {(vpc.main_table, "10.3.0.0/16", "active")}
    told = vpc.tags()["isthmus:status:invalid"]
    assert told.startswith('invalid isthmus:peer: "vpc-oops" is not a VPC id'), told
    assert "this very VPC" in told, told
    vpc.tag(isthmus__peer=f"{near.id} {far.id}@{THERE}")
    wait_until(lambda: "isthmus:status:invalid" not in vpc.tags(), "what is right now is no longer told wrong")


def test_a_region_that_aws_does_not_have_is_told_and_spoils_no_other(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    vpc.tag(isthmus__peer=f"{peer.id}@mars-north-1 {peer.id}")
    peerings.come_up(vpc, peer)
    assert f'"{peer.id}@mars-north-1" is in no Region that AWS has' in vpc.tags()["isthmus:status:invalid"]


def test_a_changed_selection_moves_the_routes_and_leaves_foreign_ones(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    private = vpc.table()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes="main")
    pcx = peerings.come_up(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    by_hand = {"RouteTableId": vpc.main_table, "DestinationCidrBlock": "10.2.9.0/24", "VpcPeeringConnectionId": pcx}
    vpc.ec2.create_route(**by_hand)
    gateway = vpc.internet_gateway()
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    with world.calls() as calls:
        vpc.tag(isthmus__routes=private)
        moved = {(private, "10.2.0.0/16", "active"), (vpc.main_table, "10.2.9.0/24", "active")}
        wait_until(lambda: vpc.routes_to(pcx) == moved, "the routes moved, and what was made by hand stayed")
        peerings.settle(vpc, peer, at_least=2)
    writes = [call for call in calls.writes() if call.endswith("Route")]
    assert writes == ["CreateRoute", "DeleteRoute"], "the new one first"
    targets = {route.get("GatewayId") for route in vpc.tables()[vpc.main_table]}
    assert gateway in targets


def test_an_excluded_table_is_left_alone(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    vpc.table(**{"isthmus:exclude": "true"})
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.come_up(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}


def test_a_status_starts_nothing(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.1.0.0/20")
    vpc.tag(isthmus__peer=peer.id)
    wait_until(lambda: vpc.status(peer).startswith("failed OverlappingCidrs"), "the status says why")
    peerings.settle(vpc, peer, at_least=1)
    assert vpc.status(peer) == peer.status(vpc)
    vpc.untag("isthmus:peer")
    wait_until(lambda: not vpc.status(peer) and not peer.status(vpc), "no wish, no status")
    assert len(peerings.set_up.executions(f"{vpc.id}_{peer.id}")) == 1


def test_a_vpc_without_a_tag_to_spare_is_peered_all_the_same(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(**{f"tag{number}": "mine" for number in range(49)}, isthmus__peer=f"{peer.id}@{THERE}")
    peerings.come_up(vpc, peer)
    peerings.settle(vpc, peer, at_least=1)
    assert vpc.status(peer) == ""
    assert peer.status(vpc).startswith("active pcx-")


def test_retagged_while_it_is_taken_apart_it_is_there_in_the_end(world: World, peerings: Peerings) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    for _ in range(4):
        vpc.table()
    wish = f"{peer.id}@{THERE}"
    vpc.tag(isthmus__peer=wish)
    peerings.come_up(vpc, peer)
    world.control.set_latency(0.2)
    for round in range(2):
        vpc.untag("isthmus:peer")
        wait_until(lambda: len(peerings.take_apart.executions(vpc.id)) > round, "it is being taken apart")  # noqa: B023
        vpc.tag(isthmus__peer=wish)
        wait_until(lambda: not peerings.running(peerings.take_apart, vpc), "that has ended")
    world.control.set_latency(0)
    wait_until(lambda: peerings.is_whole(vpc, peer), "the last wish holds")


def test_untagged_while_it_is_set_up_it_is_gone_in_the_end(world: World, peerings: Peerings) -> None:
    world.control.set(provisioning_for=NEVER)
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    before = vpc.tables(), peer.tables()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: bool(vpc.connections("provisioning")), "the set-up is under way")
    vpc.untag("isthmus:peer")
    wait_until(lambda: bool(vpc.everything()["connections"]) and not vpc.connections(), "and is taken apart after all")
    peerings.settle(vpc, peer, at_least=1)
    wait_until(lambda: (vpc.tables(), peer.tables()) == before, "no route is left")
    assert not vpc.connections()


def test_untagged_before_it_is_set_up_it_is_gone_in_the_end(world: World, peerings: Peerings) -> None:
    """The execution that the tag started finds no tag any more; nor was there anything to take apart when that went."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    before = vpc.tables(), peer.tables()
    late = peerings.set_up.start(request(vpc, peer), name=f"{vpc.id}_{peer.id}_late")
    peerings.set_up.wait(late).succeeded()
    peerings.go_away(vpc, peer)
    wait_until(lambda: vpc.tags() == peer.tags() == {}, "nothing tells of it any more")
    assert (vpc.tables(), peer.tables()) == before
