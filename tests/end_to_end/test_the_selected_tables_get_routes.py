"""Which route tables get routes: all, the main one, none, by id, by subnet, by tag, on each side for itself.

Each VPC has one block, so the tables that hold a route to the connection are the whole answer.
"""

from typing import Any

import pytest

from .executions import Machine
from .world import HERE, THERE, Vpc, World, request

NOTHING = {"Tables": "none"}
MAIN, FIRST, SECOND = range(3)


@pytest.fixture(autouse=True)
def no_waiting(world: World) -> None:
    world.hurry()


@pytest.fixture
def peer(world: World) -> Vpc:
    return world.vpc("10.2.0.0/16")


@pytest.mark.parametrize(
    ("word", "chosen"), [("all", {MAIN, FIRST, SECOND}), ("main", {MAIN}), ("none", set())], ids=["all", "main", "none"]
)
def test_a_word_selects_every_table_or_the_main_one_or_none(
    world: World, machine: Machine, peer: Vpc, word: str, chosen: set[int]
) -> None:
    vpc, bystander = world.vpc("10.1.0.0/16"), world.vpc("10.3.0.0/16")
    tables = [vpc.main_table, vpc.table(), vpc.table()]
    bystander.table()
    before = bystander.tables()

    execution = machine.run(request(vpc, peer, Routes={"Tables": word}, PeerRoutes=NOTHING)).succeeded()

    assert routed(vpc, execution.output) == {tables[index] for index in chosen}
    assert execution.actions() == ({"Created": len(chosen)} if chosen else {})
    assert execution.output["Warnings"] == []
    assert bystander.tables() == before


