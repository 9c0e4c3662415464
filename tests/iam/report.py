"""Says at the end of a run what the policies grant and no end-to-end test made use of.

No failure: some grants are for what no test can bring about. The workers of a run each see a part of the calls.
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
        terminalreporter.section("granted, and never used in this run", sep="-")
        for line in list(_unused(config.stash[USED])) or ["nothing: every grant was used"]:
            terminalreporter.line(line)


def _unused(used: set[tuple[str, str, str]]) -> Iterator[str]:
    from iam.judge import Judge
    from iam.recorded import unused

    for role, statement, action in unused(Judge.of_templates(), used):
        yield f"{role}: {action} ({statement})"
