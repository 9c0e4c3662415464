"""Map states in Distributed mode: children that fail, limits, and an end before all have ended."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local_cloud.ministack_test.cloud import Cloud, jsonata, until
from local_cloud.ministack_test.map_runs import (
    FAIL,
    ODD_ONES_FAIL,
    PASS,
    WAIT,
    children_of,
    distributed,
    events_of,
    machine,
    run_of,
    runs_of,
    until_running,
)

EXCEEDED = "States.ExceedToleratedFailureThreshold"
TOO_LARGE = "States.DataLimitExceeded"
CAUGHT = {"Caught": {"Type": "Succeed"}}


def catch(*errors: str) -> dict[str, Any]:
    return {"Catch": [{"ErrorEquals": list(errors), "Next": "Caught", "Output": "{% $states.errorOutput %}"}]}


def test_one_failure_fails_the_map_run(cloud: Cloud) -> None:
    closed = cloud.run(machine(distributed({"Fail": FAIL})), [1])
    assert (closed["status"], closed["error"]) == ("FAILED", EXCEEDED)
    run = run_of(cloud, closed["executionArn"])
    assert (run["status"], run["executionCounts"]["failed"]) == ("FAILED", 1)
    assert events_of(cloud, closed["executionArn"])[-4:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    [failed] = [event for event in cloud.history(closed["executionArn"]) if event["type"] == "MapRunFailed"]
    assert failed["mapRunFailedEventDetails"] == {"error": EXCEEDED, "cause": closed["cause"]}


def test_the_result_of_a_tolerated_failure_is_the_childs_record(cloud: Cloud) -> None:
    """ "Equivalent to having set Transformation to NONE":
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
    """
    closed = cloud.run(machine(distributed(ODD_ONES_FAIL, ToleratedFailurePercentage=100)), [0, 1, 2])
    first, failed, last = json.loads(closed["output"])
    assert (first, last) == (0, 2)
    [child] = children_of(cloud, closed["executionArn"], statusFilter="FAILED")
    assert (failed["ExecutionArn"], failed["Name"], failed["StateMachineArn"]) == (
        child["executionArn"],
        child["name"],
        child["stateMachineArn"],
    )
    assert (failed["Status"], failed["Error"], failed["Cause"]) == ("FAILED", "Mine", "why")
    assert (failed["Input"], failed["InputDetails"]) == ("1", {"Included": True})
    assert failed["StartDate"] <= failed["StopDate"] and "Output" not in failed
    run = run_of(cloud, closed["executionArn"])
    assert (run["status"], run["executionCounts"]["failed"], run["toleratedFailurePercentage"]) == ("SUCCEEDED", 1, 100)


@pytest.mark.parametrize(
    ("fields", "items", "status"),
    [
        ({"ToleratedFailureCount": 2}, [1, 3, 0], "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, [1, 3, 0], "FAILED"),
        ({"ToleratedFailurePercentage": 50}, [1, 3, 0, 2], "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 49}, [1, 3, 0, 2], "FAILED"),
        ({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}, [1, 3], "FAILED"),
        ({"ToleratedFailurePercentage": 10, "ToleratedFailureCount": 9}, [1, 0], "FAILED"),
        ({"ToleratedFailurePercentage": "{% 40 + 10 %}"}, [1, 0], "SUCCEEDED"),
        ({"ToleratedFailureCount": "{% $count($states.input) - 2 %}"}, [1, 0], "FAILED"),
        ({"ToleratedFailureCount": 0}, [0, 2], "SUCCEEDED"),
    ],
)
def test_thresholds(cloud: Cloud, fields: dict[str, Any], items: list[int], status: str) -> None:
    """Either fails the run where it is exceeded, and numbers may be expressions."""
    assert cloud.run(machine(distributed(ODD_ONES_FAIL, **fields)), items)["status"] == status


def test_the_percentage_is_that_of_items_not_of_batches(cloud: Cloud) -> None:
    states = {
        "Odd": {"Type": "Choice", "Default": "Done", "Choices": [{"Condition": "{% 9 in $states.input.Items %}", "Next": "Fail"}]},
        "Done": PASS,
        "Fail": FAIL,
    }
    state = distributed(states, ItemBatcher={"MaxItemsPerBatch": 3}, ToleratedFailurePercentage=25)
    assert cloud.run(machine(state), [1, 2, 3, 9])["status"] == "SUCCEEDED", "1 item of 4"
    assert cloud.run(machine(state), [1, 2, 9, 4])["status"] == "FAILED", "3 items of 4"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"ToleratedFailurePercentage": "{% 101 %}"}, "must be between 0 and 100"),
        ({"ToleratedFailureCount": "{% -1 %}"}, "cannot be negative"),
        ({"MaxConcurrency": "{% -1 %}"}, "non-negative"),
    ],
)
def test_numbers_out_of_range_fail_before_the_map_run(cloud: Cloud, fields: dict[str, Any], says: str) -> None:
    closed = cloud.run(machine(distributed(**fields)), [1])
    assert closed["error"] == "States.Runtime" and says in closed["cause"]
    assert runs_of(cloud, closed["executionArn"]) == []


def test_what_is_no_number_fails(cloud: Cloud) -> None:
    for field in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        assert cloud.run(machine(distributed(**{field: "{% 'one' %}"})), [1])["error"] == "States.QueryEvaluationError"


def test_a_failed_map_run_aborts_what_runs_and_starts_no_more(cloud: Cloud) -> None:
    states = {
        "Odd": {"Type": "Choice", "Default": "Wait", "Choices": [{"Condition": "{% $states.input = 1 %}", "Next": "Fail"}]},
        "Wait": WAIT,
        "Fail": FAIL,
    }
    closed = cloud.run(machine(distributed(states, MaxConcurrency=2)), [0, 1, 2, 3])
    assert closed["error"] == EXCEEDED
    counts = run_of(cloud, closed["executionArn"])["executionCounts"]
    assert (counts["aborted"], counts["failed"], counts["pending"], counts["running"]) == (1, 1, 2, 0)
    assert len(children_of(cloud, closed["executionArn"])) == 2


def test_a_retry_of_the_state_starts_all_children_anew(cloud: Cloud) -> None:
    """ "When you retry a Map state, it creates a new Map Run."""
    retry = [{"ErrorEquals": [EXCEEDED], "IntervalSeconds": 1, "MaxAttempts": 1}]
    state = distributed(ODD_ONES_FAIL, MaxConcurrency=1, Retry=retry)
    closed = cloud.run(machine(state), [0, 2, 1])
    assert closed["error"] == EXCEEDED
    runs = runs_of(cloud, closed["executionArn"])
    assert [(run["status"], run["executionCounts"]["succeeded"], run["executionCounts"]["failed"]) for run in runs] == [
        ("FAILED", 2, 1),
        ("FAILED", 2, 1),
    ]
    assert events_of(cloud, closed["executionArn"]).count("MapRunStarted") == 2


