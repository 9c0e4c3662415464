"""A task's retries, timeout and limits."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from local_cloud.ministack_test.cloud import Cloud, invoke_task, jsonata
from local_cloud.patch_retries import delay

ALWAYS_FAILS = 'def handle(event, context): raise ValueError("always")'
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Caught", "Output": "{% $states.errorOutput %}"}]
CAUGHT = {"Type": "Succeed"}


@pytest.fixture(scope="module")
def failing(cloud: Cloud) -> str:
    return cloud.create_function(ALWAYS_FAILS)


def waits(cloud: Cloud, function: str, **retrier: object) -> list[float]:
    """Seconds from each failure of the task to the next attempt."""
    task = invoke_task(function, Retry=[{"ErrorEquals": ["States.ALL"], **retrier}])
    execution = cloud.start(jsonata({"Task": task}))
    cloud.finish(execution)
    times: list[tuple[str, datetime]] = [(event["type"], event["timestamp"]) for event in cloud.history(execution)]
    return [
        (after - before).total_seconds()
        for (kind, before), (following, after) in pairwise(times)
        if (kind, following) == ("TaskFailed", "TaskScheduled")
    ]


def test_retries_wait_no_longer_than_the_maximum(cloud: Cloud, failing: str) -> None:
    measured = waits(cloud, failing, IntervalSeconds=1, BackoffRate=8, MaxDelaySeconds=1, MaxAttempts=2)
    assert len(measured) == 2 and 0.9 < min(measured) and max(measured) < 8  # without the maximum the second would be 8 or more


def test_full_jitter_is_uniform_below_the_capped_interval() -> None:
    retrier = {"IntervalSeconds": 2, "BackoffRate": 3.0, "MaxDelaySeconds": 10, "JitterStrategy": "FULL"}
    drawn = [delay(retrier, 4) for _ in range(4000)]
    assert 0 <= min(drawn) < 0.5 and 9.5 < max(drawn) <= 10
    assert sum(drawn) / len(drawn) == pytest.approx(5, abs=0.4)


def test_each_attempt_sees_its_own_retry_count(cloud: Cloud) -> None:
    function = cloud.create_function(
        'def handle(event, context):\n  if event["count"] < 2: raise ValueError("again")\n  return event'
    )
    task = invoke_task(function, Retry=[{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}])
    task["Arguments"]["Payload"] = {"count": "{% $states.context.State.RetryCount %}"}
    assert cloud.output(jsonata({"Task": task})) == {"count": 2}


@pytest.mark.parametrize("timeout", [1, "{% $states.input.seconds %}"])
def test_a_task_times_out(cloud: Cloud, timeout: object) -> None:
    function = cloud.create_function("import time\ndef handle(event, context): time.sleep(4)")
    execution = cloud.start(jsonata({"Task": invoke_task(function, TimeoutSeconds=timeout)}), {"seconds": 1})
    closed = cloud.finish(execution)
    assert (closed["status"], closed["error"]) == ("FAILED", "States.Timeout")
    assert "TaskTimedOut" in [event["type"] for event in cloud.history(execution)]


def test_a_result_over_the_limit_fails_and_is_not_caught_by_all(cloud: Cloud) -> None:
    function = cloud.create_function('def handle(event, context): return "x" * 262_144')
    task = invoke_task(function, Catch=CATCH_ALL, Output={})
    assert cloud.run(jsonata({"Task": task, "Caught": CAUGHT}))["error"] == "States.DataLimitExceeded"


def test_an_output_over_the_limit_fails(cloud: Cloud) -> None:
    state = {"Type": "Pass", "Output": "{% $pad('', 262144, 'x') %}", "End": True}
    assert cloud.run(jsonata({"Pad": state}))["error"] == "States.DataLimitExceeded"


def test_an_input_over_the_limit_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="262144"):
        cloud.start(jsonata({"Done": {"Type": "Succeed"}}), "x" * 262_143)


def test_a_functions_error_is_caught_with_its_type_and_payload(cloud: Cloud, failing: str) -> None:
    caught = cloud.output(jsonata({"Task": invoke_task(failing, Catch=CATCH_ALL), "Caught": CAUGHT}))
    assert caught["Error"] == "ValueError"
    assert json.loads(caught["Cause"]) == {"errorType": "ValueError", "errorMessage": "always"}
