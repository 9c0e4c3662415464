"""The goals, each a figure of one run, with whether it is met."""

from dataclasses import dataclass
from typing import Any

LOOK = "wait-active"  # one call of EC2, TLS handshake included: the least that a function of ours does
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
        self.zips: dict[str, float] = document["zip MB"]
        self.peerings: list[dict[str, Any]] = document["peerings"]
        self.reruns: dict[str, dict[str, int]] = document["re-run"]

    def ours(self, figure: str, function: str = LOOK) -> float:
        return self.functions[f"ours {function}"][figure]

    def ratio(self, figure: str, function: str = LOOK) -> float:
        """Python divided by ours."""
        return self.functions[f"Python {function}"][figure] / self.ours(figure, function)

    def over_floor(self, figure: str) -> float:
        return self.ours(figure) / self.functions["floor (std only)"][figure]

    def peering(self, implementation: str, tables: int) -> dict[str, Any]:
        key = (implementation, tables, 1)
        return next(each for each in self.peerings if (each["implementation"], each["tables"], each["at_once"]) == key)


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
        at_most("peak RSS, MB", 7, of.ours("peak RSS MB")),
        at_least("peak RSS, Python ÷ ours", 9, of.ratio("peak RSS MB")),
        at_most(f"largest function, zipped ({largest}), MB", 1.9, of.zips[largest]),
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


def at_least(figure: str, goal: float, measured: float) -> Goal:
    return _goal(figure, f"≥ {goal:g}", measured, measured >= goal)


def at_most(figure: str, goal: float, measured: float) -> Goal:
    return _goal(figure, f"≤ {goal:g}", measured, measured <= goal)


def _goal(figure: str, goal: str, measured: float, met: bool) -> Goal:
    return Goal(figure, goal, f"{measured:.0f}" if measured >= 100 else f"{measured:.3g}", met)
