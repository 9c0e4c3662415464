"""Measures whole peerings between two Regions, with an EC2 as slow as the real one: wall time, calls, transitions, price."""

import math
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from end_to_end.network import Vpc, request

from bench import cost
from bench.clouds import HERE, THERE, Cloud, both

STARTED, ENDED = "TaskScheduled", ("TaskSucceeded", "TaskFailed")


@dataclass(frozen=True)
class Peering:
    """The figures of one peering, or the medians of several."""

    implementation: str
    tables: int
    at_once: int
    seconds: float
    calls: float
    transitions: float
    invocations: float
    billed_ms: float

    @property
    def routes(self) -> int:
        return 2 * self.tables

    def as_json(self) -> dict[str, Any]:
        price = cost.dollars(self.transitions, self.invocations, self.billed_ms)
        return asdict(self) | {"routes": self.routes, "dollars per 1,000": 1000 * price}


def measure(repository: Path, quick: bool) -> dict[str, Any]:
    with both(repository) as clouds:
        for cloud in clouds:
            one(cloud, 1)  # starts every function
            cloud.limit_functions()
        found = by_tables(clouds, {1: 3, 10: 3} if quick else {1: 3, 10: 3, 50: 1, 200: 1})
        reruns = {cloud.implementation: rerun(cloud) for cloud in clouds}
        for cloud in clouds:
            cloud.release_functions()
        found += by_peerings_at_once(clouds, [10] if quick else [10, 50])
    return {"peerings": [peering.as_json() for peering in found], "re-run": reruns}


def by_tables(clouds: list[Cloud], repeats: dict[int, int]) -> list[Peering]:
    found = []
    for tables, times in repeats.items():
        print(f"  {tables} route tables a side", flush=True)
        rounds = [[one(cloud, tables) for cloud in clouds] for _ in range(times)]
        found += [median_of(of_one) for of_one in zip(*rounds, strict=True)]
    return found


def by_peerings_at_once(clouds: list[Cloud], numbers: list[int]) -> list[Peering]:
    found = []
    for number in numbers:
        for cloud in clouds:
            # Fifty processes of each Python function would need 12 GB and all cores of this machine.
            if cloud.implementation == "ours" or number <= 10:
                print(f"  {number} peerings at once, {cloud.implementation}", flush=True)
                found.append(several(cloud, number))
    return found


def one(cloud: Cloud, tables: int) -> Peering:
    pair = make_pair(cloud, tables)
    with cloud.slow_ec2(), cloud.network.calls() as calls:
        execution = cloud.machine.run(request(*pair)).succeeded()
    assert execution.actions() == {"Created": 2 * tables}, execution.actions()
    history = cloud.machine.history(execution.arn)
    seconds = (history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds()
    return Peering(cloud.implementation, tables, 1, seconds, len(calls.ec2()), *spent(history))


def several(cloud: Cloud, number: int) -> Peering:
    """Peers that many pairs at once, with one route table a side. The wall time is until the last one is active."""
    pairs = [make_pair(cloud, 1) for _ in range(number)]
    with cloud.slow_ec2(), cloud.network.calls() as calls:
        began = time.monotonic()
        arns = [cloud.machine.start(request(*pair)) for pair in pairs]
        for arn in arns:
            cloud.machine.wait(arn).succeeded()
        seconds = time.monotonic() - began
    totals = [sum(each) for each in zip(*(spent(cloud.machine.history(arn)) for arn in arns), strict=True)]
    each = [total / number for total in (len(calls.ec2()), *totals)]
    return Peering(cloud.implementation, 1, number, seconds, *each)


def rerun(cloud: Cloud) -> dict[str, int]:
    """The calls to EC2 of the second run of a peering."""
    pair = make_pair(cloud, 10)
    cloud.machine.run(request(*pair)).succeeded()
    with cloud.network.calls() as calls:
        cloud.machine.run(request(*pair)).succeeded()
    return {"reads": len(calls.ec2()) - len(calls.writes()), "writes": len(calls.writes())}


def make_pair(cloud: Cloud, tables: int) -> tuple[Vpc, Vpc]:
    vpc, peer = cloud.network.vpc("10.1.0.0/16", region=HERE), cloud.network.vpc("10.2.0.0/16", region=THERE)
    for end in (vpc, peer):
        for _ in range(tables - 1):
            end.table()
    return vpc, peer


def spent(history: list[dict[str, Any]]) -> tuple[int, int, int]:
    """State transitions, invocations of functions, and their milliseconds, each rounded up as Lambda bills them.

    A retry is a transition: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    entered = sum("stateEnteredEventDetails" in event for event in history)
    tasks = len({event["stateEnteredEventDetails"]["name"] for event in history if event["type"] == "TaskStateEntered"})
    tries = sum(event["type"] == STARTED for event in history)
    invocations = [event for event in history if _is_of_a_function(event)]
    starts = [event["timestamp"] for event in invocations if event["type"] == STARTED]
    ends = [event["timestamp"] for event in invocations if event["type"] in ENDED]
    billed = sum(math.ceil((end - start).total_seconds() * 1000) for start, end in zip(starts, ends, strict=True))
    return entered + tries - tasks, len(starts), billed


def _is_of_a_function(event: dict[str, Any]) -> bool:
    """Whether it is an invocation of a function, not a call of another service such as EventBridge."""
    details = next((each for each in event.values() if isinstance(each, dict)), {})
    return details.get("resource", "").endswith("lambda:invoke")


def median_of(peerings: Iterable[Peering]) -> Peering:
    """The median of each figure."""
    rows = [asdict(peering) for peering in peerings]
    fixed = ("implementation", "tables", "at_once")
    return Peering(**{name: rows[0][name] if name in fixed else median(row[name] for row in rows) for name in rows[0]})
