"""Every example under `examples/` runs as it stands, but for its ids: EC2 gives out its own.

Each runs in the same surroundings: two VPCs with an IPv4 and an IPv6 block and three route tables each, all of them what
an id, a tag or a block in an example stands for.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from .executions import Execution, Machine
from .world import HERE, HUB, Vpc, World

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.json"))
ID = re.compile(r"\b(?:vpc|rtb|subnet)-[0-9a-f]+\b")

BLOCKS = ("10.1.0.0/16", "2600:1f00:1::/56")
PEER_BLOCKS = ("10.2.0.0/16", "2600:1f00:2::/56")
TABLES = ("main", "rtb-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60002")
FIRST, SECOND = TABLES[1:]

Routes = set[tuple[str, str]]


def each(tables: Iterable[str], blocks: Iterable[str]) -> Routes:
    return {(table, block) for table in tables for block in blocks}


EVERYTHING = each(TABLES, PEER_BLOCKS)
PEER_EVERYTHING = each(TABLES, BLOCKS)

EXPECTED: dict[str, tuple[Routes, Routes]] = {
    "peer-two-vpcs.json": (EVERYTHING, PEER_EVERYTHING),
    "peer-with-another-region-and-account.json": (EVERYTHING, PEER_EVERYTHING),
    "route-every-table.json": (EVERYTHING, PEER_EVERYTHING),
    "route-only-the-main-tables.json": (each(["main"], PEER_BLOCKS), each(["main"], BLOCKS)),
    "route-one-side-only.json": (EVERYTHING, set()),
    "route-only-two-tables.json": (each([FIRST, SECOND], PEER_BLOCKS), PEER_EVERYTHING),
    "route-the-tables-of-two-subnets.json": (each(["main", FIRST], PEER_BLOCKS), PEER_EVERYTHING),
    "route-the-tables-with-two-tags.json": (each([SECOND], PEER_BLOCKS), PEER_EVERYTHING),
    "route-only-some-destinations.json": (
        each(["main"], ["10.2.3.0/24", "10.2.0.7/32", "2600:1f00:2:1::/64"]),
        each(TABLES, ["10.1.0.0/16"]),
    ),
    "resolve-dns-names.json": (EVERYTHING, PEER_EVERYTHING),
    "name-and-tag-the-connection.json": (EVERYTHING, PEER_EVERYTHING),
    "plan-and-change-nothing.json": (set(), set()),
}


class Surroundings:
    """What the examples speak of, made for one of them in the Regions and accounts that it names."""

    def __init__(self, world: World, example: dict[str, Any]) -> None:
        region, account = example.get("Region", HERE), example.get("OwnerId", HUB)
        self.vpc = world.vpc_with_dns(*BLOCKS, region=region, account=account)
        self.peer = world.vpc_with_dns(
            *PEER_BLOCKS, region=example.get("PeerRegion", region), account=example.get("PeerOwnerId", account)
        )
        self.tables = name_tables(self.vpc)
        self.peer_tables = name_tables(self.peer)
        first = next(table for table, name in self.tables.items() if name == FIRST)
        self.ids = {
            "vpc-0123456789abcdef0": self.vpc.id,
            "vpc-0fedcba9876543210": self.peer.id,
            "subnet-0a1b2c3d4e5f60001": self.vpc.subnet("10.1.1.0/24", first),
            "subnet-0a1b2c3d4e5f60002": self.vpc.subnet("10.1.2.0/24"),
            **{name: table for table, name in self.tables.items() if name != "main"},
        }

    def request(self, text: str) -> Any:
        """The example, with the ids that EC2 gave out."""
        return json.loads(ID.sub(lambda found: self.ids[found.group()], text))

    def routed(self, connection: str) -> tuple[Routes, Routes]:
        """What EC2 shows on either side, by the names that the examples use."""
        sides = (self.vpc, self.tables), (self.peer, self.peer_tables)
        routes, peer_routes = (
            {(tables[table], block) for table, block, state in vpc.routes_to(connection) if state == "active"}
            for vpc, tables in sides
        )
        return routes, peer_routes


def name_tables(vpc: Vpc) -> dict[str, str]:
    """Three tables of the VPC, by what the examples call them."""
    second = vpc.table(tier="private", team="payments")
    return {vpc.main_table: "main", vpc.table(tier="private"): FIRST, second: SECOND}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs_and_routes_what_it_says(world: World, machine: Machine, name: str) -> None:
    world.hurry()
    text = (EXAMPLES / name).read_text()
    example = json.loads(text)
    surroundings = Surroundings(world, example)

    execution = machine.run(surroundings.request(text)).succeeded()

    pcx = execution.output["VpcPeeringConnectionId"]
    if example.get("DryRun"):
        assert (pcx, execution.output["Status"]) == (None, "planned")
        assert execution.actions() == {"Created": len(EVERYTHING) + len(PEER_EVERYTHING)}
        assert surroundings.vpc.connections() == []
        return
    assert surroundings.routed(pcx) == EXPECTED[name]
    assert (execution.output["Status"], execution.output["Warnings"]) == ("active", [])
    assert execution.output["DnsResolution"] is example.get("DnsResolution", False)
    assert_tags_are_as_written(surroundings, execution, example)


def test_every_example_is_expected_and_every_expected_one_is_there() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_example_reads_well(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert text.endswith("}\n")
    assert text.index('"VpcId"') < text.index('"PeerVpcId"'), "the one end comes before the other"
    for found in ID.findall(text):
        assert len(found.partition("-")[2]) == 17, f"{found} is not as long as AWS's ids"


def assert_tags_are_as_written(surroundings: Surroundings, execution: Execution, example: dict[str, Any]) -> None:
    wished = {"Name": f"{surroundings.vpc.id}/{surroundings.peer.id}", **example.get("Tags", {})}
    if "Name" in example:
        wished["Name"] = example["Name"]
    for vpc in (surroundings.vpc, surroundings.peer):
        found = {tag["Key"]: tag["Value"] for tag in vpc.connection(execution.output["VpcPeeringConnectionId"])["Tags"]}
        assert found.items() >= wished.items()
