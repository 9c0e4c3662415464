"""Map states in Distributed mode: each child is an execution of its own."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, invoke_task, jsonata, until
from local_cloud.ministack_test.map_runs import FAIL, PASS, WAIT, children_of, distributed, machine, run_of, until_running
from local_cloud.ministack_test.test_events import Inbox
from local_cloud.patch_waits import LONG_SECONDS, SHORT_SECONDS


def only_child(cloud: Cloud, execution: str) -> dict[str, Any]:
    [child] = children_of(cloud, execution)
    return cloud.client("stepfunctions").describe_execution(executionArn=child["executionArn"])


def test_a_child_is_described_by_its_own_arn(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html ("labelled execution")"""
    parent = cloud.run(machine(distributed(Label="lanes")), [{"a": 1}])
    child = only_child(cloud, parent["executionArn"])
    name = parent["stateMachineArn"].rpartition(":")[2]
    assert child["executionArn"] == f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{name}/lanes:{child['name']}"
    assert child["stateMachineArn"] == f"{parent['stateMachineArn']}/lanes"
    assert child["mapRunArn"] == run_of(cloud, parent["executionArn"])["mapRunArn"]
    assert (child["status"], json.loads(child["input"]), json.loads(child["output"])) == ("SUCCEEDED", {"a": 1}, {"a": 1})
    assert parent["startDate"] <= child["startDate"] <= child["stopDate"] <= parent["stopDate"]


def test_without_a_label_each_run_has_a_generated_one(cloud: Cloud) -> None:
    parent = cloud.run(machine(distributed()), [1])["executionArn"]
    child = only_child(cloud, parent)["executionArn"]
    label = child.split(":")[6].partition("/")[2]
    assert label and f"/{label}:" in run_of(cloud, parent)["mapRunArn"]


def test_a_child_has_its_own_history(cloud: Cloud) -> None:
    parent = cloud.run(machine(distributed()), [{"a": 1}])["executionArn"]
    history = cloud.history(only_child(cloud, parent)["executionArn"])
    assert [event["type"] for event in history] == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert [event["id"] for event in history] == [1, 2, 3, 4]
    assert json.loads(history[0]["executionStartedEventDetails"]["input"]) == {"a": 1}
    assert history[0]["executionStartedEventDetails"]["roleArn"] == f"arn:aws:iam::{ACCOUNT}:role/any"
    assert json.loads(history[-1]["executionSucceededEventDetails"]["output"]) == {"a": 1}
    assert "PassStateEntered" not in [event["type"] for event in cloud.history(parent)]


def test_a_childs_failure_is_in_its_history(cloud: Cloud) -> None:
    parent = cloud.run(machine(distributed({"Fail": FAIL}, ToleratedFailureCount=1)), [1])["executionArn"]
    child = only_child(cloud, parent)
    assert (child["status"], child["error"], child["cause"]) == ("FAILED", "Mine", "why")
    last = cloud.history(child["executionArn"])[-1]
    assert (last["type"], last["executionFailedEventDetails"]) == ("ExecutionFailed", {"error": "Mine", "cause": "why"})


def test_children_are_listed_by_their_map_run_alone(cloud: Cloud) -> None:
    state = distributed({"Odd": {"Type": "Pass", "Next": "Fail"}, "Fail": FAIL}, ToleratedFailurePercentage=100)
    parent = cloud.run(machine(state), [1, 2])
    of_machine = cloud.client("stepfunctions").list_executions(stateMachineArn=parent["stateMachineArn"])["executions"]
    assert [each["executionArn"] for each in of_machine] == [parent["executionArn"]]
    assert len(children_of(cloud, parent["executionArn"], statusFilter="FAILED")) == 2
    assert children_of(cloud, parent["executionArn"], statusFilter="SUCCEEDED") == []


def test_a_child_has_its_own_context(cloud: Cloud) -> None:
    output = {"execution": "{% $states.context.Execution %}", "machine": "{% $states.context.StateMachine %}"}
    output["item"] = "{% $exists($states.context.Map) %}"
    parent = cloud.run(machine(distributed({"Pass": {**PASS, "Output": output}}, Label="lanes")), [{"a": 1}])
    [own] = json.loads(parent["output"])
    child = only_child(cloud, parent["executionArn"])
    assert (own["execution"]["Id"], own["execution"]["Name"]) == (child["executionArn"], child["name"])
    assert own["execution"]["Input"] == {"a": 1}
    assert own["machine"]["Id"] == child["stateMachineArn"]
    assert own["item"] is False, "the item is in the context of the parent's ItemSelector only"


