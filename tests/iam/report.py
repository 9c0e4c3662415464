"""Prints at the end of a run the grants of the policies that no end-to-end test needed.

They are no failure: some grants are for cases that no test can cause. Each worker of a run records a part of the calls.
"""

from collections.abc import Iterator
from typing import Any

import pytest

USED = pytest.StashKey[set[tuple[str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[USED] = set()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["used_grants"] = sorted(session.config.stash[USED])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[USED] |= {tuple(grant) for grant in getattr(node, "workeroutput", {}).get("used_grants", [])}


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.stash[USED]:
        terminalreporter.section("granted, but not used in this run", sep="-")
        for line in list(_unused(config.stash[USED])) or ["nothing: every grant was used"]:
            terminalreporter.line(line)


def _unused(used: set[tuple[str, str, str]]) -> Iterator[str]:
    from iam.evaluator import Evaluator
    from iam.recorded import unused

    for role, statement, action in unused(Evaluator.of_templates(), used):
        yield f"{role}: {action} ({statement})"
