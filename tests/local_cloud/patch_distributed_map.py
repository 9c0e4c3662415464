"""Step Functions: Map states in Distributed mode, and what else has to know of their children.

MiniStack has the mode for JSONPath alone: in JSONata it ignores most fields, and shows the children the parent's variables.
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

from local_cloud.distributed_map import definitions, map_run
from local_cloud.distributed_map.definitions import State
from local_cloud.distributed_map.items import inputs_of, items_of, limit
from local_cloud.distributed_map.map_run import MapRun
from local_cloud.distributed_map.settings import Context, Settings
from local_cloud.patch_executions import CLOSING_EVENTS, Execution


def run_map(original: Callable[..., Any], state: State, data: Any, execution: Execution, context: Context) -> Any:
    """One attempt of a Map state. "When you retry a Map state, it creates a new Map Run", of all items.

    The order of the events is AWS's, as the tests of https://github.com/localstack/localstack have recorded it. That a result
    which is too large fails the Map Run as well is a guess.
    """
    if not definitions.is_distributed(state):
        return original(state, data, execution, context)
    items = items_of(state, data, context)
    stepfunctions._add_event(execution, "MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items)}})
    run = MapRun(state, Settings.of(state, data, context), execution, context)
    run.begin()
    try:
        results = run.results_of(inputs_of(state, items, data, context))
        limit(results, context)
    except stepfunctions._ExecutionError as error:
        run.end("FAILED")
        failure = {"error": error.error, "cause": error.cause}
        stepfunctions._add_event(execution, "MapRunFailed", {"mapRunFailedEventDetails": failure})
        stepfunctions._add_event(execution, "MapStateFailed")
        raise
    run.end("SUCCEEDED")
    stepfunctions._add_event(execution, "MapRunSucceeded")
    stepfunctions._add_event(execution, "MapStateSucceeded")
    output = stepfunctions._apply_jsonata_output(state, data, context, result=results, default=results)
    stepfunctions._apply_state_assign(state, data, context, result=results)
    return output, stepfunctions._next_or_end(state)


def end_with_the_parent(original: Callable[..., Any], execution: Execution, event_type: str, details: Any = None) -> Any:
    """An execution that ends aborts its Map Runs; a child that ends is counted by its Map Run.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
    That the events of the Map Run and its state come before the execution's last one is a guess.
    """
    if event_type in CLOSING_EVENTS:
        for run in map_run.of_parent(execution):
            run.abort()
            stepfunctions._add_event(execution, "MapRunAborted")
            stepfunctions._add_event(execution, "MapStateAborted")
    event = original(execution, event_type, details)
    if event_type in CLOSING_EVENTS and (run := map_run.of_child(execution)):
        run.child_has_ended(execution)
    return event


def remember_type(original: Callable[[dict[str, Any]], Any], data: dict[str, Any]) -> Any:
    """The type of a machine that is created or updated, for the check of its definition."""
    existing = stepfunctions._state_machines.get(data.get("stateMachineArn", ""), {})
    with definitions.of_type(existing.get("type") or data.get("type", "STANDARD")):
        return original(data)


def refuse_express(original: Callable[[dict[str, Any]], Any], data: dict[str, Any]) -> Any:
    """StopExecution and GetExecutionHistory do not support Express executions; DescribeExecution does, of those in a Map Run.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    The error is a guess.
    """
    arn = data.get("executionArn", "")
    if ":express:" in arn:
        return error_response_json("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: express': '{arn}'", 400)
    return original(data)