def test_a_childs_variables_are_its_own(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html ("Variable scope")"""
    states = {
        "Set": {"Type": "Pass", "Assign": {"mine": 1}, "Next": "Each"},
        "Each": distributed({"Set": {**PASS, "Assign": {"mine": "{% $states.input %}"}}}, Next="Done"),
        "Done": {"Type": "Succeed", "Output": "{% $mine %}"},
    }
    states["Set"]["Output"] = [5, 6]
    assert cloud.output(jsonata(states)) == 1
    states["Each"] = distributed({"Read": {**PASS, "Output": "{% $mine %}"}}, ToleratedFailurePercentage=100, Next="Done")
    states["Done"]["Output"] = "{% $states.input.Error %}"
    assert cloud.output(jsonata(states)) == ["States.QueryEvaluationError"] * 2


def test_children_run_functions_and_retry_by_themselves(cloud: Cloud) -> None:
    function = cloud.create_function('def handle(event, context):\n  if event["n"] < 1: raise ValueError("again")\n  return event')
    task = invoke_task(function, Retry=[{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 2}])
    task["Arguments"]["Payload"] = {"item": "{% $states.input %}", "n": "{% $states.context.State.RetryCount %}"}
    parent = cloud.run(machine(distributed({"Call": task})), [7])
    assert json.loads(parent["output"]) == [{"item": 7, "n": 1}]
    types = [event["type"] for event in cloud.history(only_child(cloud, parent["executionArn"])["executionArn"])]
    assert types.count("TaskScheduled") == 2


def test_a_map_state_in_a_child(cloud: Cloud) -> None:
    inner = distributed({"Double": {**PASS, "Output": "{% $states.input * 2 %}"}}, Label="inner")
    parent = cloud.run(machine(distributed({"Inner": inner}, Label="outer")), [[1, 2], [3]])
    assert json.loads(parent["output"]) == [[2, 4], [6]]
    child = children_of(cloud, parent["executionArn"])[0]["executionArn"]
    name = parent["stateMachineArn"].rpartition(":")[2]
    assert f":mapRun:{name}/inner:" in run_of(cloud, child)["mapRunArn"]


def test_long_waits_of_children_are_short_and_age_what_was_closed(cloud: Cloud) -> None:
    wait = {"Wait": {"Type": "Wait", "Seconds": 75, "End": True}}
    before = cloud.run(machine(distributed()), [1])["executionArn"]
    earlier = only_child(cloud, before)["executionArn"]
    began = time.monotonic()
    assert cloud.run(machine(distributed(wait)), [1, 2])["status"] == "SUCCEEDED"
    assert SHORT_SECONDS <= time.monotonic() - began < LONG_SECONDS
    stopped = cloud.client("stepfunctions").describe_execution(executionArn=earlier)["stopDate"]
    assert (datetime.now(UTC) - stopped).total_seconds() >= 75


def test_an_express_child_is_described_and_nothing_else(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html"""
    states = cloud.client("stepfunctions")
    parent = cloud.run(machine(distributed(kind="EXPRESS", Label="fast")), [1])
    child = only_child(cloud, parent["executionArn"])
    name = parent["stateMachineArn"].rpartition(":")[2]
    assert child["executionArn"].startswith(f"arn:aws:states:{REGION}:{ACCOUNT}:express:{name}/fast:{child['name']}:")
    assert (child["status"], child["output"]) == ("SUCCEEDED", "1")
    for refused in (states.get_execution_history, states.stop_execution):
        with pytest.raises(ClientError, match="InvalidArn"):
            refused(executionArn=child["executionArn"])


def test_the_status_of_standard_children_is_sent_for_a_machine_with_their_label(cloud: Cloud) -> None:
    """ "Only standard workflows emit events to EventBridge". A rule for the machine itself has another ARN, and is not matched.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    inbox = Inbox(cloud, source="aws.states")
    silent = cloud.run(machine(distributed(kind="EXPRESS")), [1])["executionArn"]
    parent = cloud.start(machine(distributed({"Wait": WAIT}, Label="lanes")), [1])
    until_running(cloud, parent, children=1)
    child = only_child(cloud, parent)
    cloud.client("stepfunctions").stop_execution(executionArn=parent)
    found: list[dict[str, Any]] = []

    def all_arrived() -> bool:
        found.extend(event["detail"] for event in inbox.read())
        return len([each for each in found if "/lanes:" in each["executionArn"]]) >= 2

    until(all_arrived)
    own = {each["status"]: each for each in found if each["executionArn"] == child["executionArn"]}
    assert set(own) == {"RUNNING", "ABORTED"}
    assert {each["stateMachineArn"] for each in own.values()} == {child["stateMachineArn"]}
    assert own["ABORTED"]["redriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    of_machine = [each["executionArn"] for each in found if each["stateMachineArn"] == child["stateMachineArn"].partition("/")[0]]
    assert set(of_machine) <= {parent}
    assert only_child(cloud, silent)["executionArn"] not in [each["executionArn"] for each in found]


def test_what_the_machines_role_is_asked_for_is_logged(cloud: Cloud) -> None:
    """The least privileges: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"""
    parent = cloud.start(machine(distributed({"Wait": {**WAIT, "Seconds": "{% $states.input %}"}}, Label="lanes")), [0, 10])
    until_running(cloud, parent, children=2)
    until(lambda: run_of(cloud, parent)["executionCounts"]["succeeded"] == 1)
    cloud.client("stepfunctions").stop_execution(executionArn=parent)
    name, prefix = parent.split(":")[6], f"arn:aws:states:{REGION}:{ACCOUNT}"
    lines = [json.loads(line) for line in cloud.call_log.read_text().splitlines()]
    own = [line for line in lines if name in json.dumps(line["Parameters"]) and line["UserAgent"] == "states.amazonaws.com"]
    assert {line["Caller"] for line in own} == {f"arn:aws:iam::{ACCOUNT}:role/any"}
    asked = [(question["Action"], question["Resource"]) for line in own for question in line["Authorization"]]
    done, stopped = (only["name"] for only in sorted(children_of(cloud, parent), key=lambda each: each["status"], reverse=True))
    assert sorted(asked) == sorted(
        [("states:StartExecution", f"{prefix}:stateMachine:{name}")] * 2
        + [("states:DescribeExecution", f"{prefix}:execution:{name}:{child}") for child in (done, stopped)]
        + [("states:StopExecution", f"{prefix}:execution:{name}:{stopped}")]
    )
