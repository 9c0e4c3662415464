"""Which route tables get routes: all, the main one, none, by id, by subnet or by tag, for each side separately.

Each VPC has one block, so it is enough to compare the tables that have a route to the connection.
"""

from typing import Any

import pytest

from .executions import Machine
from .network import HERE, THERE, Network, Vpc, request

NOTHING = {"Tables": "none"}
MAIN, FIRST, SECOND = range(3)


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def peer(network: Network) -> Vpc:
    return network.vpc("10.2.0.0/16")


@pytest.mark.parametrize(
    ("value", "chosen"), [("all", {MAIN, FIRST, SECOND}), ("main", {MAIN}), ("none", set())], ids=["all", "main", "none"]
)
def test_a_keyword_selects_every_table_the_main_one_or_none(
    network: Network, machine: Machine, peer: Vpc, value: str, chosen: set[int]
) -> None:
    vpc, unrelated = network.vpc("10.1.0.0/16"), network.vpc("10.3.0.0/16")
    tables = [vpc.main_table, vpc.table(), vpc.table()]
    unrelated.table()
    before = unrelated.tables()

    execution = machine.run(request(vpc, peer, Routes={"Tables": value}, PeerRoutes=NOTHING)).succeeded()

    assert routed(vpc, execution.output) == {tables[index] for index in chosen}
    assert execution.actions() == ({"Created": len(chosen)} if chosen else {})
    assert execution.output["Warnings"] == []
    assert unrelated.tables() == before


