"""Long waits pass quickly, and what was closed then looks as old as after the whole wait."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from local_cloud.ec2.control import Control, ControlError
from local_cloud.ministack_test.cloud import Cloud, invoke_task, jsonata, until
from local_cloud.patch_waits import LONG_SECONDS, SHORT_SECONDS

WAIT = 75
DONE = jsonata({"Done": {"Type": "Succeed"}})


def waiting(seconds: object = WAIT) -> dict[str, Any]:
    return jsonata({"Wait": {"Type": "Wait", "Seconds": seconds, "End": True}})


def closed_ago(cloud: Cloud, execution: str) -> float:
    """For how long it has been closed, by the clock of the caller."""
    found = cloud.client("stepfunctions").describe_execution(executionArn=execution)
    assert found["startDate"] <= found["stopDate"]
    return (datetime.now(UTC) - found["stopDate"]).total_seconds()


@pytest.mark.parametrize("seconds", [WAIT, "{% $states.input.seconds %}"])
def test_a_long_wait_is_short(cloud: Cloud, seconds: object) -> None:
    before = time.monotonic()
    assert cloud.run(waiting(seconds), {"seconds": WAIT})["status"] == "SUCCEEDED"
    assert SHORT_SECONDS <= time.monotonic() - before < 10 < LONG_SECONDS


def test_after_the_wait_what_was_closed_before_it_looks_closed_for_as_long(cloud: Cloud) -> None:
    first = cloud.run(DONE)["executionArn"]
    assert closed_ago(cloud, first) < 5
    execution = cloud.start(waiting())
    until(lambda: "WaitStateEntered" in [event["type"] for event in cloud.history(execution)])
    second = cloud.run(DONE)["executionArn"]
    assert closed_ago(cloud, second) < 5
    cloud.finish(execution)
    assert WAIT <= closed_ago(cloud, first) < WAIT + 10
    assert closed_ago(cloud, second) < 10, "it was closed while the other waited"
    assert closed_ago(cloud, execution) < 10
    listed = cloud.client("stepfunctions").list_executions(
        stateMachineArn=first.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    )
    assert listed["executions"][0]["stopDate"] == cloud.client("stepfunctions").describe_execution(executionArn=first)["stopDate"]


def test_a_running_execution_keeps_its_dates(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    running = cloud.start(waiting(LONG_SECONDS - 1))
    started = states.describe_execution(executionArn=running)["startDate"]
    cloud.run(waiting())
    found = states.describe_execution(executionArn=running)
    assert (found["status"], found["startDate"], found.get("stopDate")) == ("RUNNING", started, None), "a shorter wait is not cut"
    states.stop_execution(executionArn=running)


def test_the_wait_lasts_while_a_function_runs_that_began_before_it(cloud: Cloud) -> None:
    """A function goes on after its execution was aborted; on AWS it would end within the wait."""
    function = cloud.create_function("import time\ndef handle(event, context): time.sleep(5)")
    states, execution = cloud.client("stepfunctions"), cloud.start(jsonata({"Task": invoke_task(function)}))
    until(lambda: "TaskStarted" in [event["type"] for event in cloud.history(execution)] or len(cloud.history(execution)) > 2)
    time.sleep(0.5)
    states.stop_execution(executionArn=execution)
    before = time.monotonic()
    cloud.run(waiting())
    assert 3.5 < time.monotonic() - before < 15
    assert closed_ago(cloud, execution) >= WAIT


def test_a_retry_is_not_hastened(cloud: Cloud) -> None:
    function = cloud.create_function('def handle(event, context): raise ValueError("always")')
    retry = {"ErrorEquals": ["ValueError"], "IntervalSeconds": LONG_SECONDS, "MaxAttempts": 1}
    execution = cloud.start(jsonata({"Task": invoke_task(function, Retry=[retry])}))
    time.sleep(SHORT_SECONDS + 2)
    states = cloud.client("stepfunctions")
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    states.stop_execution(executionArn=execution)


def test_a_test_can_hasten_retries(cloud: Cloud) -> None:
    function = cloud.create_function('def handle(event, context): raise ValueError("always")')
    retry = {"ErrorEquals": ["ValueError"], "IntervalSeconds": LONG_SECONDS, "MaxAttempts": 1}
    control = Control(cloud.endpoint)
    control.scale_retry_delays(0.01)
    try:
        execution = cloud.run(jsonata({"Task": invoke_task(function, Retry=[retry])}))
    finally:
        control.scale_retry_delays(1)
    assert execution["status"] == "FAILED"


def test_it_can_be_asked_how_many_functions_run(cloud: Cloud) -> None:
    function = cloud.create_function("import time\ndef handle(event, context): time.sleep(2)")
    control = Control(cloud.endpoint)
    cloud.start(jsonata({"Task": invoke_task(function)}))
    until(lambda: control.running_functions() == 1)
    until(lambda: control.running_functions() == 0)


def test_a_test_can_let_time_pass(cloud: Cloud) -> None:
    """For a test in which no machine waits."""
    execution = cloud.run(DONE)["executionArn"]
    Control(cloud.endpoint).advance(80)
    assert 80 <= closed_ago(cloud, execution) < 90


def test_an_unknown_control_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ControlError, match="no such path"):
        Control(cloud.endpoint).set(pending_after=0)
