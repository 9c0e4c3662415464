"""Step Functions: what the task `events:putEvents` adds to each event."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

_execution: ContextVar[dict[str, Any]] = ContextVar("execution")


def remember_execution(
    original: Callable[..., Any], state: dict[str, Any], raw_input: Any, execution: dict[str, Any], context: dict[str, Any]
) -> Any:
    """Keep the execution for the code that carries out the task, to which MiniStack does not pass it."""
    _execution.set(execution)
    return original(state, raw_input, execution, context)


def name_the_execution(original: Callable[..., Any], resource: str, data: Any) -> Any:
    """The ARNs of the execution and of its machine follow the resources that the state gives the event.

    MiniStack adds nothing. https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    """
    if resource.startswith("arn:aws:states:::events:putEvents"):
        own = [_execution.get()["executionArn"], _execution.get()["stateMachineArn"]]
        entries = [{**entry, "Resources": [*entry.get("Resources", []), *own]} for entry in data.get("Entries", [])]
        data = {**data, "Entries": entries}
    return original(resource, data)
