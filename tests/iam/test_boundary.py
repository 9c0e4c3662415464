"""Where an organization demands a permissions boundary, every role has it: a role without one could not even be made."""

from __future__ import annotations

from typing import Any

import pytest

from iam.evaluator import MEMBERS, STACK_ID
from iam.stacks import HERE, HUB, Stack, deploy

BOUNDARY = f"arn:aws:iam::{HUB}:policy/everybody"
HUB_OF_A_MEMBER = {
    "HubAccount": HUB, "HubRegion": HERE, "HubBusName": "isthmus", "ExternalId": "an-id", "RoleRegion": HERE,
    "HubRoleArns": f"arn:aws:iam::{HUB}:role/a,arn:aws:iam::{HUB}:role/b",
}  # fmt: skip


def stack(path: str, boundary: str) -> Stack:
    if path == "template.yaml":
        return deploy(path, HUB, HERE, STACK_ID, PermissionsBoundary=boundary)
    return deploy(path, MEMBERS[0], HERE, STACK_ID, PermissionsBoundary=boundary, **HUB_OF_A_MEMBER)


def boundaries(deployed: Stack) -> dict[str, Any]:
    roles = {name: each for name, each in deployed.template["Resources"].items() if each["Type"] == "AWS::IAM::Role"}
    values = {name: role["Properties"].get("PermissionsBoundary") for name, role in roles.items()}
    return {name: deployed.value(value) if value is not None else None for name, value in values.items()}


@pytest.mark.parametrize(("path", "roles"), [("template.yaml", 17), ("member/template.yaml", 2)])
def test_every_role_has_the_boundary(path: str, roles: int) -> None:
    with_boundary = boundaries(stack(path, BOUNDARY))
    assert set(with_boundary.values()) == {BOUNDARY} and len(with_boundary) >= roles, with_boundary


@pytest.mark.parametrize("path", ["template.yaml", "member/template.yaml"])
def test_without_one_no_role_has_any(path: str) -> None:
    assert BOUNDARY not in boundaries(stack(path, "")).values()


@pytest.mark.parametrize("topic", ["", f"arn:aws:sns:{HERE}:{HUB}:on-call"], ids=["the stack's own", "another one"])
def test_alarms_go_to_the_topic(topic: str) -> None:
    deployed = deploy("template.yaml", HUB, HERE, STACK_ID, AlarmTopicArn=topic)
    alarms = {name: each for name, each in deployed.template["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    own = deployed.arns["FailureTopic"]
    assert alarms and all(deployed.value(each["Properties"]["AlarmActions"]) == [topic or own] for each in alarms.values())
