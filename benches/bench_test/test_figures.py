"""The figures computed from a run: price, goals, document."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import cost, report
from bench.goals import at_least, at_most
from bench.peerings import Peering, median_of, spent

FUNCTION, BUS = "arn:aws:states:::lambda:invoke", "arn:aws:states:::events:putEvents"


def history(*events: tuple[str, float, str]) -> list[dict[str, Any]]:
    """Events by type, second, and the state entered or the resource called."""
    found = []
    for kind, second, name in events:
        key = "stateEnteredEventDetails" if kind.endswith("StateEntered") else "taskEventDetails"
        details = {key: {"name": name} if kind.endswith("StateEntered") else {"resource": name}}
        found.append({"type": kind, "timestamp": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)} | details)
    return found


def test_a_retry_is_a_transition_and_each_invocation_is_billed_by_the_started_millisecond() -> None:
    polled = history(
        ("TaskStateEntered", 0, "WaitActive"),
        ("TaskScheduled", 0, FUNCTION),
        ("TaskFailed", 0.0101, FUNCTION),
        ("TaskScheduled", 1, FUNCTION),
        ("TaskSucceeded", 1.02, FUNCTION),
        ("TaskStateEntered", 2, "PeeringActive"),
        ("TaskScheduled", 2, BUS),
        ("TaskSucceeded", 3, BUS),
    )
    assert spent(polled) == (3, 2, 11 + 20)


def test_transitions_are_most_of_the_price() -> None:
    assert cost.dollars(transitions=6, invocations=4, billed_ms=0) == pytest.approx(0.0001508)
    a_transition_s_worth_of_function = cost.TRANSITION / (cost.MEMORY_GB * cost.GIGABYTE_SECOND)
    assert a_transition_s_worth_of_function == pytest.approx(15, abs=0.1)


def test_the_bucket_limits_the_routes_beyond_its_burst() -> None:
    assert [cost.throttled_seconds(routes) for routes in (1, 50, 200)] == [0, 0, 30]


def test_the_median_is_taken_figure_by_figure() -> None:
    peerings = [Peering("ours", 10, 1, seconds, 29, 6, 4, billed) for seconds, billed in ((3, 10), (1, 30), (2, 20))]
    assert median_of(peerings) == Peering("ours", 10, 1, 2, 29, 6, 4, 20)


def test_a_missed_goal_is_reported() -> None:
    assert [at_least("a", 80, 79.9).met, at_least("a", 80, 80).met] == [False, True]
    assert [at_most("a", 2, 2.01).met, at_most("a", 2, 2).met] == [False, True]
    assert "**missed**" in report.goals_table([at_most("a", 2, 2.01)])


def test_only_the_text_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- goals -->\nold\n<!-- goals -->\nafter\n")
    report.write_into(page, {"goals": "new"})
    assert page.read_text() == "before\n<!-- goals -->\nnew\n<!-- goals -->\nafter\n"
    with pytest.raises(AssertionError, match="no two marks"):
        report.write_into(page, {"functions": "new"})
