"""What starts a run of the groups machine, what it publishes, and where else groups are shown."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from .grouping import Groups, only_reads, peered
from .listening import Listener
from .network import HERE, HUB, MEMBER, THERE, Network, wait_until
from .program import Program
from .sweeping import Sweep, drift, refused


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def names(report: dict[str, Any]) -> list[str]:
    return [each["Name"] for each in report["Groups"]]


def settled_reports(bus: Listener) -> list[dict[str, Any]]:
    return [event["detail"] for event in bus.received() if event["detail-type"] == "VPC Peering Group Settled"]


@pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, HUB), (THERE, MEMBER)], ids=["hub", "there", "member"])
def test_a_tag_anywhere_starts_a_run_that_publishes_its_report(
    network: Network, groups: Groups, group: str, bus: Listener, region: str, account: str
) -> None:
    vpc = network.vpc("10.3.0.0/16", region=region, account=account, consents=False)
    groups.join(group, vpc, heard=True)
    wait_until(lambda: any(group in names(report) for report in settled_reports(bus)), "the run is reported")


def test_the_changes_of_a_minute_are_one_run(network: Network, groups: Groups, group: str, bus: Listener) -> None:
    before, began = set(groups.runs()), time.time()
    groups.join(group, *(network.vpc(f"10.{number}.0.0/16") for number in range(1, 5)), heard=True)
    minutes = int(time.time() // 60) - int(began // 60) + 1

    def settled() -> list[dict[str, Any]]:
        reported = [each for report in settled_reports(bus) for each in report["Groups"] if each["Name"] == group]
        return [each for each in reported if each["Mesh"] == 4]

    wait_until(lambda: bool(settled()), "the run of the last tag is reported")
    assert {(each["Pairs"], each["InPlace"] + each["SetUp"]) for each in settled()} == {(6, 6)}, "a minute later it is a mesh"
    runs = set(groups.runs()) - before
    assert all(re.fullmatch(r"tags-\d{4}-\d\d-\d\dT\d\d-\d\d-00Z", run) for run in runs), runs
    assert 1 <= len(runs) <= minutes, "four tags, and one run a minute"


def test_a_run_by_name_reports_and_publishes(network: Network, groups: Groups, group: str, bus: Listener) -> None:
    one, other = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    groups.join(group, one, other)
    run = groups.machine.run({"Groups": [group]}).succeeded()
    assert [each["Name"] for each in run.output["Groups"]] == [group]
    wait_until(lambda: run.output in settled_reports(bus), "the event's detail is the output")
    planned = groups.machine.run({"Groups": [group], "DryRun": True}).succeeded().output
    assert planned["Calls"] == {} and planned not in settled_reports(bus), "a dry run publishes nothing"
    other = groups.machine.run({"Groups": [f"{group}-x"]}).succeeded().output
    wait_until(lambda: other in settled_reports(bus), "a later run is published")
    assert settled_reports(bus).count(run.output) == 1, "one event a run"


def test_the_sweep_counts_what_groups_ask_for_and_starts_a_run(network: Network, groups: Groups, group: str, sweep: Sweep) -> None:
    hub, spoke, same = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), network.vpc("10.1.0.0/16")
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, same, role="spoke")
    with only_reads(network, hub, spoke, same):
        summary = sweep(DryRun=True)
    assert (drift(summary, spoke), refused(summary, same)) == (["Missing"], ["OverlappingCidrs"])
    assert not [name for name in summary["Started"] if name.startswith("sweep-")]

    [run] = [name for name in sweep()["Started"] if name.startswith("sweep-")]
    [arn] = groups.machine.executions(run)
    assert group in [each["Name"] for each in groups.machine.wait(arn).succeeded().output["Groups"]]
    assert peered(hub, spoke) and spoke.status(hub) == "", "a group's pairs have a status by group"
    with network.untouched(hub, spoke, same):
        assert not [name for name in sweep()["Started"] if name.startswith("sweep-")], "it is as it should be"


def test_a_run_of_the_program_is_published_and_can_be_watched(
    network: Network, groups: Groups, group: str, isthmus: Program, bus: Listener
) -> None:
    groups.join(group, network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"))
    shown = isthmus("groups", group).exited(0)
    assert f"{group}  2 mesh members  1 pair: " in shown.out and "PlanGroups" in shown.err
    wait_until(lambda: any(names(report) == [group] for report in settled_reports(bus)), "it is published")
    arn = groups.machine.start({"Groups": [group], "DryRun": True})
    watched = isthmus("watch", arn).exited(0)
    assert f"{group}  2 mesh members  1 pair: 1 in place" in watched.out


def test_the_program_shows_groups(network: Network, groups: Groups, group: str, isthmus: Program) -> None:
    hub, spoke, same = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE), network.vpc("10.1.0.0/16")
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, same, role="spoke")
    shown = isthmus("groups", group, "--dry-run")
    assert shown.code == 0, shown
    lines = shown.out.splitlines()
    assert lines[0].startswith("A dry run")
    assert lines[1] == f"{group}  1 hub, 2 spokes  2 pairs: 0 in place · 1 set up · 1 refused"
    assert f"{same.id} ⇄ {hub.id}  OverlappingCidrs" in lines[2] or f"{hub.id} ⇄ {same.id}  OverlappingCidrs" in lines[2]
    assert lines[3].startswith(
        "Calls: 1 AcceptVpcPeeringConnection, 2 CreateRoute, 1 CreateTags, 1 CreateVpcPeeringConnection; at least 5 s"
    )

    document = isthmus("groups", group, "--dry-run", "--output", "json").document()
    assert document["Groups"][0]["Name"] == group
    assert isthmus("groups", "no such name").code == 2
    assert f"no VPC is a member of {group}-x" in isthmus("groups", f"{group}-x", "--dry-run").out


def test_the_topology_and_the_picture_show_groups(
    network: Network, groups: Groups, group: str, isthmus: Program, tmp_path: Path
) -> None:
    hub, spoke, same = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE), network.vpc("10.1.0.0/16")
    groups.join(group, hub, role="hub")
    groups.join(group, spoke, same, role="spoke")
    seen = isthmus("topology", "--output", "json").document()
    words = {vpc["VpcId"]: vpc["Groups"] for vpc in seen["Vpcs"]}
    assert (words[hub.id], words[spoke.id]) == ([f"{group}:hub"], [f"{group}:spoke"])
    found = {
        frozenset((each["Requester"]["VpcId"], each["Accepter"]["VpcId"])): each
        for each in seen["Peerings"]
        if group in each["RequestedBy"].get("Groups", [])
    }
    assert found[frozenset((hub.id, spoke.id))]["Finding"] == "Missing"
    failed = found[frozenset((hub.id, same.id))]
    assert (failed["Finding"], failed["Error"]) == ("Failed", "OverlappingCidrs") and "10.1.0.0/16" in failed["Message"]
    page = tmp_path / "network.html"
    isthmus("topology", "--html", str(page)).exited(0)
    drawn = page.read_text()
    assert f"group {group}: 1 hub, 2 spokes; 1 missing, 1 failed" in drawn, "an arc, with its findings"
    assert f"<bdi>{group}</bdi></b> 1 hub, 2 spokes; 1 missing, 1 failed" in drawn, "and the legend"
