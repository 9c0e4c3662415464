"""A connection can be created where an organization denies untagged ones: with `ConnectionTags`, and not without."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from iam.cost_tags import denying_without
from iam.evaluator import Context, Evaluator, hub
from iam.stacks import HERE, HUB, Role

CONNECTION = f"arn:aws:ec2:{HERE}:{HUB}:vpc-peering-connection/pcx-1"
ACTIONS = ("ec2:CreateVpcPeeringConnection", "ec2:CreateTags")


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.of_templates()


@pytest.fixture(scope="module")
def bound(evaluator: Evaluator) -> Role:
    """The function that creates connections, in such an organization."""
    [role] = [each for each in evaluator.roles.values() if each.name == "CreateRequestFunction"]
    return replace(role, policies=(*role.policies, denying_without("CostCenter")))


def created_with(**tags: str) -> Iterator[tuple[str, Context]]:
    """What EC2 asks IAM about the creation of a connection with these tags."""
    outputs = hub()
    installation = str(outputs.value(outputs.template["Outputs"]["InstallationId"]["Value"]))
    named = {"isthmus:stack": installation, "isthmus:execution": "arn", "Name": "a/b", **tags}
    context = {f"aws:RequestTag/{key}": value for key, value in named.items()} | {"aws:TagKeys": list(named)}
    for action in ACTIONS:
        yield action, context | ({"ec2:CreateAction": "CreateVpcPeeringConnection"} if action == "ec2:CreateTags" else {})


@pytest.mark.parametrize(("tags", "may"), [({"CostCenter": "4711"}, True), ({"CostCenter": ""}, True), ({}, False)])
def test_a_connection_with_the_tag_that_is_demanded_can_be_created(
    evaluator: Evaluator, bound: Role, tags: dict[str, str], may: bool
) -> None:
    decisions = {action: evaluator.evaluate(bound, action, CONNECTION, context) for action, context in created_with(**tags)}
    assert {action: decision.allowed for action, decision in decisions.items()} == dict.fromkeys(ACTIONS, may)
