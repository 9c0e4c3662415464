"""The routed destinations: by default every block of the other VPC, or a part of one, down to one address."""

from typing import Any

import pytest

from .executions import Machine
from .network import THERE, Network, Vpc, request

NOTHING = {"Tables": "none"}


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def vpc(network: Network) -> Vpc:
    return network.vpc("10.1.0.0/16", "2600:1f00:1::/56")


@pytest.fixture
def peer(network: Network) -> Vpc:
    return network.vpc("10.2.0.0/16", "10.12.0.0/16", "2600:1f00:2::/56")


@pytest.mark.parametrize(
    ("written", "routed"),
    [
        ("10.2.0.0/16", "10.2.0.0/16"),
        ("10.12.0.0/16", "10.12.0.0/16"),
        ("10.2.3.0/24", "10.2.3.0/24"),
        ("10.12.128.0/17", "10.12.128.0/17"),
        ("10.2.0.7/32", "10.2.0.7/32"),
        ("10.2.0.7", "10.2.0.7/32"),
        ("2600:1f00:2::/56", "2600:1f00:2::/56"),
        ("2600:1f00:2:1::/64", "2600:1f00:2:1::/64"),
        ("2600:1f00:2::7", "2600:1f00:2::7/128"),
        ("2600:1F00:0002:0000::0007", "2600:1f00:2::7/128"),
    ],
    ids=[
        "the whole block", "a whole secondary block", "a part", "a part of a secondary block", "one address as a block",
        "one address", "the whole IPv6 block", "a part of the IPv6 block", "one IPv6 address", "one IPv6 address at length",
    ],
)  # fmt: skip
def test_a_block_a_part_of_it_or_one_address_is_routed(
    network: Network, machine: Machine, vpc: Vpc, peer: Vpc, written: str, routed: str
) -> None:
    selections = {"Routes": {"Destinations": [written]}, "PeerRoutes": NOTHING}
    output = machine.run(request(vpc, peer, **selections)).succeeded().output
    assert vpc.routes_to(output["VpcPeeringConnectionId"]) == {(vpc.main_table, routed, "active")}
    key = "DestinationIpv6CidrBlock" if ":" in routed else "DestinationCidrBlock"
    [route] = output["Routes"]
    assert route == {
        "RouteTableId": vpc.main_table, "VpcId": vpc.id, "Region": vpc.region, key: routed, "Action": "Created"
    }  # fmt: skip


def test_every_selected_table_gets_each_of_several_destinations_once(
    network: Network, machine: Machine, vpc: Vpc, peer: Vpc
) -> None:
    tables = [vpc.table(), vpc.table()]
    destinations = ["10.2.3.0/24", "10.12.0.7", "10.12.0.7/32", "2600:1f00:2:1::/64"]
    selections = {"Routes": {"Tables": tables, "Destinations": destinations}, "PeerRoutes": NOTHING}
    execution = machine.run(request(vpc, peer, **selections)).succeeded()
    expected = {(table, block, "active") for table in tables for block in ("10.2.3.0/24", "10.12.0.7/32", "2600:1f00:2:1::/64")}
    assert vpc.routes_to(execution.output["VpcPeeringConnectionId"]) == expected
    assert execution.actions() == {"Created": len(expected)}


def test_by_default_every_block_is_routed_primary_secondary_and_ipv6(
    network: Network, machine: Machine, vpc: Vpc, peer: Vpc
) -> None:
    output = machine.run(request(vpc, peer, PeerRoutes={"Tables": "main"})).succeeded().output
    pcx = output["VpcPeeringConnectionId"]
    assert {block for _, block, _ in vpc.routes_to(pcx)} == {"10.2.0.0/16", "10.12.0.0/16", "2600:1f00:2::/56"}
    assert {block for _, block, _ in peer.routes_to(pcx)} == {"10.1.0.0/16", "2600:1f00:1::/56"}


def test_each_side_has_its_own_destinations(network: Network, machine: Machine, vpc: Vpc) -> None:
    peer = network.vpc("10.2.0.0/16", "10.12.0.0/16", region=THERE)
    selections = {"Routes": {"Destinations": ["10.12.0.0/24"]}, "PeerRoutes": {"Destinations": ["10.1.0.7"]}}
    output = machine.run(request(vpc, peer, **selections)).succeeded().output
    pcx = output["VpcPeeringConnectionId"]
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.12.0.0/24", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.7/32", "active")}


@pytest.mark.parametrize(
    ("written", "corrected"),
    [("10.2.0.7/24", "10.2.0.0/24"), ("10.2.130.0/17", "10.2.128.0/17"), ("2600:1f00:2::7/64", "2600:1f00:2::/64")],
)
@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
def test_host_bits_are_refused_with_the_corrected_block(
    network: Network, machine: Machine, vpc: Vpc, peer: Vpc, side: str, written: str, corrected: str
) -> None:
    pair = (vpc, peer) if side == "Routes" else (peer, vpc)
    with network.untouched(vpc, peer):
        execution = machine.run(request(*pair, **{side: {"Destinations": [written]}})).failed("InvalidRequest")
    assert execution.cause["Field"].startswith(f"{side}.Destinations")
    assert f"write {corrected}" in execution.cause["Message"]


@pytest.mark.parametrize(
    "outside",
    ["10.3.0.0/16", "10.3.0.7", "10.1.0.0/24", "10.2.0.0/15", "0.0.0.0/0", "2600:1f00:3::/64", "2600:1f00:2::/48", "::/0"],
    ids=[
        "another block", "another address", "a block of its own VPC", "more than the block", "everything",
        "another IPv6 block", "more than the IPv6 block", "everything in IPv6",
    ],
)  # fmt: skip
def test_a_destination_outside_the_other_vpc_is_refused(
    network: Network, machine: Machine, vpc: Vpc, peer: Vpc, outside: str
) -> None:
    selection = {"Destinations": ["10.2.3.0/24", outside]}
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, Routes=selection)).failed("InvalidRequest")
    assert execution.cause["Field"] == "Routes.Destinations"
    assert outside in execution.cause["Message"]
    for block in ("10.2.0.0/16", "10.12.0.0/16", "2600:1f00:2::/56"):
        assert block in execution.cause["Message"], "the message lists the blocks of the VPC"


def test_the_peer_s_destinations_are_checked_against_the_first_vpc(network: Network, machine: Machine, vpc: Vpc, peer: Vpc) -> None:
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, PeerRoutes={"Destinations": ["10.2.3.0/24"]})).failed("InvalidRequest")
    assert execution.cause["Field"] == "PeerRoutes.Destinations"
    assert "10.1.0.0/16" in execution.cause["Message"]


@pytest.mark.parametrize("destinations", [[], ["10.2.0/24"], ["10.2.0.0/33"], ["example.org"], [""]])
def test_an_invalid_destination_is_refused(
    network: Network, machine: Machine, vpc: Vpc, peer: Vpc, destinations: list[Any]
) -> None:
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, Routes={"Destinations": destinations})).failed("InvalidRequest")
    assert execution.cause["Field"].startswith("Routes.Destinations")