def test_ids_select_these_tables_and_no_other(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    chosen = {vpc.table(), vpc.table()}
    vpc.table()
    output = machine.run(request(vpc, peer, Routes={"Tables": sorted(chosen)}, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == chosen


def test_a_subnet_selects_the_table_it_is_associated_with(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    its_own, another = vpc.table(), vpc.table()
    subnet = vpc.subnet("10.1.1.0/24", its_own)
    vpc.subnet("10.1.2.0/24", another)
    output = machine.run(request(vpc, peer, Routes={"Subnets": [subnet]}, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == {its_own}


def test_a_subnet_without_a_table_of_its_own_selects_the_main_table(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    vpc.subnet("10.1.1.0/24", vpc.table())
    subnet = vpc.subnet("10.1.2.0/24")
    output = machine.run(request(vpc, peer, Routes={"Subnets": [subnet]}, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == {vpc.main_table}


def test_several_subnets_select_each_table_once(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    shared, unused = vpc.table(), vpc.table()
    subnets = [vpc.subnet("10.1.1.0/24", shared), vpc.subnet("10.1.2.0/24", shared), vpc.subnet("10.1.3.0/24")]
    execution = machine.run(request(vpc, peer, Routes={"Subnets": subnets}, PeerRoutes=NOTHING)).succeeded()
    assert routed(vpc, execution.output) == {shared, vpc.main_table}
    assert unused not in routed(vpc, execution.output)
    assert execution.actions() == {"Created": 2}


@pytest.mark.parametrize("has_a_table_of_its_own", [True, False], ids=["associated", "on the main table"])
@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_a_subnet_of_another_vpc_is_refused(
    world: World, machine: Machine, peer: Vpc, side: str, has_a_table_of_its_own: bool
) -> None:
    vpc, stranger = world.vpc("10.1.0.0/16"), world.vpc("10.3.0.0/16")
    subnet = stranger.subnet("10.3.1.0/24", stranger.table() if has_a_table_of_its_own else None)
    with world.untouched(vpc, peer, stranger):
        execution = machine.run(request(vpc, peer, **{side: {"Subnets": [subnet]}})).failed("InvalidRequest")
    assert execution.cause["Field"] == f"{side}.Subnets"
    assert subnet in execution.cause["Message"]


def test_tags_select_the_tables_that_carry_all_of_them(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    both = vpc.table(tier="private", team="payments", zone="a")
    vpc.table(tier="private")
    vpc.table(tier="private", team="search")
    vpc.table(tier="public", team="payments")
    routes = {"TableTags": {"tier": "private", "team": "payments"}}
    output = machine.run(request(vpc, peer, Routes=routes, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == {both}
    assert output["Warnings"] == []


def test_tags_that_no_table_carries_route_nothing_and_say_so(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    vpc.table(tier="private")
    execution = machine.run(request(vpc, peer, Routes={"TableTags": {"tier": "Private"}})).succeeded()
    assert routed(vpc, execution.output) == set()
    assert routed(peer, execution.output) == {peer.main_table}
    [warning] = execution.output["Warnings"]
    assert "TableTags" in warning


@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_a_table_of_another_vpc_is_refused(world: World, machine: Machine, peer: Vpc, side: str) -> None:
    vpc = world.vpc("10.1.0.0/16")
    own, stranger = {"Routes": (vpc, peer), "PeerRoutes": (peer, vpc)}[side]
    selection = {"Tables": [own.main_table, stranger.main_table]}
    with world.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, **{side: selection})).failed("InvalidRequest")
    assert execution.cause["Field"] == f"{side}.Tables"
    assert stranger.main_table in execution.cause["Message"]


@pytest.mark.parametrize("selection", [{"Tables": "all"}, {"TableTags": {"tier": "edge"}}], ids=["all", "tags"])
def test_a_gateway_route_table_is_left_out_with_a_warning(
    world: World, machine: Machine, peer: Vpc, selection: dict[str, Any]
) -> None:
    vpc = world.vpc("10.1.0.0/16")
    gateway_table, ordinary = edge_table(vpc), vpc.table(tier="edge")
    expected = {ordinary, vpc.main_table} if "Tables" in selection else {ordinary}
    output = machine.run(request(vpc, peer, Routes=selection, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == expected
    [warning] = output["Warnings"]
    assert gateway_table in warning


def test_a_gateway_route_table_that_is_named_is_refused(world: World, machine: Machine, peer: Vpc) -> None:
    vpc = world.vpc("10.1.0.0/16")
    gateway_table = edge_table(vpc)
    routes = {"Tables": [vpc.main_table, gateway_table]}
    with world.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, Routes=routes)).failed("InvalidRequest")
    assert execution.cause["Field"] == "Routes.Tables"
    assert gateway_table in execution.cause["Message"]


def test_each_side_selects_for_itself_in_its_own_region(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16", region=HERE), world.vpc("10.2.0.0/16", region=THERE)
    vpc.table(tier="private")
    chosen = vpc.table()
    tagged = peer.table(tier="private")
    peer.table()
    selections = {"Routes": {"Tables": [chosen]}, "PeerRoutes": {"TableTags": {"tier": "private"}}}
    execution = machine.run(request(vpc, peer, **selections)).succeeded()
    assert routed(vpc, execution.output) == {chosen}
    assert routed(peer, execution.output) == {tagged}
    told = {(route["RouteTableId"], route["VpcId"], route["Region"]) for route in execution.output["Routes"]}
    assert told == {(chosen, vpc.id, HERE), (tagged, peer.id, THERE)}


@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_two_kinds_of_selection_at_once_are_refused(world: World, machine: Machine, peer: Vpc, side: str) -> None:
    vpc = world.vpc("10.1.0.0/16")
    selection = {"Tables": "all", "TableTags": {"tier": "private"}}
    with world.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, **{side: selection})).failed("InvalidRequest")
    assert execution.cause["Field"] == side


def routed(vpc: Vpc, output: dict[str, Any]) -> set[str]:
    """The tables that EC2 shows with a working route to the connection."""
    routes = vpc.routes_to(output["VpcPeeringConnectionId"])
    assert all(state == "active" for _, _, state in routes)
    return {table for table, _, _ in routes}


def edge_table(vpc: Vpc) -> str:
    """A route table for the traffic that comes in through an internet gateway."""
    table = vpc.table(tier="edge")
    vpc.ec2.associate_route_table(RouteTableId=table, GatewayId=vpc.internet_gateway())
    return table
