"""The role of a state machine allows all calls of its definition, and the invocation of no other function."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from checks.cloudformation_yaml import load
from checks.source import Source

from iam.evaluator import MEMBERS, Evaluator, hub
from iam.stacks import REPOSITORY, Role, Stack

MACHINES = {
    "PeeringStateMachine": "peering.asl.json",
    "TeardownStateMachine": "teardown.asl.json",
    "CleanUpStateMachine": "clean-up.asl.json",
    "AnswerStateMachine": "answer.asl.json",
}
INVOKE, PUT_EVENTS = "arn:aws:states:::lambda:invoke", "arn:aws:states:::events:putEvents"
Call = tuple[str, str, dict[str, str]]


@pytest.fixture(scope="module")
def stack() -> Stack:
    return hub()


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.of_templates()


def definition(stack: Stack, name: str) -> dict[str, Any]:
    """The definition with the names of the deployed stack."""
    source = Source.read(REPOSITORY, REPOSITORY / "statemachine" / MACHINES[name])
    text = json.dumps(load(source))
    properties = stack.resources_of("AWS::StepFunctions::StateMachine")[name]
    for placeholder, value in stack.value(properties["DefinitionSubstitutions"]).items():
        text = text.replace(f"${{{placeholder}}}", str(value))
    return json.loads(text)


def tasks(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("Type") == "Task":
            yield part
        for each in part.values():
            yield from tasks(each)
    elif isinstance(part, list):
        for each in part:
            yield from tasks(each)


def calls(stack: Stack, task: dict[str, Any]) -> Iterator[Call]:
    arguments = task["Arguments"]
    if task["Resource"] == INVOKE:
        yield "lambda:InvokeFunction", arguments["FunctionName"], {}
    elif task["Resource"] == PUT_EVENTS:
        for entry in arguments["Entries"]:
            account, name = stack.account, entry["EventBusName"].rpartition("/")[2]
            if entry["EventBusName"].startswith("{%"):
                account, name = MEMBERS[0], "default"
            bus = f"arn:aws:events:{stack.region}:{account}:event-bus/{name}"
            yield "events:PutEvents", bus, {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
    else:
        raise ValueError(f"the IAM actions of {task['Resource']} are unknown")


def role_of(evaluator: Evaluator, name: str) -> Role:
    [role] = [role for role in evaluator.roles.values() if role.name == name]
    return role


@pytest.mark.parametrize("name", MACHINES)
def test_every_task_is_allowed(evaluator: Evaluator, stack: Stack, name: str) -> None:
    needed = [call for task in tasks(definition(stack, name)) for call in calls(stack, task)]
    assert needed, "the machine has tasks"
    for action, resource, context in needed:
        assert evaluator.evaluate(role_of(evaluator, name), action, resource, context).allowed, (action, resource, context)


@pytest.mark.parametrize("name", MACHINES)
def test_no_other_function_may_be_invoked(evaluator: Evaluator, stack: Stack, name: str) -> None:
    own = {task["Arguments"].get("FunctionName") for task in tasks(definition(stack, name))}
    every = {arn for logical_id, arn in stack.arns.items() if logical_id.endswith("Function")}
    assert own & every or name == "AnswerStateMachine", "which invokes none"
    assert every - own
    allowed = {arn for arn in every if evaluator.evaluate(role_of(evaluator, name), "lambda:InvokeFunction", arn, {}).allowed}
    assert allowed == own & every
