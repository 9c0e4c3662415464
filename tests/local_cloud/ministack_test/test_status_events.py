"""The events "Step Functions Execution Status Change", and what a rule makes of them.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, jsonata, unique, until
from local_cloud.ministack_test.test_cloudformation import deploy
from local_cloud.ministack_test.test_events import ANY_ROLE, Inbox

DETAIL_TYPE = "Step Functions Execution Status Change"
WAIT = {"Type": "Wait", "Seconds": 3, "End": True}
DONE = {"Type": "Succeed"}
MACHINES: dict[str, dict[str, Any]] = {
    "SUCCEEDED": jsonata({"Done": DONE}),
    "FAILED": jsonata({"Fail": {"Type": "Fail", "Error": "Mine", "Cause": "why"}}),
    "TIMED_OUT": jsonata({"Wait": WAIT}, TimeoutSeconds=1),
    "ABORTED": jsonata({"Wait": WAIT}),
}
INPUT = {"VpcId": "vpc-1", "Text": 'a "quoted" word'}


def close(cloud: Cloud, status: str) -> dict[str, Any]:
    """An execution that has ended with that status, as DescribeExecution shows it."""
    execution = cloud.start(MACHINES[status], INPUT)
    if status == "ABORTED":
        cloud.client("stepfunctions").stop_execution(executionArn=execution, error="Operator", cause="enough")
    closed = cloud.finish(execution)
    assert closed["status"] == status
    return closed


def event_of(inbox: Inbox, execution: str, status: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def arrived() -> dict[str, Any] | None:
        found.extend(inbox.read())
        return next((e for e in found if (e["detail"]["executionArn"], e["detail"]["status"]) == (execution, status)), None)

    return until(arrived)


@pytest.mark.parametrize("status", MACHINES)
def test_the_end_of_an_execution_is_an_event(cloud: Cloud, status: str) -> None:
    inbox = Inbox(cloud, source="aws.states")
    closed = close(cloud, status)
    event = event_of(inbox, closed["executionArn"], status)
    assert (event["source"], event["detail-type"]) == ("aws.states", DETAIL_TYPE)
    assert (event["account"], event["region"]) == (ACCOUNT, REGION)
    assert event["resources"] == [closed["executionArn"]]
    detail = event["detail"]
    for field in ("executionArn", "stateMachineArn", "name", "status", "input"):
        assert detail[field] == closed[field], field
    assert json.loads(detail["input"]) == INPUT, "the input is a text"
    assert detail["inputDetails"] == {"included": True}
    assert detail["stopDate"] - detail["startDate"] >= 0
    assert detail["stopDate"] == round(closed["stopDate"].timestamp() * 1000)
    ended = {"error": closed.get("error"), "cause": closed.get("cause")}
    assert {field: detail[field] for field in ended} == ended
    assert detail["redriveStatus"] == ("NOT_REDRIVABLE" if status == "SUCCEEDED" else "REDRIVABLE")
    assert (detail["output"] is not None) == (status == "SUCCEEDED")


def test_the_start_of_an_execution_is_an_event(cloud: Cloud) -> None:
    inbox = Inbox(cloud, source="aws.states")
    execution = cloud.start(MACHINES["ABORTED"], INPUT)
    detail = event_of(inbox, execution, "RUNNING")["detail"]
    assert (detail["stopDate"], detail["output"], json.loads(detail["input"])) == (None, None, INPUT)


def test_each_status_is_reported_once(cloud: Cloud) -> None:
    """The task of an aborted execution ends later, and must not report another end."""
    inbox = Inbox(cloud, source="aws.states")
    function = cloud.create_function('import time\ndef handle(event, context):\n  time.sleep(1)\n  raise ValueError("late")')
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": function}, "End": True}
    execution, last = cloud.start(jsonata({"Task": task})), cloud.start(jsonata({"Wait": WAIT}))
    until(lambda: len(cloud.history(execution)) > 2)
    for _ in range(2):
        cloud.client("stepfunctions").stop_execution(executionArn=execution)
    cloud.finish(last)
    seen: list[str] = []

    def statuses() -> bool:
        details = [event["detail"] for event in inbox.read()]
        seen.extend(detail["status"] for detail in details if detail["executionArn"] == execution)
        return any((detail["executionArn"], detail["status"]) == (last, "SUCCEEDED") for detail in details)

    until(statuses)
    assert sorted(seen) == ["ABORTED", "RUNNING"]


def clean_up(stack_machines: list[str]) -> dict[str, Any]:
    """A rule as the stack has it, and the machine that it starts."""
    machines = [{"Ref": name} for name in stack_machines]
    role = {"RoleArn": ANY_ROLE}
    pattern = {
        "source": ["aws.states"],
        "detail-type": [DETAIL_TYPE],
        "detail": {"status": ["TIMED_OUT", "ABORTED"], "stateMachineArn": machines},
    }
    target = {"Id": "clean-up", "Arn": {"Ref": "CleanUp"}, "InputPath": "$.detail", **role}
    return {
        "Ended": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern, "Targets": [target]}},
        "CleanUp": machine("clean-up", jsonata({"Done": DONE})),
    }


@pytest.fixture(autouse=True)
def a_role(cloud: Cloud) -> None:
    """A stack's rule may name it: EventBridge looks for it there."""
    iam = cloud.client("iam")
    if ANY_ROLE not in [role["Arn"] for role in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=ANY_ROLE.rpartition("/")[2], AssumeRolePolicyDocument="{}")


def machine(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "StateMachineName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"},
        "RoleArn": ANY_ROLE,
        "DefinitionString": json.dumps(definition),
    }
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def test_a_rule_of_a_stack_starts_its_clean_up_with_the_detail(cloud: Cloud) -> None:
    """Only for the machines and the statuses that the rule names: the clean-up's own end starts nothing."""
    watched = {"Peering": machine("peering", MACHINES["TIMED_OUT"]), "Teardown": machine("teardown", MACHINES["ABORTED"])}
    other = {"Other": machine("other", MACHINES["ABORTED"])}
    stack, status = deploy(cloud, watched | other | clean_up(list(watched)))
    assert status == "CREATE_COMPLETE"
    states, name = cloud.client("stepfunctions"), f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{stack}"

    def start(suffix: str, **options: Any) -> str:
        return states.start_execution(stateMachineArn=f"{name}-{suffix}", input=json.dumps(INPUT), **options)["executionArn"]

    timed_out, aborted, unwatched = start("peering", name=unique("run")), start("teardown"), start("other")
    for execution in (unwatched, aborted):
        states.stop_execution(executionArn=execution)

    def cleaned() -> list[dict[str, Any]] | None:
        found = states.list_executions(stateMachineArn=f"{name}-clean-up", statusFilter="SUCCEEDED")["executions"]
        return found if len(found) >= 2 else None

    arns = [each["executionArn"] for each in until(cleaned)]
    inputs = [json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns]
    assert {each["executionArn"]: each["status"] for each in inputs} == {timed_out: "TIMED_OUT", aborted: "ABORTED"}
    assert all(json.loads(each["input"]) == INPUT for each in inputs)
    [rule] = cloud.client("events").list_rule_names_by_target(TargetArn=f"{name}-clean-up")["RuleNames"]
    [target] = cloud.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    assert (target["RoleArn"], target["InputPath"]) == (ANY_ROLE, "$.detail")
    cloud.client("cloudformation").delete_stack(StackName=stack)
