"""What groups no longer ask for goes: after `TeardownDelay`, routes first, under the brake of the group."""

import pytest

from .clients import setting
from .grouping import Groups, peered, status
from .ledger import Ledger
from .listening import Listener
from .network import HUB, MEMBER, THERE, Network, Vpc, wait_until
from .sweeping import Sweep

HELD = "VPC Peering Teardowns Held"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def star(network: Network, groups: Groups, group: str, spokes: int) -> tuple[Vpc, list[Vpc]]:
    hub, found = network.vpc("10.255.0.0/16"), [network.vpc(f"10.{number}.0.0/16", region=THERE) for number in range(spokes)]
    groups.join(group, hub, role="hub")
    groups.join(group, *found, role="spoke")
    assert groups.run(group)["SetUp"] == spokes
    return hub, found


def leave(network: Network, *vpcs: Vpc) -> None:
    """Without an event: the tests start the runs."""
    network.control.disturb_events(drop=len(vpcs))
    for vpc in vpcs:
        vpc.untag("isthmus:group")


def test_a_member_that_leaves_takes_its_own_pairs(network: Network, groups: Groups, group: str, ledger: Ledger) -> None:
    hub, (gone, stays) = star(network, groups, group, 2)
    foreign = {
        table: [route for route in routes if "VpcPeeringConnectionId" not in route] for table, routes in gone.tables().items()
    }
    leave(network, gone)
    report = groups.run(group)
    assert (report["TornDown"], report["InPlace"]) == (1, 1)
    assert gone.connections() == [] and gone.tables() == foreign
    assert peered(hub, stays)
    item = ledger.assert_free(hub, gone)
    assert "Connection" not in item and item["Removed"] and item["WithdrawnBy"] == f"group:{group}"
    assert status(gone, group) == "" and status(hub, group).startswith("1 of 1 active 20")


def test_the_event_of_a_leaving_member_starts_a_run(network: Network, groups: Groups, group: str) -> None:
    hub, (gone, stays) = star(network, groups, group, 2)
    gone.untag("isthmus:group")
    wait_until(lambda: gone.connections() == [], "a minute later it has left")
    assert peered(hub, stays)


def test_it_waits_for_the_delay(network: Network, environment: dict[str, str], groups: Groups, group: str, sweep: Sweep) -> None:
    groups.machine.run({}).succeeded()  # of earlier tests nothing is left to be done
    hub, (gone,) = star(network, groups, group, 1)
    leave(network, gone)
    with setting(environment, TEARDOWN_DELAY="3600"):
        report = groups.run(f"{group}")
        assert any("TeardownDelay" in each for each in report["Warnings"])
        assert not [name for name in sweep()["Started"] if name.startswith("sweep-")], "it isn't due"
        assert peered(hub, gone)
    assert [name for name in sweep()["Started"] if name.startswith("sweep-")], "now it is"
    wait_until(lambda: gone.connections() == [], "the sweep's run tears it down")


def test_a_hub_that_loses_its_tag_is_held(network: Network, groups: Groups, group: str, sweep: Sweep, bus: Listener) -> None:
    hub, spokes = star(network, groups, group, 12)
    leave(network, hub)
    report = groups.run(group)
    assert (report["TornDown"], len(hub.connections("active"))) == (0, 12)
    assert any(f"group {group}" in each and "Release" in each for each in report["Warnings"]), report["Warnings"]

    def told() -> list[dict]:
        details = [event["detail"] for event in bus.received() if event["detail-type"] == HELD]
        return [detail for detail in details if detail.get("Group") == group]

    wait_until(lambda: bool(told()), "it is told")
    assert (told()[0]["Held"], told()[0]["Limit"], len(told()[0]["Pairs"])) == (12, 10, 12)
    groups.run(group)
    assert len(told()) == 1, "once"
    summary = sweep(Release=2)
    assert summary["Held"] >= 10
    wait_until(lambda: len(hub.connections("active")) == 10, "two are released, by the sweep's run")
    groups.join(group, hub, role="hub")
    report = groups.run(group)
    assert report["InPlace"] + report["SetUp"] == 12, "what stood stays, what went is made anew"
    assert all(peered(hub, spoke) for spoke in spokes)


def test_a_renamed_group_loses_nothing(network: Network, groups: Groups, group: str) -> None:
    hub, spokes = star(network, groups, group, 2)
    before = [vpc.everything() for vpc in (hub, *spokes)]
    groups.join(f"{group}-x", hub, role="hub")
    groups.join(f"{group}-x", *spokes, role="spoke")
    assert groups.run(f"{group}-x")["InPlace"] == 2
    assert [vpc.everything() for vpc in (hub, *spokes)] == before, "not a route, not a connection's tag"
    assert status(hub, group) == "" and status(hub, f"{group}-x").startswith("2 of 2 active 20")


def test_a_changed_role_takes_away_a_pair(network: Network, groups: Groups, group: str) -> None:
    members = [network.vpc(f"10.{number}.0.0/16") for number in (1, 2, 3)]
    groups.join(group, *members)
    groups.run(group)
    groups.join(group, members[0], role="hub")
    groups.join(group, *members[1:], role="spoke")
    report = groups.run(group)
    assert (report["TornDown"], report["InPlace"]) == (1, 2)
    assert not peered(members[1], members[2]) and members[1].connections("active") == members[1].connections()


def test_an_account_that_is_taken_off_the_list(network: Network, environment: dict[str, str], groups: Groups, group: str) -> None:
    hub, spoke = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", account=MEMBER, consents=False)
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, role="spoke")
    with setting(environment, GROUP_ACCOUNTS=f"{group}:hub={HUB} {group}:spoke={MEMBER}"):
        groups.run(group)
        assert peered(hub, spoke)
    assert groups.run(group)["TornDown"] == 1
    assert hub.connections() == []


def test_a_vpc_that_is_deleted_leaves_no_blackhole(network: Network, groups: Groups, group: str) -> None:
    hub, (gone, stays) = star(network, groups, group, 2)
    gone.ec2.delete_vpc(VpcId=gone.id)
    assert any(route["State"] == "blackhole" for routes in hub.tables().values() for route in routes)
    groups.run(group)
    assert not any(route["State"] == "blackhole" for routes in hub.tables().values() for route in routes)
    assert peered(hub, stays)