def test_ids_select_those_tables_only(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    chosen = {vpc.table(), vpc.table()}
    vpc.table()
    output = machine.run(request(vpc, peer, Routes={"Tables": sorted(chosen)}, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == chosen


def test_a_subnet_selects_the_table_it_is_associated_with(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    associated, another = vpc.table(), vpc.table()
    subnet = vpc.subnet("10.1.1.0/24", associated)
    vpc.subnet("10.1.2.0/24", another)
    output = machine.run(request(vpc, peer, Routes={"Subnets": [subnet]}, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == {associated}


def test_a_subnet_without_its_own_table_selects_the_main_table(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    vpc.subnet("10.1.1.0/24", vpc.table())
    subnet = vpc.subnet("10.1.2.0/24")
    output = machine.run(request(vpc, peer, Routes={"Subnets": [subnet]}, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == {vpc.main_table}


def test_several_subnets_select_each_table_once(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    shared, unused = vpc.table(), vpc.table()
    subnets = [vpc.subnet("10.1.1.0/24", shared), vpc.subnet("10.1.2.0/24", shared), vpc.subnet("10.1.3.0/24")]
    execution = machine.run(request(vpc, peer, Routes={"Subnets": subnets}, PeerRoutes=NOTHING)).succeeded()
    assert routed(vpc, execution.output) == {shared, vpc.main_table}
    assert unused not in routed(vpc, execution.output)
    assert execution.actions() == {"Created": 2}


@pytest.mark.parametrize("has_its_own_table", [True, False], ids=["associated", "on the main table"])
@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_a_subnet_of_another_vpc_is_refused(
    network: Network, machine: Machine, peer: Vpc, side: str, has_its_own_table: bool
) -> None:
    vpc, stranger = network.vpc("10.1.0.0/16"), network.vpc("10.3.0.0/16")
    subnet = stranger.subnet("10.3.1.0/24", stranger.table() if has_its_own_table else None)
    with network.untouched(vpc, peer, stranger):
        execution = machine.run(request(vpc, peer, **{side: {"Subnets": [subnet]}})).failed("InvalidRequest")
    assert execution.cause["Field"] == f"{side}.Subnets"
    assert subnet in execution.cause["Message"]


def test_tags_select_the_tables_that_have_all_of_them(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    both = vpc.table(tier="private", team="payments", zone="a")
    vpc.table(tier="private")
    vpc.table(tier="private", team="search")
    vpc.table(tier="public", team="payments")
    routes = {"TableTags": {"tier": "private", "team": "payments"}}
    output = machine.run(request(vpc, peer, Routes=routes, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == {both}
    assert output["Warnings"] == []


def test_tags_that_no_table_has_route_nothing_and_cause_a_warning(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    vpc.table(tier="private")
    execution = machine.run(request(vpc, peer, Routes={"TableTags": {"tier": "Private"}})).succeeded()
    assert routed(vpc, execution.output) == set()
    assert routed(peer, execution.output) == {peer.main_table}
    [warning] = execution.output["Warnings"]
    assert "TableTags" in warning


@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_a_table_of_another_vpc_is_refused(network: Network, machine: Machine, peer: Vpc, side: str) -> None:
    vpc = network.vpc("10.1.0.0/16")
    own, stranger = {"Routes": (vpc, peer), "PeerRoutes": (peer, vpc)}[side]
    selection = {"Tables": [own.main_table, stranger.main_table]}
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, **{side: selection})).failed("InvalidRequest")
    assert execution.cause["Field"] == f"{side}.Tables"
    assert stranger.main_table in execution.cause["Message"]


@pytest.mark.parametrize("selection", [{"Tables": "all"}, {"TableTags": {"tier": "edge"}}], ids=["all", "tags"])
def test_a_gateway_route_table_is_left_out_with_a_warning(
    network: Network, machine: Machine, peer: Vpc, selection: dict[str, Any]
) -> None:
    vpc = network.vpc("10.1.0.0/16")
    gateway_table, ordinary = edge_table(vpc), vpc.table(tier="edge")
    expected = {ordinary, vpc.main_table} if "Tables" in selection else {ordinary}
    output = machine.run(request(vpc, peer, Routes=selection, PeerRoutes=NOTHING)).succeeded().output
    assert routed(vpc, output) == expected
    [warning] = output["Warnings"]
    assert gateway_table in warning


def test_a_gateway_route_table_that_is_named_is_refused(network: Network, machine: Machine, peer: Vpc) -> None:
    vpc = network.vpc("10.1.0.0/16")
    gateway_table = edge_table(vpc)
    routes = {"Tables": [vpc.main_table, gateway_table]}
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, Routes=routes)).failed("InvalidRequest")
    assert execution.cause["Field"] == "Routes.Tables"
    assert gateway_table in execution.cause["Message"]


def test_each_side_has_its_own_selection_in_its_own_region(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16", region=HERE), network.vpc("10.2.0.0/16", region=THERE)
    vpc.table(tier="private")
    chosen = vpc.table()
    tagged = peer.table(tier="private")
    peer.table()
    selections = {"Routes": {"Tables": [chosen]}, "PeerRoutes": {"TableTags": {"tier": "private"}}}
    execution = machine.run(request(vpc, peer, **selections)).succeeded()
    assert routed(vpc, execution.output) == {chosen}
    assert routed(peer, execution.output) == {tagged}
    reported = {(route["RouteTableId"], route["VpcId"], route["Region"]) for route in execution.output["Routes"]}
    assert reported == {(chosen, vpc.id, HERE), (tagged, peer.id, THERE)}


@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_two_kinds_of_selection_at_once_are_refused(network: Network, machine: Machine, peer: Vpc, side: str) -> None:
    vpc = network.vpc("10.1.0.0/16")
    selection = {"Tables": "all", "TableTags": {"tier": "private"}}
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, **{side: selection})).failed("InvalidRequest")
    assert execution.cause["Field"] == side


def routed(vpc: Vpc, output: dict[str, Any]) -> set[str]:
    """The tables that have an active route to the connection, by EC2."""
    routes = vpc.routes_to(output["VpcPeeringConnectionId"])
    assert all(state == "active" for _, _, state in routes)
    return {table for table, _, _ in routes}


def edge_table(vpc: Vpc) -> str:
    """A gateway route table, associated with an internet gateway."""
    table = vpc.table(tier="edge")
    vpc.ec2.associate_route_table(RouteTableId=table, GatewayId=vpc.internet_gateway())
    return table
