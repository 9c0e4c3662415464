"""Step Functions: long waits pass quickly, on a clock that then runs ahead.

A Wait state of at least ``LONG_SECONDS`` takes only ``SHORT_SECONDS``; the rest of it is skipped. The skipped time has passed
for the executions that were closed when the wait began: their ``startDate`` and ``stopDate`` are earlier by as much. Whoever
compares them with its own clock sees what it would see on AWS at the end of the wait.

Waits of a minute and less are real. A run of the groups machine waits until the minute ends that is in its name: if it ended
earlier, what changes in the rest of the minute would be missed.

A wait is for something to be over, and nothing else runs faster here. So the wait goes on, up to its full length, while an
invocation of a function that had begun before it is running: on AWS it would have ended within the wait.

The delays of Retry are real too, but for tests that scale them: those wait for nothing that takes as long here as on AWS. The
``TimeoutSeconds`` of machines and tasks, and the timestamps in histories are those of the real clock. MiniStack's own setting,
``SFN_WAIT_SCALE``, is not used because it means waits and delays alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import lambda_svc, stepfunctions

LONG_SECONDS = 61
SHORT_SECONDS = 2

_in_wait_state: ContextVar[bool] = ContextVar("in_wait_state", default=False)


class RetryDelays:
    """How long they are, as a share of what machines say."""

    scale = 1.0

    def set(self, body: dict[str, float]) -> None:
        self.scale = body["Scale"]


retry_delays = RetryDelays()


def remember_wait_state(original: Callable[..., Any], *arguments: Any) -> Any:
    """MiniStack's function for sleeping does not know whether it is a Wait state that waits, or a Retry."""
    token = _in_wait_state.set(True)
    try:
        return original(*arguments)
    finally:
        _in_wait_state.reset(token)


def shorten_long_waits(original: Callable[[float], None], seconds: float) -> None:
    """Sleep, or skip the most of it."""
    if not _in_wait_state.get():
        original(seconds * retry_delays.scale)
        return
    if seconds < LONG_SECONDS:
        original(seconds)
        return
    began, began_at = time.monotonic(), now_iso()
    functions_may_run = True
    while (waited := time.monotonic() - began) < (seconds if functions_may_run else SHORT_SECONDS):
        time.sleep(0.05)
        # Once nothing runs, everything that had begun before the wait has ended.
        functions_may_run = functions_may_run and lambda_svc.executions_in_flight()[0] > 0
    let_time_pass(seconds - waited, closed_by=began_at)


def let_time_pass(seconds: float, closed_by: str | None = None) -> None:
    """Make the executions that were closed by then, or are now, look as if they had been closed for so much longer."""
    closed_by = closed_by or now_iso()
    for execution in list(stepfunctions._executions.all_values()):
        if (stopped := execution["stopDate"]) and stopped <= closed_by:
            execution["startDate"], execution["stopDate"] = (_earlier(each, seconds) for each in (execution["startDate"], stopped))


def _earlier(timestamp: str, seconds: float) -> str:
    """In the form in which MiniStack keeps timestamps, which can be compared as texts."""
    moved = datetime.fromisoformat(timestamp).astimezone(UTC) - timedelta(seconds=seconds)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
