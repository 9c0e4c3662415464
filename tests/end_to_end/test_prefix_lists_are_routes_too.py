"""Routes to prefix lists: conflicts, warnings, quota; and routes of a VPC Route Server."""

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, Network, Vpc, request

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture(params=[HUB, MEMBER], ids=["one account", "two accounts"])
def pair(network: Network, request: pytest.FixtureRequest) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, account=request.param)


def route_to_list(vpc: Vpc, *blocks: str, most: int = 10) -> tuple[str, str]:
    """In the main table, to an internet gateway. The ids of both."""
    created = vpc.ec2.create_managed_prefix_list(
        PrefixListName="test", AddressFamily="IPv4", MaxEntries=most, Entries=[{"Cidr": block} for block in blocks]
    )
    prefix_list, gateway = created["PrefixList"]["PrefixListId"], vpc.internet_gateway()
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationPrefixListId=prefix_list, GatewayId=gateway)
    return prefix_list, gateway


def test_the_same_block_is_a_conflict(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    prefix_list, gateway = route_to_list(peer, "192.168.0.0/24", BLOCK)
    with network.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer)).failed("RouteConflict").cause
    target = f"{gateway} by the prefix list {prefix_list}"
    assert cause["Conflicts"] == [{"RouteTableId": peer.main_table, "DestinationCidrBlock": BLOCK, "Target": target}]


def test_in_an_established_peering_it_is_kept(machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    machine.run(request(vpc, peer)).succeeded()
    table = peer.table()
    created = peer.ec2.create_managed_prefix_list(
        PrefixListName="test", AddressFamily="IPv4", MaxEntries=3, Entries=[{"Cidr": BLOCK}]
    )
    prefix_list = created["PrefixList"]["PrefixListId"]
    peer.ec2.create_route(RouteTableId=table, DestinationPrefixListId=prefix_list, GatewayId=peer.internet_gateway())
    output = machine.run(request(vpc, peer)).succeeded().output
    [kept] = [route for route in output["Routes"] if route["Action"] == "Kept"]
    assert kept["RouteTableId"] == table and any(prefix_list in warning for warning in output["Warnings"])


def test_other_blocks_are_warnings(machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    prefix_list, _ = route_to_list(peer, "10.1.7.0/24", "10.0.0.0/8", "192.168.0.0/24")
    output = machine.run(request(vpc, peer)).succeeded().output
    told = " ".join(warning for warning in output["Warnings"] if prefix_list in warning)
    assert "10.1.7.0/24" in told and "10.0.0.0/8" in told and "192.168" not in told


def test_a_list_counts_with_all_that_it_may_have(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    network.control.set(quotas={"routes_per_table": 500})
    route_to_list(peer, "192.168.0.0/24", most=499)
    with network.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer)).failed("QuotaExceeded").cause
    assert (cause["RouteTableId"], cause["Limit"]) == (peer.main_table, 500)


def test_where_no_table_has_one_none_is_read(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    with network.calls() as calls:
        machine.run(request(*pair)).succeeded()
    assert calls.count("DescribeManagedPrefixLists", "GetManagedPrefixListEntries") == 0


def test_a_route_of_a_route_server_gives_way_with_a_warning(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    gateway = vpc.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    network.control.plant_propagated_route(HUB, HERE, vpc.main_table, PEER_BLOCK, gateway, "Advertisement")
    output = machine.run(request(vpc, peer)).succeeded().output
    assert [warning for warning in output["Warnings"] if "overrides one propagated" in warning]
