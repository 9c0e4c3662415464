"""Step Functions: what its task `events:putEvents` adds to each event."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

_execution: ContextVar[dict[str, Any]] = ContextVar("execution")


def remember_execution(
    original: Callable[..., Any], state: dict[str, Any], raw_input: Any, execution: dict[str, Any], context: dict[str, Any]
) -> Any:
    """For whoever carries out the task: MiniStack tells it nothing of the execution."""
    _execution.set(execution)
    return original(state, raw_input, execution, context)


def name_the_execution(original: Callable[..., Any], resource: str, data: Any) -> Any:
    """The execution's ARN and its machine's stand among an event's resources, behind what the state gives.

    MiniStack adds nothing. https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    """
    if resource.startswith("arn:aws:states:::events:putEvents"):
        own = [_execution.get()["executionArn"], _execution.get()["stateMachineArn"]]
        entries = [{**entry, "Resources": [*entry.get("Resources", []), *own]} for entry in data.get("Entries", [])]
        data = {**data, "Entries": entries}
    return original(resource, data)
