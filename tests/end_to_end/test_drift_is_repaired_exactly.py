"""What was written and is no longer desired goes, in whatever way the desire changed. Nothing else goes.

Each case peers two VPCs by a tag, adds a route of somebody else to the same connection, and changes the desire without an event
of its own where there is none. The sweep does the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from .executions import Machine
from .ledger import Ledger
from .network import HERE, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift
from .tagging import Peerings

BLOCK, PEER_BLOCK, SECOND_BLOCK = "10.1.0.0/16", "10.2.0.0/16", "10.12.0.0/16"
BY_HAND = "10.2.9.0/24"
"""A part of the peer's block that somebody else routes to our connection."""

Routes = set[tuple[str, str]]


@dataclass
class Tables:
    """The tables of the first VPC."""

    vpc: Vpc
    main: str
    private: str
    public: str
    subnet: str


@dataclass(frozen=True)
class Case:
    """A selection, the routes that it means, a change, and the routes that it means then."""

    selection: Callable[[Tables], str]
    before: Callable[[Tables], set[str]]
    change: Callable[[Tables, Vpc], None]
    after: Callable[[Tables], set[str]]


def retag(tables: Tables, peer: Vpc) -> None:
    tables.vpc.ec2.create_tags(Resources=[tables.private], Tags=[{"Key": "tier", "Value": "public"}])


def untag(tables: Tables, peer: Vpc) -> None:
    tables.vpc.ec2.delete_tags(Resources=[tables.private], Tags=[{"Key": "tier"}])


def exchange_main(tables: Tables, peer: Vpc) -> None:
    described = tables.vpc.ec2.describe_route_tables(RouteTableIds=[tables.main])["RouteTables"][0]
    [association] = [each["RouteTableAssociationId"] for each in described["Associations"] if each["Main"]]
    tables.vpc.ec2.replace_route_table_association(AssociationId=association, RouteTableId=tables.public)


def move_subnet(tables: Tables, peer: Vpc) -> None:
    described = tables.vpc.ec2.describe_route_tables(RouteTableIds=[tables.private])["RouteTables"][0]
    [association] = [each["RouteTableAssociationId"] for each in described["Associations"]]
    tables.vpc.ec2.replace_route_table_association(AssociationId=association, RouteTableId=tables.public)


def release_subnet(tables: Tables, peer: Vpc) -> None:
    """It uses the main table from then on."""
    described = tables.vpc.ec2.describe_route_tables(RouteTableIds=[tables.private])["RouteTables"][0]
    [association] = [each["RouteTableAssociationId"] for each in described["Associations"]]
    tables.vpc.ec2.disassociate_route_table(AssociationId=association)


def shorten_list(tables: Tables, peer: Vpc) -> None:
    tables.vpc.tag(isthmus__routes=tables.public)


def select_by_other_means(tables: Tables, peer: Vpc) -> None:
    tables.vpc.tag(isthmus__routes=f"{tables.subnet}")


def exclude(tables: Tables, peer: Vpc) -> None:
    """Its owner keeps us out: what is there stays."""
    tables.vpc.ec2.create_tags(Resources=[tables.private], Tags=[{"Key": "isthmus:exclude", "Value": "true"}])


CASES = {
    "a table changes its tag": Case(lambda t: "tag:tier=private", lambda t: {t.private}, retag, lambda t: set()),
    "a table loses its tag": Case(lambda t: "tag:tier=private", lambda t: {t.private}, untag, lambda t: set()),
    "the main table is exchanged": Case(lambda t: "main", lambda t: {t.main}, exchange_main, lambda t: {t.public}),
    "a subnet moves": Case(lambda t: t.subnet, lambda t: {t.private}, move_subnet, lambda t: {t.public}),
    "a subnet uses the main table": Case(lambda t: t.subnet, lambda t: {t.private}, release_subnet, lambda t: {t.main}),
    "the list is shorter": Case(
        lambda t: f"{t.private} {t.public}", lambda t: {t.private, t.public}, shorten_list, lambda t: {t.public}
    ),
    "selected by other means": Case(
        lambda t: "all", lambda t: {t.main, t.private, t.public}, select_by_other_means, lambda t: {t.private}
    ),
    "a table is excluded": Case(
        lambda t: "tag:tier=private", lambda t: {t.private}, exclude, lambda t: {t.private}
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def three_tables(network: Network) -> Tables:
    vpc = network.vpc(BLOCK)
    private, public = vpc.table(tier="private"), vpc.table(tier="public")
    return Tables(vpc, vpc.main_table, private, public, vpc.subnet("10.1.1.0/24", private))


def routes(vpc: Vpc, pcx: str) -> Routes:
    return {(table, block) for table, block, _ in vpc.routes_to(pcx)}


def connection_of(vpc: Vpc) -> str:
    [connection] = vpc.connections("active")
    return connection["VpcPeeringConnectionId"]


def write_by_hand(vpc: Vpc, table: str, pcx: str, block: str = BY_HAND) -> None:
    vpc.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, VpcPeeringConnectionId=pcx)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_was_written_and_is_no_longer_desired_goes(
    network: Network, peerings: Peerings, ledger: Ledger, sweep: Sweep, case: Case
) -> None:
    tables, peer = three_tables(network), network.vpc(PEER_BLOCK, region=THERE)
    vpc = tables.vpc
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes=case.selection(tables))
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    assert routes(vpc, pcx) == {(table, PEER_BLOCK) for table in case.before(tables)}
    for table in (tables.main, tables.private, tables.public):
        write_by_hand(vpc, table, pcx)
    case.change(tables, peer)
    peerings.wait_for_executions(vpc, peer)
    sweep()
    peerings.wait_for_executions(vpc, peer)
    by_hand = {(table, BY_HAND) for table in (tables.main, tables.private, tables.public)}
    ours = {(table, PEER_BLOCK) for table in case.after(tables)}
    assert routes(vpc, pcx) == ours | by_hand
    assert ledger.routes(vpc, peer) == ours | {(peer.main_table, BLOCK)}
    assert drift(sweep(DryRun=True), vpc) == []


