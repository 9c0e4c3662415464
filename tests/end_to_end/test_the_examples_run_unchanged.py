"""Every example under `examples/` runs unchanged, except for its ids, which EC2 assigns.

Each runs with two VPCs that have an IPv4 and an IPv6 block and three route tables each: the VPCs, tables, subnets and tags
that the examples name. A vendor accepts what waits for it, and the example runs once more.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from .executions import Execution, Machine
from .network import HERE, HUB, VENDOR, Network, Vpc
from .vendors import accept

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.json"))
ID = re.compile(r"\b(?:vpc|rtb|subnet)-[0-9a-f]+\b")

BLOCKS = ("10.1.0.0/16", "2600:1f00:1::/56")
PEER_BLOCKS = ("10.2.0.0/16", "2600:1f00:2::/56")
MORE_PEER_BLOCKS = {"route-one-aggregate.json": ["10.3.0.0/16"]}
TABLES = ("main", "rtb-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60002")
FIRST, SECOND = TABLES[1:]

Routes = set[tuple[str, str]]


def each(tables: Iterable[str], blocks: Iterable[str]) -> Routes:
    return {(table, block) for table in tables for block in blocks}


EVERYTHING = each(TABLES, PEER_BLOCKS)
PEER_EVERYTHING = each(TABLES, BLOCKS)

EXPECTED: dict[str, tuple[Routes, Routes]] = {
    "ask-a-vendor.json": (EVERYTHING, set()),
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
    "route-one-aggregate.json": (each(TABLES, ["10.2.0.0/15"]), PEER_EVERYTHING),
    "resolve-dns-names.json": (EVERYTHING, PEER_EVERYTHING),
    "name-and-tag-the-connection.json": (EVERYTHING, PEER_EVERYTHING),
    "plan-and-change-nothing.json": (set(), set()),
}


class Resources:
    """The resources that the examples name, created for one of them in its Regions and accounts."""

    def __init__(self, network: Network, example: dict[str, Any], more: Iterable[str] = ()) -> None:
        region, account = example.get("Region", HERE), example.get("OwnerId", HUB)
        self.vpc = network.vpc_with_dns(*BLOCKS, region=region, account=account)
        self.peer = network.vpc_with_dns(
            *PEER_BLOCKS, *more, region=example.get("PeerRegion", region), account=example.get("PeerOwnerId", account)
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
        """The example with the ids that EC2 assigned."""
        return json.loads(ID.sub(lambda found: self.ids[found.group()], text))

    def routed(self, connection: str) -> tuple[Routes, Routes]:
        """The routes of both sides in EC2, by the names that the examples use."""
        sides = (self.vpc, self.tables), (self.peer, self.peer_tables)
        routes, peer_routes = (
            {(tables[table], block) for table, block, state in vpc.routes_to(connection) if state == "active"}
            for vpc, tables in sides
        )
        return routes, peer_routes


def name_tables(vpc: Vpc) -> dict[str, str]:
    """Three tables of the VPC, by the names in the examples."""
    second = vpc.table(tier="private", team="payments")
    return {vpc.main_table: "main", vpc.table(tier="private"): FIRST, second: SECOND}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs_and_writes_the_expected_routes(network: Network, machine: Machine, name: str) -> None:
    network.remove_delays()
    text = (EXAMPLES / name).read_text()
    example = json.loads(text)
    resources = Resources(network, example, MORE_PEER_BLOCKS.get(name, ()))

    execution = machine.run(resources.request(text)).succeeded()

    pcx = execution.output["VpcPeeringConnectionId"]
    if resources.peer.account == VENDOR:
        assert execution.output["Status"] == "pending-acceptance"
        accept(resources.peer, pcx)
        execution = machine.run(resources.request(text)).succeeded()
    if example.get("DryRun"):
        assert (pcx, execution.output["Status"]) == (None, "planned")
        assert execution.actions() == {"Created": len(EVERYTHING) + len(PEER_EVERYTHING)}
        assert resources.vpc.connections() == []
        return
    assert resources.routed(pcx) == EXPECTED[name]
    assert (execution.output["Status"], execution.output["Warnings"]) == ("active", [])
    assert execution.output["DnsResolution"] is example.get("DnsResolution", False)
    assert_tags_are_as_written(resources, execution, example)


def test_every_example_has_its_expected_routes() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_well_formatted(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert text.endswith("}\n")
    assert text.index('"VpcId"') < text.index('"PeerVpcId"'), "VpcId comes before PeerVpcId"
    for found in ID.findall(text):
        assert len(found.partition("-")[2]) == 17, f"{found} is not as long as AWS's ids"


def assert_tags_are_as_written(resources: Resources, execution: Execution, example: dict[str, Any]) -> None:
    expected = {"Name": f"{resources.vpc.id}/{resources.peer.id}", **example.get("Tags", {})}
    if "Name" in example:
        expected["Name"] = example["Name"]
    for vpc in [each for each in (resources.vpc, resources.peer) if each.account != VENDOR]:
        found = {tag["Key"]: tag["Value"] for tag in vpc.connection(execution.output["VpcPeeringConnectionId"])["Tags"]}
        assert found.items() >= expected.items()
