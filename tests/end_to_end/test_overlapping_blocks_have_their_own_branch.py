"""Overlapping CIDR blocks: every overlapping pair is named, in a branch of its own, and nothing is created."""

from typing import Any

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, THERE, Network, request

BRANCH = ["CreateRequest", "RecordFailure", "PublishFailure", "ChooseEnding", "OverlappingCidrs"]


def pairs(*of: tuple[str, str]) -> list[dict[str, str]]:
    return [{"CidrBlock": block, "PeerCidrBlock": peer_block} for block, peer_block in of]


def by_text(overlaps: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted((overlap["CidrBlock"], overlap["PeerCidrBlock"]) for overlap in overlaps)


@pytest.mark.parametrize(
    ("blocks", "peer_blocks", "overlapping"),
    [
        (["10.1.0.0/16"], ["10.1.0.0/16"], [("10.1.0.0/16", "10.1.0.0/16")]),
        (["10.1.0.0/16"], ["10.1.128.0/20"], [("10.1.0.0/16", "10.1.128.0/20")]),
        (["10.1.0.0/16"], ["10.2.0.0/16", "10.1.128.0/20"], [("10.1.0.0/16", "10.1.128.0/20")]),
        (["10.1.0.0/16", "10.3.0.0/20"], ["10.2.0.0/16", "10.3.0.0/16"], [("10.3.0.0/20", "10.3.0.0/16")]),
        (
            ["10.1.0.0/16", "2600:1f00:1::/56"],
            ["10.2.0.0/16", "2600:1f00:1::/56"],
            [("2600:1f00:1::/56", "2600:1f00:1::/56")],
        ),
        (
            ["10.1.0.0/16", "10.3.0.0/20", "10.4.0.0/16", "2600:1f00:1::/56"],
            ["10.1.0.0/20", "10.1.16.0/20", "10.3.0.0/16", "2600:1f00:1::/60"],
            [
                ("10.1.0.0/16", "10.1.0.0/20"),
                ("10.1.0.0/16", "10.1.16.0/20"),
                ("10.3.0.0/20", "10.3.0.0/16"),
                ("2600:1f00:1::/56", "2600:1f00:1::/60"),
            ],
        ),
    ],
    ids=["primary", "one inside the other", "secondary of one", "secondary of both", "IPv6 only", "several"],
)
@pytest.mark.parametrize("dry_run", [False, True], ids=["", "dry run"])
def test_every_overlapping_pair_is_named_whichever_end_comes_first(
    network: Network, machine: Machine, blocks: list[str], peer_blocks: list[str], overlapping: Any, dry_run: bool
) -> None:
    vpc, peer = network.vpc(*blocks), network.vpc(*peer_blocks)
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer, DryRun=dry_run)).failed("OverlappingCidrs")
        reversed_execution = machine.run(request(peer, vpc, DryRun=dry_run)).failed("OverlappingCidrs")
    assert vpc.everything()["connections"] == [], "no connection, not even a failed one"

    assert execution.states == reversed_execution.states == BRANCH
    assert by_text(execution.cause["Overlaps"]) == by_text(pairs(*overlapping))
    assert by_text(reversed_execution.cause["Overlaps"]) == by_text(pairs(*((b, a) for a, b in overlapping)))
    for pair in overlapping:
        assert f"{pair[0]} overlaps {pair[1]}" in execution.cause["Message"]


@pytest.mark.parametrize(("region", "account"), [(THERE, HUB), (HERE, MEMBER), (THERE, MEMBER)])
def test_blocks_in_another_region_and_account_are_compared_too(
    network: Network, machine: Machine, region: str, account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", "10.1.0.0/24", region=region, account=account)
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer)).failed("OverlappingCidrs")
    assert execution.states == BRANCH
    assert execution.cause["Overlaps"] == pairs(("10.1.0.0/16", "10.1.0.0/24"))


def test_a_block_that_was_removed_no_longer_overlaps(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", "10.1.0.0/24")
    machine.run(request(vpc, peer)).failed("OverlappingCidrs")
    described = peer.ec2.describe_vpcs(VpcIds=[peer.id])["Vpcs"][0]["CidrBlockAssociationSet"]
    [association] = [each["AssociationId"] for each in described if each["CidrBlock"] == "10.1.0.0/24"]
    peer.ec2.disassociate_vpc_cidr_block(AssociationId=association)
    output = machine.run(request(vpc, peer)).succeeded().output
    assert vpc.routes_to(output["VpcPeeringConnectionId"]) == {(vpc.main_table, "10.2.0.0/16", "active")}


def test_adjacent_blocks_do_not_overlap(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/17", "2600:1f00:1::/57"), network.vpc("10.1.128.0/17", "2600:1f00:1:80::/57")
    output = machine.run(request(vpc, peer)).succeeded().output
    assert [c["VpcPeeringConnectionId"] for c in vpc.connections("active")] == [output["VpcPeeringConnectionId"]]
