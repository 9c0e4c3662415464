"""The program from a plan to the teardown, in a pipe and on a terminal."""

import json
from pathlib import Path

import pytest

from .executions import Machine
from .network import HERE, HUB, NEVER, THERE, Network, Vpc
from .program import Program, answering, topology


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)


def words(pair: tuple[Vpc, Vpc]) -> list[str]:
    vpc, peer = pair
    return [vpc.id, f"{peer.id}@{peer.region}"]


def test_a_plan_changes_nothing_and_peer_does_what_it_says(isthmus: Program, network: Network, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    with network.untouched(vpc, peer):
        plan = isthmus("plan", *words(pair)).exited(0)
    assert plan.err == ""
    assert plan.out.splitlines()[:2] == [f"{vpc.id}  {HERE} of {HUB}", f"{peer.id}  {THERE} of {HUB}"]
    assert "\n  + 10.2.0.0/16      in rtb-" in plan.out and f"accepted in {max(pair, key=lambda end: end.id).region}\n" in plan.out
    assert "\nPlan: 1 connection and 2 routes to create. Nothing was changed.\n" in plan.out
    apply = plan.out.splitlines()[-1].removeprefix("To apply it: isthmus ").split()
    assert isthmus("plan", *words(pair), "--exit-code").code == 3

    done = isthmus(*apply).exited(0)
    assert [line.split()[:2] for line in done.err.splitlines()] == [
        ["✓", state] for state in ("CreateRequest", "AcceptInPeerRegion", "WaitActive", "UpdateRoutes")
    ]
    [line] = done.out.splitlines()
    assert line.startswith(f"{vpc.id} ⇄ {peer.id}  active  pcx-") and line.endswith(": 1 connection and 2 routes created")
    [found] = vpc.connections("active")
    assert vpc.routes_to(found["VpcPeeringConnectionId"]) == {(vpc.main_table, "10.2.0.0/16", "active")}

    assert isthmus("plan", *words(pair), "--exit-code").exited(0).out.endswith("Plan: everything is in place.\n")
    assert isthmus("peer", *words(pair), "--quiet").exited(0).err == ""


def test_json_is_one_document_and_the_same_as_the_executions(isthmus: Program, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    planned = isthmus("--output", "json", "plan", *words(pair), "--exit-code").exited(3)
    assert planned.document()["Status"] == "planned" and planned.err == ""
    started = isthmus("--output", "json", "peer", *words(pair), "--no-wait").exited(0).document()
    execution = machine.wait(started["Execution"]).succeeded()
    watched = isthmus("--output", "json", "watch", started["Execution"].rpartition(":")[2]).exited(0)
    assert watched.document() == execution.output and watched.err == ""
    refused = isthmus("--output", "json", "unpeer", *words(pair)).exited(2)
    assert refused.document()["error"] == "Usage" and refused.err == ""
    removed = isthmus("--output", "json", "unpeer", *words(pair), "--yes").exited(0).document()
    assert (removed["Status"], len(removed["Routes"])) == ("deleted", 2)


def test_what_is_asked_for_reaches_the_machine(isthmus: Program, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    asked = ["--routes", "none", "--peer-routes", f"{peer.main_table}", "--dns", "--name", "it's"]
    plan = isthmus("plan", *words(pair), *asked).exited(0)
    assert plan.out.endswith(
        f"isthmus peer {' '.join(words(pair))} --routes none --peer-routes {peer.main_table} --dns --name 'it'\\''s'\n"
    )
    started = isthmus("--output", "json", "peer", *words(pair), *asked, "--no-wait").exited(0).document()["Execution"]
    given = json.loads(machine.client.describe_execution(executionArn=started)["input"])
    assert given == {
        "VpcId": vpc.id,
        "PeerVpcId": peer.id,
        "PeerRegion": THERE,
        "Routes": {"Tables": "none"},
        "PeerRoutes": {"Tables": [peer.main_table]},
        "DnsResolution": True,
        "Name": "it's",
    }
    machine.wait(started).succeeded()


def test_removal_is_shown_and_asked_for_on_a_terminal(isthmus: Program, pair: tuple[Vpc, Vpc]) -> None:
    isthmus("peer", *words(pair)).exited(0)
    vpc, _ = pair
    [found] = vpc.connections("active")
    pcx = found["VpcPeeringConnectionId"]

    nobody = isthmus("unpeer", *words(pair)).exited(2)
    assert "--yes" in nobody.err and "--dry-run" in nobody.err
    assert (
        isthmus("unpeer", *words(pair), "--dry-run")
        .exited(0)
        .out.endswith(f"2 routes to delete, and {pcx}. Nothing was changed.\n")
    )
    assert isthmus.on_a_terminal("unpeer", *words(pair), "--no-input").finish().code == 2

    for answer in ("n\n", "\n", "\x04"):
        terminal = isthmus.on_a_terminal("unpeer", *words(pair))
        terminal.shows("Remove it? [y/N]")
        assert pcx in terminal.text() and "- 10.1.0.0/16" in terminal.text()
        terminal.types(answer)
        assert "nothing was changed" in terminal.finish().exited(1).out
    terminal = isthmus.on_a_terminal("unpeer", *words(pair))
    terminal.shows("Remove it? [y/N]")
    terminal.types("\x03")
    assert terminal.finish().code == 130
    assert [each["VpcPeeringConnectionId"] for each in vpc.connections("active")] == [pcx]

    terminal = isthmus.on_a_terminal("unpeer", *words(pair))
    terminal.shows("Remove it? [y/N]")
    terminal.types("y\n")
    assert f"2 routes deleted, {pcx} deleted." in terminal.finish().exited(0).out
    assert vpc.connections() == []
    assert "There is no peering to remove." in isthmus("unpeer", *words(pair), "--yes").exited(0).out


def test_ctrl_c_leaves_the_execution_running_and_watch_goes_on(isthmus: Program, network: Network, pair: tuple[Vpc, Vpc]) -> None:
    network.control.set(provisioning_for=NEVER)
    terminal = isthmus.on_a_terminal("peer", *words(pair))
    terminal.shows("provisioning, looked 1 time")
    assert "· UpdateRoutes" in terminal.text(), "what is to come"
    terminal.types("\x03")
    left = terminal.finish().exited(130)
    watch = left.out.rpartition("help: isthmus ")[2].split()
    assert watch[0] == "watch"

    waited = isthmus("--output", "json", *watch, "--timeout", "1s").exited(5).document()
    assert (waited["error"], waited["cause"]["Execution"].rpartition(":")[2]) == ("StillRunning", watch[1])
    network.control.set(provisioning_for=0)
    network.control.advance(NEVER)
    assert "  active  pcx-" in isthmus(*watch).exited(0).out
    assert "  active  pcx-" in isthmus("watch", waited["cause"]["Execution"]).exited(0).out


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "dumb", "CI": "true"}])
def test_a_terminal_that_takes_no_colour_gets_plain_lines(isthmus: Program, pair: tuple[Vpc, Vpc], plain: dict[str, str]) -> None:
    terminal = isthmus.on_a_terminal("peer", *words(pair), **plain)
    done = terminal.finish().exited(0)
    assert "\x1b" not in terminal.raw
    assert len([line for line in done.out.splitlines() if "✓" in line]) == 4


