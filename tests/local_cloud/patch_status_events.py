"""Step Functions: the events that say how the status of an execution has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Response = tuple[int, dict[str, str], bytes]

UNSUCCESSFUL = {"FAILED", "TIMED_OUT", "ABORTED"}

_execution: ContextVar[dict[str, Any] | None] = ContextVar("execution", default=None)


def remember_execution(original: Callable[..., None], execution: dict[str, Any]) -> None:
    """Keep the execution for the code that puts the event on the bus, to which MiniStack passes the finished event."""
    token = _execution.set(execution)
    try:
        original(execution)
    finally:
        _execution.reset(token)


def describe_the_end(original: Callable[..., Response], data: dict[str, Any], **options: Any) -> Response:
    """Error and cause are those of every unsuccessful execution, which can be redriven, too. MiniStack does so for FAILED only.

    The detail of the event is what DescribeExecution answers, except that dates are milliseconds since 1970.
    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html
    """
    execution = _execution.get()
    if execution is None or execution["status"] not in UNSUCCESSFUL:
        return original(data, **options)
    [entry] = data["Entries"]
    ended = {
        "error": execution.get("error"),
        "cause": execution.get("cause"),
        "redriveStatus": "REDRIVABLE_BY_MAP_RUN" if "mapRunArn" in execution else "REDRIVABLE",
        "redriveStatusReason": None,
    }
    detail = json.dumps(json.loads(entry["Detail"]) | ended)
    token = _execution.set(None)  # What the event starts may put events of its own.
    try:
        return original({"Entries": [{**entry, "Detail": detail}]}, **options)
    finally:
        _execution.reset(token)
