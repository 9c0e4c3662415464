"""What tags ask for, by the rules of docs/REFERENCE.md, and the owner who changes them; without a cloud."""

from collections import Counter
from typing import Any

import pytest

from end_to_end.chaos.disturbances import Disturbances
from end_to_end.chaos.owned import OTHER_MEMBER, Owned, are_to_peer, group_accounts, resolve_names, routes
from end_to_end.chaos.owner import Owner
from end_to_end.chaos.report import rows
from end_to_end.chaos.run import Result
from end_to_end.chaos.sizes import SMALL, large
from end_to_end.chaos.world import EXCLUDED, PLACES, World
from end_to_end.network import HERE, HUB, MEMBER, Vpc

GROUPS = ["one", "two", "three"]
ONE, TWO, THREE = GROUPS


class Ec2:
    """Keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda **parameters: self.calls.append((name, parameters))


def owned(number: int, account: str = HUB, region: str = HERE, ec2: Any = None, **fields: Any) -> Owned:
    vpc = Vpc(f"vpc-{number:08x}", region, account, f"rtb-{number}", ec2)
    return Owned(vpc, number, [f"rtb-{number}", f"rtb-{number}b"], [f"10.{number}.0.0/16"], [], f"vpc {number}", **fields)


def peer(one: Owned, other: Owned) -> None:
    one.peers[other.id] = other.word


def test_inside_an_account_one_tag_is_enough() -> None:
    one, other = owned(1), owned(2)
    assert not are_to_peer(one, other, GROUPS)
    peer(one, other)
    assert are_to_peer(one, other, GROUPS) and are_to_peer(other, one, GROUPS)


@pytest.mark.parametrize(("accepts", "may"), [(set(), False), ({OTHER_MEMBER}, False), ({HUB}, True)])
def test_across_accounts_the_other_end_consents(accepts: set[str], may: bool) -> None:
    one, other = owned(1), owned(2, MEMBER, accepts=accepts)
    peer(one, other)
    assert are_to_peer(one, other, GROUPS) == may
    peer(other, one)
    assert are_to_peer(one, other, GROUPS), "naming is consent as well"


def test_what_ec2_or_an_owner_forbids() -> None:
    one, other = owned(1), owned(2)
    peer(one, other)
    other.is_excluded = True
    assert not are_to_peer(one, other, GROUPS)
    other.is_excluded, other.blocks = False, ["10.2.0.0/16", "10.1.128.0/20"]
    assert not are_to_peer(one, other, GROUPS)


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        (("hub", "spoke"), True),
        (("spoke", "hub"), True),
        (("hub", "hub"), True),
        (("mesh", "mesh"), True),
        (("hub", "mesh"), True),
        (("spoke", "spoke"), False),
        (("mesh", "spoke"), False),
    ],
)
def test_roles_make_pairs(roles: tuple[str, str], may: bool) -> None:
    one, other = (owned(number, roles={THREE: role}) for number, role in enumerate(roles))
    assert are_to_peer(one, other, GROUPS) == may
    other.roles = {TWO: roles[1]}
    assert not are_to_peer(one, other, GROUPS), "two groups"


def test_group_accounts_admit_or_the_owners_consent() -> None:
    hub, spoke = owned(1, roles={ONE: "hub"}), owned(2, OTHER_MEMBER, roles={ONE: "spoke"})
    assert are_to_peer(hub, spoke, GROUPS)
    hub, spoke = owned(1, MEMBER, roles={ONE: "hub"}), owned(2, OTHER_MEMBER, roles={ONE: "spoke"})
    assert not are_to_peer(hub, spoke, GROUPS), "the hub isn't admitted"
    hub.accepts = {OTHER_MEMBER}
    assert not are_to_peer(hub, spoke, GROUPS), "one consents"
    spoke.accepts = {MEMBER}
    assert are_to_peer(hub, spoke, GROUPS)
    everybody = f"{HUB},{MEMBER},{OTHER_MEMBER}"
    assert group_accounts(GROUPS) == (
        f"one:hub={HUB} one:spoke=* two:mesh={HUB},{MEMBER} three:hub={everybody} three:mesh={everybody} three:spoke=*"
    )


def test_routes_and_names() -> None:
    one, other = owned(1), owned(2)
    other.blocks.append("100.64.0.0/16")
    assert routes(one, other) == {(table, block) for table in one.tables for block in other.blocks}
    one.routes, other.advertised = "main", ["10.2.0.0/16"]
    assert routes(one, other) == {("rtb-1", "10.2.0.0/16")}
    assert not resolve_names(one, other)
    one.dns = "on"
    assert resolve_names(one, other) and resolve_names(other, one)
    other.dns = "off"
    assert not resolve_names(one, other)


def changed(seed: str, changes: int) -> tuple[Owner, World, list[tuple[str, dict[str, Any]]]]:
    ec2 = Ec2()
    places = [PLACES[number % len(PLACES)] for number in range(SMALL.vpcs)]
    vpcs = [owned(number, account, region, ec2) for number, (region, account) in enumerate(places)]
    vpcs[EXCLUDED].is_excluded = True
    world = World(vpcs, vpcs[0].vpc, GROUPS, {})
    owner = Owner(world, SMALL, seed)
    for _ in range(changes):
        owner.change_something()
    return owner, world, ec2.calls


def test_the_same_seed_makes_the_same_changes() -> None:
    assert changed("7", 200)[2] == changed("7", 200)[2] != changed("8", 200)[2]


def test_the_owner_changes_everything_and_takes_away_no_more_than_may_be() -> None:
    owner, world, _ = changed("7", 400)
    assert len(owner.changes) == 7 and sum(owner.changes.values()) == 400
    assert SMALL.removals is not None and 0 < owner.removals <= SMALL.removals
    owner.lift_exclusions()
    assert [vpc.number for vpc in world.vpcs if vpc.is_excluded] == [EXCLUDED]


def test_what_is_written_is_what_the_tags_are_to_be() -> None:
    _, world, calls = changed("7", 400)
    written: dict[str, dict[str, str]] = {vpc.id: {"Name": vpc.name} for vpc in world.vpcs}
    written[world.vpcs[EXCLUDED].id]["isthmus:exclude"] = "true"
    for name, parameters in calls:
        for tag in parameters.get("Tags", []):
            tags = written[parameters["Resources"][0]]
            tags.pop(tag["Key"], None) if name == "delete_tags" else tags.update({tag["Key"]: tag["Value"]})
    assert written == {vpc.id: vpc.tags() for vpc in world.vpcs}
    assert Counter(name for name, _ in calls)["associate_vpc_cidr_block"] == sum(len(vpc.blocks) - 1 for vpc in world.vpcs)


def test_the_table_says_what_went_wrong() -> None:
    result = Result(
        seed="7", size=large(60), changes={"peer": 2, "dns": 1}, removals=1, sweeps_meanwhile=5, peered=3,
        started_by_sweep=4, releases=2,
        disturbances=Disturbances({"Sent": 9, "Dropped": 1}, {"Throttled": 5}, {"Lost": 0}, 2),
        executions={"peering": {"SUCCEEDED": 5, "PeerNotTrusted": 1}}, dead_letters={"unaccounted for": 0},
        told_later=0, differences=["one"],
    )  # fmt: skip
    shown = dict(rows({"day": "today", "machine": "this one", **result.as_document()}))
    assert shown["changes"] == "3: 2 peer, 1 dns" and shown["events"] == "9 Sent, 1 Dropped"
    assert shown["executions of peering"] == "5 SUCCEEDED, 1 PeerNotTrusted" and shown["dead letters"] == "none"
    assert "2 more to release" in shown["sweeps in the end"] and shown["differences from what the tags ask for"] == "**1**"