def test_a_block_that_is_replaced_by_a_part_of_it(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """The /16 is no longer routed, the /18 within it is; what somebody else routes of it stays."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, SECOND_BLOCK, region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    write_by_hand(vpc, vpc.main_table, pcx, "10.12.128.0/20")
    associations = peer.ec2.describe_vpcs(VpcIds=[peer.id])["Vpcs"][0]["CidrBlockAssociationSet"]
    [association] = [each["AssociationId"] for each in associations if each["CidrBlock"] == SECOND_BLOCK]
    peer.ec2.disassociate_vpc_cidr_block(AssociationId=association)
    peer.add_block("10.12.64.0/18")
    sweep()
    peerings.wait_for_executions(vpc, peer)
    expected = {PEER_BLOCK, "10.12.64.0/18", "10.12.128.0/20"}
    assert routes(vpc, pcx) == {(vpc.main_table, block) for block in expected}


def test_an_adopted_connection_is_narrowed_and_released(
    network: Network, peerings: Peerings, ledger: Ledger, teardown: Machine
) -> None:
    """Made by hand, with one route by hand: we take back what we wrote, and nothing else."""
    tables, peer = three_tables(network), network.vpc(PEER_BLOCK, region=THERE)
    vpc = tables.vpc
    pcx = network.peer_manually(vpc, peer)
    write_by_hand(vpc, tables.main, pcx, PEER_BLOCK)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    assert peerings.wait_until_active(vpc, peer) == pcx
    peerings.wait_for_executions(vpc, peer)
    assert {table for table, _ in routes(vpc, pcx)} == {tables.main, tables.private, tables.public}

    vpc.tag(isthmus__routes=tables.public)
    peerings.wait_for_executions(vpc, peer, at_least=2)
    assert {table for table, _ in routes(vpc, pcx)} == {tables.main, tables.public}
    assert ledger.item(vpc, peer)["Connection"] == {"Id": pcx, "Made": False}

    vpc.untag("isthmus:peer")
    wait_until(lambda: bool(teardown.executions(f"{vpc.id}_{peer.id}")), "the teardown has started")
    output = teardown.wait(teardown.executions(f"{vpc.id}_{peer.id}")[0]).succeeded().output
    assert output["Status"] == "released"
    assert {(route["RouteTableId"], route["Action"]) for route in output["Routes"]} == {
        (tables.public, "Deleted"),
        (peer.main_table, "Deleted"),
    }
    assert routes(vpc, pcx) == {(tables.main, PEER_BLOCK)} and routes(peer, pcx) == set()
    assert connection_of(vpc) == pcx


def test_a_pipeline_that_runs_again_with_less_narrows(network: Network, machine: Machine) -> None:
    tables, peer = three_tables(network), network.vpc(PEER_BLOCK, region=HERE)
    vpc = tables.vpc
    machine.run(request(vpc, peer)).succeeded()
    pcx = connection_of(vpc)
    write_by_hand(vpc, tables.private, pcx)
    output = machine.run(request(vpc, peer, Routes={"Tables": "main"}, PeerRoutes={"Tables": "none"})).succeeded().output
    deleted = {route["RouteTableId"] for route in output["Routes"] if route["Action"] == "Deleted"}
    assert deleted == {tables.private, tables.public, peer.main_table}
    assert routes(vpc, pcx) == {(tables.main, PEER_BLOCK), (tables.private, BY_HAND)} and routes(peer, pcx) == set()