def test_colour_is_written_where_it_is_asked_for(isthmus: Program, pair: tuple[Vpc, Vpc]) -> None:
    assert "\x1b[32m+\x1b[0m" in isthmus("--color", "always", "plan", *words(pair)).exited(0).out
    assert "\x1b" not in isthmus("plan", *words(pair)).exited(0).out


def test_names_are_resolved_by_the_topology(isthmus: Program, pair: tuple[Vpc, Vpc]) -> None:
    ends = [{"VpcId": vpc.id, "Region": vpc.region, "OwnerId": vpc.account} for vpc in pair]
    blocks = [["10.1.0.0/16"], ["10.2.0.0/16"]]
    names = ["payments prod", "\x1b[2J\u202eledger"]
    vpcs = [end | {"Name": name, "CidrBlocks": block} for end, name, block in zip(ends, names, blocks, strict=True)]
    with answering("isthmus-topology", topology(vpcs)) as there:
        plan = isthmus("plan", *names, **there).exited(0)
    assert plan.out.splitlines()[0] == f"payments prod  {pair[0].id}  {HERE} of {HUB}  10.1.0.0/16"
    assert "\x1b" not in plan.out and "\u202e" not in plan.out
    assert plan.out.splitlines()[-1].startswith("To apply it: isthmus peer 'payments prod' ")

    twice = [ends[0] | {"Name": "default"}, ends[1] | {"Name": "default"}]
    with answering("isthmus-topology", topology(twice)) as there:
        ambiguous = isthmus("--output", "json", "plan", "default", pair[1].id, **there).exited(2).document()
        unknown = isthmus("plan", "nowhere", pair[1].id, **there).exited(2)
    assert ambiguous["cause"]["Candidates"] == [f"{vpc.id}@{vpc.region}@{vpc.account}" for vpc in pair]
    assert "no VPC" in unknown.err and "nowhere" in unknown.err


def test_status_and_the_picture(isthmus: Program, tmp_path: Path) -> None:
    end = {name: {"VpcId": f"vpc-0{digit * 7}", "Region": HERE, "OwnerId": HUB} for name, digit in (("a", "a"), ("\x1b[2Jb", "b"))}
    a, b = end.values()
    peering = {"Requester": a, "Accepter": b, "Finding": "Missing", "RequestedBy": {"Tags": [a["VpcId"]]}, "Message": "\x1b[31mx"}
    answer = topology([place | {"Name": name} for name, place in end.items()], [peering])
    with answering("isthmus-topology", answer) as there:
        listed = isthmus("status", **there).exited(0)
        terminal = isthmus.on_a_terminal("status", **there)
        drawn = terminal.finish().exited(0)
        assert isthmus("status", "--exit-code", **there).code == 3
        assert "a ⇄ " in isthmus("status", "a", **there).exited(0).out
        assert "a ⇄ " in isthmus("status", b["VpcId"], "a", **there).exited(0).out
        assert isthmus("status", "vpc-0cccccc0", "--exit-code", **there).exited(0).out.splitlines()[1] == "0 in place"
        assert "MISSING" not in isthmus("status", "--state", "drift", **there).exited(0).out
        document = isthmus("--output", "json", "status", "--state", "drift", **there).exited(0).document()
        page, picture, saved = tmp_path / "t.html", tmp_path / "t.svg", tmp_path / "t.json"
        isthmus("topology", "--html", str(page), **there).exited(0)
        isthmus("topology", "--svg", str(picture), **there).exited(0)
        saved.write_text(isthmus("topology", "--json", **there).exited(0).out)
    assert listed.out.splitlines()[1] == "0 in place · 1 missing"
    assert "a ⇄ " in listed.out and "missing" in listed.out
    assert "\x1b" not in listed.out and "\x1b[2J" not in terminal.raw and "\x1b[31m" not in terminal.raw, "strangers' text"
    assert "missing" in drawn.out
    assert (document["Peerings"], len(document["Vpcs"])) == ([], 2)
    assert page.read_text().startswith("<!doctype html>") and picture.read_text().startswith("<svg")
    assert json.loads(saved.read_text()) == answer
    assert isthmus("topology", "--from", str(saved)).exited(0).out.startswith("2 VPCs, 1 peering, 1 account, 1 Region; ")
