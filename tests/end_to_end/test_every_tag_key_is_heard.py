"""A change of any one key starts what it asks for by its event alone, in the hub's account and in a member's. No sweep helps."""

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
WHERE = pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, HUB), (THERE, MEMBER)], ids=["hub", "there", "member"])
"""Of the VPC whose tag is changed."""


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def pair(network: Network, region: str, account: str) -> tuple[Vpc, Vpc]:
    """A VPC there, and one of the hub that consents to it."""
    vpc, peer = network.vpc(BLOCK, region=region, account=account, consents=False), network.vpc(PEER_BLOCK)
    network.control.disturb_events(drop=1)
    peer.tag(isthmus__accept=vpc.id)
    return vpc, peer


def named(vpc: Vpc) -> str:
    return f"{vpc.id}@{vpc.region}@{vpc.account}"


def peered(vpc: Vpc, peer: Vpc, peerings: Peerings) -> str:
    vpc.tag(isthmus__peer=named(peer))
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    return pcx


@WHERE
@pytest.mark.parametrize("key", ["isthmus:peer", "isthmus:peer:1", "isthmus:peer:the vendors"])
def test_each_key_that_asks_peers(pair: tuple[Vpc, Vpc], peerings: Peerings, key: str) -> None:
    vpc, peer = pair
    vpc.ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": key, "Value": named(peer)}])
    peerings.wait_until_active(vpc, peer)
    vpc.untag(key)
    peerings.wait_until_removed(vpc, peer)


@pytest.mark.parametrize("key", ["isthmus:accept", "isthmus:accept:1", "isthmus:accept:friends"])
@pytest.mark.parametrize(("account", "other"), [(HUB, MEMBER), (MEMBER, HUB)], ids=["hub", "member"])
def test_each_key_that_consents_peers(network: Network, peerings: Peerings, account: str, other: str, key: str) -> None:
    vpc = network.vpc(BLOCK, region=THERE, account=account, consents=False)
    peer = network.vpc(PEER_BLOCK, account=other, consents=False)
    peer.tag(isthmus__peer=named(vpc))
    wait_until(lambda: peer.status(vpc).startswith("failed PeerNotTrusted "), "consent is missing")
    peerings.wait_for_executions(vpc, peer)
    vpc.ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": key, "Value": peer.id}])
    peerings.wait_until_active(peer, vpc)


@WHERE
@pytest.mark.parametrize("key", ["isthmus:routes", "isthmus:routes:<peer>"])
def test_each_key_that_selects_tables_narrows(pair: tuple[Vpc, Vpc], peerings: Peerings, key: str) -> None:
    vpc, peer = pair
    vpc.table()
    pcx = peered(vpc, peer, peerings)
    assert len(vpc.routes_to(pcx)) == 2
    vpc.ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": key.replace("<peer>", peer.id), "Value": "main"}])
    wait_until(lambda: {table for table, *_ in vpc.routes_to(pcx)} == {vpc.main_table}, "only the main table is routed")


@WHERE
def test_what_is_advertised_narrows_the_other_side(pair: tuple[Vpc, Vpc], peerings: Peerings) -> None:
    vpc, peer = pair
    pcx = peered(vpc, peer, peerings)
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    vpc.tag(isthmus__advertise="10.1.64.0/18")
    wait_until(lambda: peer.routes_to(pcx) == {(peer.main_table, "10.1.64.0/18", "active")}, "a part of the block is routed")
    vpc.untag("isthmus:advertise")
    wait_until(lambda: peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}, "all of it is routed again")


def test_clusters_that_share_a_block_reach_one_database_vpc(network: Network, peerings: Peerings) -> None:
    """EC2 peers no two VPCs that overlap, but both with a third: each cluster has its own routable block, and advertises that."""
    database = network.vpc("10.50.0.0/16")
    clusters = [network.vpc(block, "100.64.0.0/16", region=THERE) for block in ("10.51.0.0/16", "10.52.0.0/16")]
    for cluster, block in zip(clusters, ("10.51.0.0/16", "10.52.0.0/16"), strict=True):
        cluster.tag(isthmus__advertise=block, isthmus__peer=named(database))
        pcx = peerings.wait_until_active(cluster, database)
        assert database.routes_to(pcx) == {(database.main_table, block, "active")}
        assert cluster.routes_to(pcx) == {(cluster.main_table, "10.50.0.0/16", "active")}


def test_two_peers_with_one_block_serve_different_subnets(network: Network, peerings: Peerings) -> None:
    """A selection for each peer keeps their routes in tables of their own."""
    vpc = network.vpc(BLOCK)
    twins = [network.vpc("10.60.0.0/16", region=THERE) for _ in range(2)]
    tables = [vpc.table(), vpc.table()]
    subnets = [vpc.subnet(f"10.1.{number}.0/24", table) for number, table in enumerate(tables)]
    keys = {f"isthmus:routes:{twin.id}": subnet for twin, subnet in zip(twins, subnets, strict=True)}
    asks = {"isthmus:peer": " ".join(named(twin) for twin in twins)}
    vpc.ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": key, "Value": value} for key, value in (keys | asks).items()])
    for twin, table in zip(twins, tables, strict=True):
        pcx = peerings.wait_until_active(vpc, twin)
        assert vpc.routes_to(pcx) == {(table, "10.60.0.0/16", "active")}


@pytest.mark.parametrize("destination", ["10.12.0.0/15", "10.12.128.0/17"], ids=["of two blocks", "of a part of one"])
def test_a_destination_may_span_blocks_of_the_peer(network: Network, machine: Machine, destination: str) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc("10.12.0.0/16", "10.13.0.0/16", region=THERE)
    execution = machine.run(request(vpc, peer, Routes={"Destinations": [destination]})).succeeded()
    pcx = execution.output["VpcPeeringConnectionId"]
    assert vpc.routes_to(pcx) == {(vpc.main_table, destination, "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}


def test_a_destination_that_a_block_is_missing_of_is_refused(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc("10.12.0.0/16", "10.13.0.0/17", region=THERE)
    with network.untouched(vpc, peer):
        given = request(vpc, peer, Routes={"Destinations": ["10.12.0.0/15"]})
        cause = machine.run(given).failed("InvalidRequest").cause
    assert cause["Field"] == "Routes.Destinations" and "10.12.0.0/15" in cause["Message"]
