"""What is computed from a run: the bill, the goals, the page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import cost, report
from bench.goals import at_least, at_most
from bench.peerings import Peering, middle, spent


def history(*events: tuple[str, float]) -> list[dict[str, Any]]:
    """Events by type, or `Type:State`, and second."""
    found = []
    for name, second in events:
        kind, _, state = name.partition(":")
        details = {"stateEnteredEventDetails": {"name": state}} if state else {}
        found.append({"type": kind, "timestamp": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)} | details)
    return found


def test_a_retry_is_a_transition_and_each_invocation_is_billed_by_the_started_millisecond() -> None:
    polled = history(
        ("TaskStateEntered:WaitActive", 0),
        ("TaskScheduled", 0),
        ("TaskFailed", 0.0101),
        ("TaskScheduled", 1),
        ("TaskSucceeded", 1.02),
        ("SucceedStateEntered:PeeringActive", 2),
    )
    assert spent(polled) == (3, 2, 11 + 20)


def test_transitions_are_what_costs() -> None:
    assert cost.dollars(transitions=6, invocations=4, billed_ms=0) == pytest.approx(0.0001508)
    a_transition_s_worth_of_function = cost.TRANSITION / (cost.MEMORY_GB * cost.GIGABYTE_SECOND)
    assert a_transition_s_worth_of_function == pytest.approx(15, abs=0.1)


def test_the_bucket_limits_what_its_burst_does_not_cover() -> None:
    assert [cost.throttled_seconds(routes) for routes in (1, 50, 200)] == [0, 0, 30]


def test_the_median_is_taken_figure_by_figure() -> None:
    peerings = [Peering("ours", 10, 1, seconds, 29, 6, 4, billed) for seconds, billed in ((3, 10), (1, 30), (2, 20))]
    assert middle(peerings) == Peering("ours", 10, 1, 2, 29, 6, 4, 20)


def test_a_goal_that_is_missed_says_so() -> None:
    assert [at_least("a", 80, 79.9).met, at_least("a", 80, 80).met] == [False, True]
    assert [at_most("a", 2, 2.01).met, at_most("a", 2, 2).met] == [False, True]
    assert "**missed**" in report.goals_table([at_most("a", 2, 2.01)])


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- goals -->\nold\n<!-- goals -->\nafter\n")
    report.write_into(page, {"goals": "new"})
    assert page.read_text() == "before\n<!-- goals -->\nnew\n<!-- goals -->\nafter\n"
    with pytest.raises(AssertionError, match="no two marks"):
        report.write_into(page, {"functions": "new"})
