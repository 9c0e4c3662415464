"""Whose calls of the log are evaluated."""

from __future__ import annotations

import pytest

from iam.evaluator import Evaluator
from iam.recorded import Call, Permissions
from iam.stacks import Role

HERE = "arn:aws:states:us-east-1:123456789012"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Children", "Effect": "Allow", "Action": "states:StartExecution", "Resource": f"{HERE}:stateMachine:groups"},
        {"Effect": "Allow", "Action": "states:DescribeExecution", "Resource": f"{HERE}:execution:groups:*"},
    ],
}
MACHINE = Role("GroupsStateMachine", "arn:aws:iam::123456789012:role/groups", "123456789012", (POLICY,), {})


def call(action: str, resource: str, agent: str = "states.amazonaws.com", caller: str = MACHINE.arn) -> Call:
    question = {"Action": f"states:{action}", "Resource": resource, "Context": {}}
    return {"Action": action, "Caller": caller, "SessionName": None, "UserAgent": agent, "Authorization": [question]}


START, DESCRIBE = (
    call("StartExecution", f"{HERE}:stateMachine:groups"),
    call("DescribeExecution", f"{HERE}:execution:groups:1"),
)


def test_the_children_of_a_distributed_map_are_evaluated_by_the_machines_role() -> None:
    used: set[tuple[str, str, str]] = set()
    permissions = Permissions(Evaluator([MACHINE]), used)
    assert permissions.violations([START, DESCRIBE]) == []
    assert (MACHINE.name, "Children", "states:StartExecution") in used


@pytest.mark.parametrize(
    "refused",
    [
        call("StopExecution", f"{HERE}:execution:groups:1"),
        call("StartExecution", f"{HERE}:stateMachine:peering"),
        call("StartExecution", f"{HERE}:stateMachine:groups", caller="arn:aws:iam::123456789012:role/other"),
    ],
)
def test_what_the_role_does_not_allow_is_found(refused: Call) -> None:
    assert len(Permissions(Evaluator([MACHINE]), set()).violations([refused, refused])) == 1


def test_other_programs_are_not_evaluated() -> None:
    calls = [
        call("StartExecution", f"{HERE}:stateMachine:peering", agent) for agent in ("Boto3/1", "app/isthmus-cli-1 aws-sdk-rust/1")
    ]
    assert Permissions(Evaluator([MACHINE]), set()).violations(calls) == []
