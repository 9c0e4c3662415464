"""Starting an execution, its timeout, and its history."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_cloud.ministack_test.cloud import Cloud, invoke_task, jsonata, unique

WAIT = {"Type": "Wait", "Seconds": 3, "End": True}
FAIL = {"Type": "Fail", "Error": "{% $states.input.error %}", "Cause": "{% $string($states.input.cause) %}"}


def test_a_repeated_start_answers_the_running_execution(cloud: Cloud) -> None:
    states, machine, name = cloud.client("stepfunctions"), cloud.create_machine(jsonata({"Wait": WAIT})), unique("run")
    first = states.start_execution(stateMachineArn=machine, name=name, input='{"a": 1}')
    again = states.start_execution(stateMachineArn=machine, name=name, input='{"a": 1}')
    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name=name, input='{"a": 2}')


def test_the_name_of_a_closed_execution_is_taken(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    machine, name = cloud.create_machine(jsonata({"Done": {"Type": "Succeed"}})), unique("run")
    cloud.finish(states.start_execution(stateMachineArn=machine, name=name)["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(stateMachineArn=machine, name=name)


def test_the_machines_timeout_ends_the_execution(cloud: Cloud) -> None:
    wait = {**WAIT, "Next": "Never"}
    del wait["End"]
    execution = cloud.start(jsonata({"Wait": wait, "Never": {"Type": "Succeed"}}, TimeoutSeconds=1))
    closed = cloud.finish(execution)
    assert (closed["status"], closed["error"]) == ("TIMED_OUT", "States.Timeout")
    assert 1 <= (closed["stopDate"] - closed["startDate"]).total_seconds() < WAIT["Seconds"]
    time.sleep(2.5)  # MiniStack's worker continues after the wait. It must not change the closed execution.
    assert cloud.client("stepfunctions").describe_execution(executionArn=execution)["status"] == "TIMED_OUT"
    assert cloud.history(execution)[-1]["type"] == "ExecutionTimedOut"


def test_nothing_runs_after_the_timeout(cloud: Cloud) -> None:
    function = cloud.create_function('def handle(event, context): raise ValueError("always")')
    task = invoke_task(function, Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 5}])
    execution = cloud.start(jsonata({"Task": task}, TimeoutSeconds=1))
    assert cloud.finish(execution)["status"] == "TIMED_OUT"
    time.sleep(2)
    assert [event["type"] for event in cloud.history(execution)].count("TaskScheduled") == 1


def test_an_aborted_execution_stays_aborted(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    function = cloud.create_function('import time\ndef handle(event, context):\n  time.sleep(1)\n  raise ValueError("late")')
    execution = cloud.start(jsonata({"Task": invoke_task(function)}))
    time.sleep(0.5)
    states.stop_execution(executionArn=execution, error="Mine", cause="enough")
    time.sleep(1.5)
    closed = states.describe_execution(executionArn=execution)
    assert (closed["status"], closed["error"], closed["cause"]) == ("ABORTED", "Mine", "enough")


def test_a_failed_execution_has_error_and_cause_and_no_output(cloud: Cloud) -> None:
    execution = cloud.start(jsonata({"Fail": FAIL}), {"error": "Mine", "cause": {"Message": "why"}})
    closed = cloud.finish(execution)
    assert (closed["status"], closed["error"]) == ("FAILED", "Mine")
    assert json.loads(closed["cause"]) == {"Message": "why"}
    assert not closed.get("output")
    last = cloud.history(execution)[-1]
    assert last["type"] == "ExecutionFailed"
    assert last["executionFailedEventDetails"] == {"error": "Mine", "cause": closed["cause"]}


def test_the_history_names_each_state(cloud: Cloud) -> None:
    function = cloud.create_function("def handle(event, context): return event")
    execution = cloud.start(jsonata({"Call": invoke_task(function)}), {"a": 1})
    cloud.finish(execution)
    events = {event["type"]: event for event in cloud.history(execution)}
    assert events["TaskStateEntered"]["stateEnteredEventDetails"]["name"] == "Call"
    assert json.loads(events["TaskStateExited"]["stateExitedEventDetails"]["output"]) == {"a": 1}
    assert list(events)[0] == "ExecutionStarted" and list(events)[-1] == "ExecutionSucceeded"


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ({"StartAt": "Nowhere", "States": {"A": {"Type": "Succeed"}}}, "Nowhere"),
        ({"States": {"A": {"Type": "Succeed"}}}, "StartAt"),
        (jsonata({"A": {"Type": "Pass", "Next": "Gone"}}), "Gone"),
        (jsonata({"A": {"Type": "Pass"}}), "Next or End"),
        (jsonata({"A": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Gone"}]}}), "Gone"),
        (jsonata({"A": {"Type": "Parallel", "End": True, "Branches": [{"StartAt": "B", "States": {}}]}}), "States"),
        (jsonata({"A": invoke_task("f", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Gone"}])}), "Gone"),
    ],
)
def test_a_faulty_definition_is_refused(cloud: Cloud, definition: dict, says: str) -> None:
    with pytest.raises(ClientError, match=says) as refusal:
        cloud.create_machine(definition)
    assert refusal.value.response["Error"]["Code"] == "InvalidDefinition"
