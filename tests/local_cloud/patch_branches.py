"""Step Functions: what runs inside a Parallel or Map state."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions


def run_branch(
    original: Callable[..., Any],
    states: dict[str, Any],
    start_at: str,
    data: Any,
    execution: dict[str, Any],
    context: dict[str, Any],
) -> Any:
    """A branch has its own variables and context, and its states are in the history like all others.

    In MiniStack the branches share one context: each sees the State.Name and RetryCount of the others, and what it assigns
    is visible outside. Only their tasks are in the history.
    https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html ("Variable scope")
    """
    own = {**context, "variables": copy.deepcopy(context.get("variables", {}))}
    name: str | None = start_at
    while name is not None:
        state = states.get(name)
        if state is None:
            raise stepfunctions._ExecutionError("States.Runtime", f"State '{name}' not found")
        data, name = _run_state(name, state, data, execution, own)
    return data


def _run_state(
    name: str, state: dict[str, Any], data: Any, execution: dict[str, Any], context: dict[str, Any]
) -> tuple[Any, str | None]:
    """Run one state and record its two events. Returns its output and the name of the next state."""
    context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
    kind = state["Type"]
    stepfunctions._add_event(
        execution, f"{kind}StateEntered", {"stateEnteredEventDetails": {"name": name, "input": json.dumps(data)}}
    )
    output, following = _handle(kind, state, data, execution, context)
    stepfunctions._add_event(
        execution, f"{kind}StateExited", {"stateExitedEventDetails": {"name": name, "output": json.dumps(output)}}
    )
    return output, following


def _handle(
    kind: str, state: dict[str, Any], data: Any, execution: dict[str, Any], context: dict[str, Any]
) -> tuple[Any, str | None]:
    if kind == "Succeed":
        effective = stepfunctions._apply_input_path(state, data, context)
        return stepfunctions._apply_output_path(state, effective, context), None
    if kind == "Fail":
        raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, data, context))
    handler = getattr(stepfunctions, f"_execute_{kind.lower()}")
    if kind in ("Task", "Parallel", "Map"):
        return handler(state, data, execution, context)
    return handler(state, data, context)
