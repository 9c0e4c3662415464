"""The goals: figures of one run, and whether they are met."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MEASURED = "wait-active"  # it makes one call to EC2, TLS handshake included: the least of all our functions
SHARE = "first ms at 128 MB, "


@dataclass(frozen=True)
class Goal:
    figure: str
    goal: str
    measured: str
    met: bool


class Results:
    """The figures of a run, by name."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.functions: dict[str, dict[str, float]] = document["functions"]
        self.least: dict[str, dict[str, float]] = document["functions, least"]
        self.zips: dict[str, float] = document["zip MB"]
        self.peerings: list[dict[str, Any]] = document["peerings"]
        self.reruns: dict[str, dict[str, int]] = document["re-run"]

    def ours(self, figure: str) -> float:
        return self.functions[f"ours {MEASURED}"][figure]

    def ratio(self, figure: str) -> tuple[float, float]:
        """Python divided by ours: of the medians, and of the minimum of all rounds."""
        return _both(lambda of: of[f"Python {MEASURED}"][figure] / of[f"ours {MEASURED}"][figure], self)

    def over_floor(self, figure: str) -> tuple[float, float]:
        return _both(lambda of: of[f"ours {MEASURED}"][figure] / of["floor (std only)"][figure], self)

    def peering(self, implementation: str, tables: int) -> dict[str, Any]:
        key = (implementation, tables, 1)
        return next(each for each in self.peerings if (each["implementation"], each["tables"], each["at_once"]) == key)


def _both(compute: Callable[[dict[str, dict[str, float]]], float], results: Results) -> tuple[float, float]:
    return compute(results.functions), compute(results.least)


def goals(document: dict[str, Any]) -> list[Goal]:
    of = Results(document)
    ten, python_ten = of.peering("ours", 10), of.peering("Python", 10)
    calls_beside_routes = {each["calls"] - each["routes"] for each in of.peerings if _is_alone(each) and each["tables"] <= 100}
    transitions = max(each["transitions"] for each in of.peerings if _is_alone(each) and each["tables"] <= 10)
    rerun = of.reruns["ours"]
    wall = ten["seconds"] / python_ten["seconds"]
    largest = max(of.zips, key=lambda function: of.zips[function])
    return [
        at_least("init, Python ÷ ours", 80, of.ratio("init ms")),
        at_least("init + first call, Python ÷ ours", 50, of.ratio("init + first ms")),
        at_least("first call at the 128 MB share, 100 ms periods, Python ÷ ours", 60, of.ratio(SHARE + "100 ms periods")),
        at_least("the same, 20 ms periods", 60, of.ratio(SHARE + "20 ms periods")),
        at_most("init, ours ÷ std-only floor", 2.0, of.over_floor("init ms")),
        at_most("CPU of the first call, TLS included, ms", 2.5, of.ours("first CPU ms")),
        at_most("peak RSS, MB", 8, of.ours("peak RSS MB")),
        at_least("peak RSS, Python ÷ ours", 9, of.ratio("peak RSS MB")),
        at_most(f"largest function, zipped ({largest}), MB", 2.6, of.zips[largest]),
        Goal(
            "EC2 calls of a first peering, beside one a route",
            "8, and 1 for the other Region's tags",
            ", ".join(f"{calls:g}" for calls in sorted(calls_beside_routes)),
            calls_beside_routes == {9},
        ),
        Goal(
            "EC2 calls of a re-run",
            "≤ 5 reads, 0 writes",
            f"{rerun['reads']} reads, {rerun['writes']} writes",
            rerun["reads"] <= 5 and rerun["writes"] == 0,
        ),
        at_most("state transitions without a poll", 6, transitions),
        at_most("wall time of a two-Region peering, 10 tables a side, ours ÷ Python", 0.5, wall),
    ]


def _is_alone(peering: dict[str, Any]) -> bool:
    return peering["implementation"] == "ours" and peering["at_once"] == 1


Measured = float | tuple[float, float]


def at_least(figure: str, goal: float, measured: Measured) -> Goal:
    return _goal(figure, f"≥ {goal:g}", measured, _median(measured) >= goal)


def at_most(figure: str, goal: float, measured: Measured) -> Goal:
    return _goal(figure, f"≤ {goal:g}", measured, _median(measured) <= goal)


def _median(measured: Measured) -> float:
    return measured[0] if isinstance(measured, tuple) else measured


def _goal(figure: str, goal: str, measured: Measured, met: bool) -> Goal:
    """The medians decide. The best rounds are shown too, because medians depend on the load of the machine."""
    if isinstance(measured, tuple):
        return Goal(figure, goal, f"{_short(measured[0])} (best rounds: {_short(measured[1])})", met)
    return Goal(figure, goal, _short(measured), met)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
