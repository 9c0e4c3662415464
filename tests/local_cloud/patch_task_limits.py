"""Step Functions: limits on the size of data in an execution, and on the time of a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: 256 KiB, as UTF-8.
MAXIMUM_BYTES = 262_144


def limit_execution_input(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    """StartExecution rejects an input over the limit; MiniStack accepts any.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    if len(data.get("input", "").encode()) > MAXIMUM_BYTES:
        return error_response_json(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAXIMUM_BYTES}",
            400,
        )
    return original(data)


def limit_data(original: Callable[..., Any], execution: dict[str, Any], event_type: str, details: Any = None) -> Any:
    """A task's result or a state's output over the limit fails with States.DataLimitExceeded.

    Both are measured where they are written to the history.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    for recorded in (details or {}).values():
        if event_type != "ExecutionSucceeded" and len(recorded.get("output", "").encode()) > MAXIMUM_BYTES:
            what = recorded.get("name") or recorded.get("resource")
            raise stepfunctions._ExecutionError(
                "States.DataLimitExceeded",
                f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit.",
            )
    return original(execution, event_type, details)


def evaluate_timeout(
    original: Callable[..., Any],
    state: dict[str, Any],
    raw_input: Any,
    execution: dict[str, Any],
    context: dict[str, Any],
) -> Any:
    """A task's TimeoutSeconds may be a JSONata expression. MiniStack expects a number.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    """
    if isinstance(state.get("TimeoutSeconds"), str):
        seconds = stepfunctions._jsonata_state_field(state, "TimeoutSeconds", "number", raw_input, context)
        state = {**state, "TimeoutSeconds": seconds}
    return original(state, raw_input, execution, context)
