"""Step Functions: how long to wait before a retry, and which errors States.ALL does not match.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Retrier = dict[str, Any]

# "A terminal error that can't be caught by the States.ALL error type."
TERMINAL_ERRORS = {"States.DataLimitExceeded", "States.Runtime"}


def delay_as_written(
    original: Callable[..., Any], retriers: list[Retrier], error: str, counts: dict[int, int]
) -> tuple[Retrier | None, int]:
    """MaxDelaySeconds and JitterStrategy apply. MiniStack has only IntervalSeconds and BackoffRate.

    MiniStack computes the wait from the retrier that this function returns, so that retrier has the wait as its interval.
    """
    retrier, index = original(retriers, error, counts)
    if retrier is None:
        return None, index
    return {**retrier, "IntervalSeconds": delay(retrier, counts.get(index, 0)), "BackoffRate": 1.0}, index


def delay(retrier: Retrier, retries_so_far: int) -> float:
    """Seconds to wait before the next retry."""
    seconds = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries_so_far
    seconds = min(seconds, retrier.get("MaxDelaySeconds", seconds))
    return random.uniform(0, seconds) if retrier.get("JitterStrategy") == "FULL" else seconds


def spare_terminal_errors(original: Callable[..., bool], names: list[str], error: str) -> bool:
    """States.ALL matches no terminal error. In MiniStack it matches every error."""
    if error in TERMINAL_ERRORS:
        return error in names
    return original(names, error)
