"""Step Functions: how an execution starts and times out, and that it then stops."""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response, now_iso
from ministack.services import stepfunctions

Execution = dict[str, Any]

CLOSING_EVENTS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}


class ExecutionClosed(BaseException):
    """Ends the threads of a closed execution. It is no Exception, so that no Retry and no Catch applies."""


def answer_the_running_execution(original: Callable[..., Any], data: dict[str, Any]) -> Any:
    """StartExecution is idempotent: with the name and input of a running execution it returns that execution.

    MiniStack returns ExecutionAlreadyExists, which AWS does only for another input or a closed execution.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
    """
    running = _running_execution(data)
    if running and running["input"] == data.get("input", "{}"):
        return json_response({"executionArn": running["executionArn"], "startDate": running["startDate"]})
    return original(data)


def _running_execution(data: dict[str, Any]) -> Execution | None:
    machine = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    if machine is None or not data.get("name"):
        return None
    name = stepfunctions._state_machines[machine]["name"]
    arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{name}:{data['name']}"
    execution = stepfunctions._executions.get(arn)
    return execution if execution and execution["status"] == "RUNNING" else None


def time_out(original: Callable[..., Any], execution_arn: str) -> None:
    """After the state machine's TimeoutSeconds the execution is TIMED_OUT, with States.Timeout. MiniStack ignores the field.

    https://states-language.net/#toplevelfields
    """
    timer = _timer(stepfunctions._executions.get(execution_arn))
    try:
        original(execution_arn)
    except ExecutionClosed:
        pass
    finally:
        if timer:
            timer.cancel()


def _timer(execution: Execution | None) -> threading.Timer | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
    seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    if seconds is None:
        return None
    # A new thread lacks the context variables with the account and Region of the request.
    timer = threading.Timer(seconds, contextvars.copy_context().run, (_close_as_timed_out, execution))
    timer.daemon = True
    timer.start()
    return timer


def _close_as_timed_out(execution: Execution) -> None:
    if execution["status"] != "RUNNING":
        return
    execution["status"] = "TIMED_OUT"
    execution["error"] = "States.Timeout"
    execution["cause"] = "The execution ran longer than the state machine's TimeoutSeconds."
    execution["stopDate"] = now_iso()
    stepfunctions._add_event(
        execution,
        "ExecutionTimedOut",
        {"executionTimedOutEventDetails": {"error": execution["error"], "cause": execution["cause"]}},
    )
    stepfunctions._emit_execution_status_event(execution)


def fail_only_what_runs(original: Callable[..., Any], execution: Execution, error: str, cause: str) -> None:
    """The status of a closed execution stays, and a failed one has no output.

    MiniStack changes TIMED_OUT and ABORTED to FAILED, and writes the error to the output as well.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    if execution["status"] == "RUNNING":
        original(execution, error, cause)
        execution["output"] = None


def stop_what_is_closed(original: Callable[..., Any], execution: Execution, event_type: str, details: Any = None) -> Any:
    """After its last event an execution enters no state and retries nothing. MiniStack's worker continues."""
    if execution["events"][-1]["type"] in CLOSING_EVENTS:
        raise ExecutionClosed
    return original(execution, event_type, details)


def name_task_timeouts(original: Callable[..., Any], execution: Execution, event_type: str, details: Any = None) -> Any:
    """A task that exceeded its TimeoutSeconds is TaskTimedOut in the history, not TaskFailed.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
    """
    failure = (details or {}).get("taskFailedEventDetails", {})
    if failure.get("error") == "States.Timeout":
        return original(execution, "TaskTimedOut", {"taskTimedOutEventDetails": failure})
    return original(execution, event_type, details)
