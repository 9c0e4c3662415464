"""Step Functions: what the task `events:putEvents` adds to each event, its line in the log of calls, and its faults."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

from local_cloud.distributed_map.calls import write
from local_cloud.faults import Fault
from local_cloud.function_calls import questions_of_events
from local_cloud.service_faults import ServiceCall, faults

PREFIX = "arn:aws:states:::events:putEvents"
NO_ANSWER = "EventBridge.SdkClientException"

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
    if resource.startswith(PREFIX):
        own = [_execution.get()["executionArn"], _execution.get()["stateMachineArn"]]
        entries = [{**entry, "Resources": [*entry.get("Resources", []), *own]} for entry in data.get("Entries", [])]
        data = {**data, "Entries": entries}
    return original(resource, data)


def apply_faults(original: Callable[..., Any], resource: str, data: Any) -> Any:
    """The call is logged, and a fault that a test has set for ``PutEvents`` applies to it."""
    if not resource.startswith(PREFIX):
        return original(resource, data)
    machine = stepfunctions._state_machines[_execution.get()["stateMachineArn"]]
    region, account = machine["stateMachineArn"].split(":")[3:5]
    entries = data.get("Entries", [])
    questions = list(questions_of_events(entries, f"{region}:{account}"))
    write("AWSEvents", "PutEvents", machine["roleArn"], {"Entries": entries}, questions)
    fault = faults.take(ServiceCall("PutEvents", region, account, data))
    if fault is None:
        return original(resource, data)
    try:
        return _disturbed(fault, original, resource, data)
    finally:
        faults.end()


def _disturbed(fault: Fault, original: Callable[..., Any], resource: str, data: Any) -> Any:
    time.sleep(fault.delay_before)
    answer = original(resource, data) if fault.executes else None
    time.sleep(fault.delay_after)
    if fault.disconnects or fault.Code:
        raise stepfunctions._ExecutionError(fault.Code or NO_ANSWER, fault.Message)
    return answer