def test_a_failed_map_run_is_caught(cloud: Cloud) -> None:
    caught = cloud.output(machine(distributed({"Fail": FAIL}, Next="Caught", **catch("States.ALL")), **CAUGHT), [1])
    assert caught["Error"] == EXCEEDED


@pytest.mark.parametrize(
    "fields",
    [
        {"Items": "{% [$pad('', 262144, 'x')] %}"},
        {"ItemSelector": "{% $pad('', 262144, 'x') %}"},
        {"ItemSelector": "{% $pad('', 262120, 'x') %}", "ItemBatcher": {"MaxItemsPerBatch": 1, "BatchInput": "0123456789"}},
    ],
)
def test_items_or_an_input_over_the_limit_fail(cloud: Cloud, fields: dict[str, Any]) -> None:
    """States.ALL does not catch the error: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    state = distributed(Next="Caught", **catch("States.ALL")) | fields
    assert cloud.run(machine(state, **CAUGHT), [1])["error"] == TOO_LARGE


def test_all_results_together_have_the_limit(cloud: Cloud) -> None:
    states = {"Large": {**PASS, "Output": "{% $pad('', 60000, 'x') %}"}}
    assert cloud.run(machine(distributed(states, Output=1)), [1, 2, 3, 4])["status"] == "SUCCEEDED"
    closed = cloud.run(machine(distributed(states, Output=1)), [1, 2, 3, 4, 5])
    assert (closed["error"], run_of(cloud, closed["executionArn"])["status"]) == (TOO_LARGE, "FAILED")


def aborted(cloud: Cloud, execution: str) -> None:
    """Everything below a parent that has ended has ended, and nothing starts later."""
    until(lambda: run_of(cloud, execution)["executionCounts"]["running"] == 0)
    run = run_of(cloud, execution)
    counts = run["executionCounts"]
    assert (run["status"], counts["aborted"], counts["pending"], counts["total"]) == ("ABORTED", 2, 1, 3)
    for child in children_of(cloud, execution):
        assert child["status"] == "ABORTED"
        assert events_of(cloud, child["executionArn"])[-1] == "ExecutionAborted"
    time.sleep(1)
    assert run_of(cloud, execution)["executionCounts"] == counts


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_stopping_the_parent_aborts_its_children(cloud: Cloud, kind: str) -> None:
    """Express ones cannot be stopped: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html"""
    wait = {"Wait": {**WAIT, "Seconds": 3, "Next": "Never"}, "Never": PASS}
    del wait["Wait"]["End"]
    execution = cloud.start(machine(distributed(wait, kind, MaxConcurrency=2)), [1, 2, 3])
    until_running(cloud, execution, children=2)
    cloud.client("stepfunctions").stop_execution(executionArn=execution)
    assert events_of(cloud, execution)[-3:] == ["MapRunAborted", "MapStateAborted", "ExecutionAborted"]
    if kind == "STANDARD":
        aborted(cloud, execution)
        time.sleep(3)
        assert all("PassStateEntered" not in events_of(cloud, each["executionArn"]) for each in children_of(cloud, execution))
    else:
        until(lambda: run_of(cloud, execution)["executionCounts"]["succeeded"] == 2)
        assert run_of(cloud, execution)["executionCounts"]["pending"] == 1


def test_the_parents_timeout_aborts_its_children(cloud: Cloud) -> None:
    definition = jsonata({"Each": distributed({"Wait": WAIT}, MaxConcurrency=2)}, TimeoutSeconds=2)
    execution = cloud.start(definition, [1, 2, 3])
    assert cloud.finish(execution)["status"] == "TIMED_OUT"
    assert events_of(cloud, execution)[-3:] == ["MapRunAborted", "MapStateAborted", "ExecutionTimedOut"]
    aborted(cloud, execution)


def test_an_aborted_child_does_not_count_as_failed(cloud: Cloud) -> None:
    """ "Failed or timed out items": https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"""
    execution = cloud.start(machine(distributed({"Wait": {**WAIT, "Seconds": 20}})), [1])
    until_running(cloud, execution, children=1)
    [child] = children_of(cloud, execution)
    cloud.client("stepfunctions").stop_execution(executionArn=child["executionArn"], error="Operator", cause="enough")
    closed = cloud.finish(execution, seconds=10)
    [result] = json.loads(closed["output"])
    assert (result["Status"], result["Error"], result["Cause"]) == ("ABORTED", "Operator", "enough")
    assert run_of(cloud, execution)["status"] == "SUCCEEDED"
