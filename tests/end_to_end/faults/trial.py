"""Tries one case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_cloud.deployed import REPOSITORY

from end_to_end.clients import change_wait_scale, forget_sessions
from end_to_end.faults.places import Case, Recorded, recording
from end_to_end.faults.scenarios import SCENARIOS, Tools
from end_to_end.faults.worlds import Ending, Facts, World

REFERENCE = REPOSITORY / "docs" / "REFERENCE.md"
AFTER_EVERYTHING = 320
"""Seconds after the end of an execution: nothing that it started writes any more, and nobody waits for it. Lanes work for 300."""
WAIT_SCALE = 0.1
"""Of the machines' waits before a retry."""


@dataclass(frozen=True)
class Result:
    """Of a case after which one run without a fault has made hold what is desired."""

    struck: int
    """How many calls had the fault."""
    held: bool
    """Whether what is desired held in spite of the fault."""
    errors: list[str] = field(default_factory=list)
    """The public names by which executions failed."""


def error_names(reference: Path = REFERENCE) -> set[str]:
    """The names by which an execution may fail."""
    table = reference.read_text().split("<!-- errors -->")[1]
    return set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def record(scenario: str, tools: Tools, environment: dict[str, str]) -> Recorded:
    """The calls of a run without a fault, after which what is desired holds."""
    with _world(scenario, tools, environment) as world:
        foreign = world.foreign.read(world.adopted)
        with recording(tools.network, environment) as recorded:
            endings = world.act()
        _assert_holds(world, endings, foreign)
        return recorded


def attempt(case: Case, tools: Tools, environment: dict[str, str]) -> Result:
    """Sets up, acts with the fault, compares; then acts without one, and compares again."""
    network = tools.network
    with _world(case.scenario, tools, environment) as world:
        foreign, before = world.foreign.read(world.adopted), set(world.facts())
        case.plant(network)
        endings = world.act()
        network.settle()
        struck = sum(each.faults()["Struck"] for each in (network.control, network.services))
        network.control.clear_faults()
        network.services.clear_faults()
        now = world.facts()
        errors = [each.error for each in endings if each.error]
        held = set(now) == world.desired
        assert world.foreign.read(world.adopted) == foreign, f"something foreign was changed: {endings}"
        assert set(errors) <= error_names(), f"no public name: {endings}"
        assert held or any(each.error or each.told for each in endings), f"nothing says that it doesn't hold: {now}"
        unnamed = unexplained(before, now, world.desired, world.new, endings)
        assert not unnamed, f"half made, and nobody says so: {unnamed}; {endings}"
        network.services.advance(AFTER_EVERYTHING)
        _assert_holds(world, (world.act_again or world.act)(), foreign)
        return Result(struck, held, errors)


def unexplained(before: Facts, now: dict[str, set[str]], desired: Facts, new: list[Facts], endings: list[Ending]) -> Facts:
    """What is neither as before nor as desired, and of what is new as a whole a part; without what an ending tells how to find."""
    parts = [whole - before for whole in new]
    half = set().union(*(part & set(now) for part in parts if not part <= set(now)))
    more, less = (set(now) - before - desired) | half, (before & desired) - set(now)
    told = "\n".join(each.told for each in endings)
    return {fact for fact in more if not any(each in told for each in now[fact])} | less


@contextmanager
def _world(scenario: str, tools: Tools, environment: dict[str, str]) -> Iterator[World]:
    """The functions are started anew, so that they ask for the sessions of members once more."""
    tools.network.remove_delays()
    with change_wait_scale(environment, WAIT_SCALE):
        world = SCENARIOS[scenario](tools)
        forget_sessions(environment)
        try:
            yield world
        finally:
            tools.network.control.clear_faults()
            tools.network.services.clear_faults()
            world.end()


def _assert_holds(world: World, endings: list[Ending], foreign: str) -> None:
    assert [each for each in endings if each.error] == []
    assert set(world.facts()) == world.desired
    assert world.foreign.read(world.adopted) == foreign
    world.assert_no_lease()
