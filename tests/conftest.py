"""Plugins of the whole test run, and the order of its files."""

from pathlib import Path

import pytest

pytest_plugins = ["iam.report"]

LONGEST = (
    "test_dynamodb_fails.py",
    "test_the_roll_back_can_t_miss.py",
    "test_runs_of_groups_are_interrupted.py",
    "test_runs_of_groups.py",
    "test_members_leave_groups.py",
    "test_chaos.py",
    "test_make_deploy.py",
    "test_a_fault_at_any_call_is_survived.py",
    "test_a_release_is_installed.py",
    "test_the_largest_legal_case.py",
    "test_a_failed_execution_is_rolled_back.py",
    "test_many_at_once_wait_for_tokens.py",
    "test_bad_input_changes_nothing.py",
    "test_groups_are_set_up.py",
)
"""They run first: a worker that begins one of them last would keep the others waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if missing := [name for name in LONGEST if not (Path(__file__).parent / "end_to_end" / name).is_file()]:
        raise pytest.UsageError(f"LONGEST names files that are not there: {missing}")
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
