"""A stack with an `OrganizationId`: its policies have conditions in place of a list of accounts, and each of them is needed."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from iam.evaluator import STACK_ID, Context, Evaluator
from iam.stacks import HERE, HUB, Policy, Stack, deploy
from iam.table import outsider

OURS, ANOTHER = {"aws:PrincipalOrgID": "o-0123456789"}, {"aws:PrincipalOrgID": "o-9876543210"}
TAG_CHANGE = {"events:source": "aws.tag", "events:detail-type": "Tag Change on Resource"}
REQUEST = {"events:source": "pipeline", "events:detail-type": "VPC Peering Requested"}
UNLISTED = "444444444444"  # an account
PUT, ASSUME, TAG = "events:PutEvents", "sts:AssumeRole", "sts:TagSession"


ROWS: list[tuple[str, str, str, Context, bool]] = [
    ("any", PUT, "EventBus", OURS | TAG_CHANGE, True),
    ("any", PUT, "EventBus", ANOTHER | TAG_CHANGE, False),
    ("any", PUT, "EventBus", TAG_CHANGE, False),
    ("any", PUT, "EventBus", OURS | TAG_CHANGE | {"events:source": "test"}, False),
    ("any", PUT, "EventBus", OURS | {"events:detail-type": "Tag Change on Resource"}, False),
    ("any", PUT, "EventBus", OURS | REQUEST, True),
    ("any", PUT, "EventBus", ANOTHER | REQUEST, False),
    ("any", PUT, "EventBus", OURS | REQUEST | {"events:detail-type": "VPC Peering Active"}, False),
    ("any", PUT, "EventBus", OURS | {"events:source": "pipeline"}, False),
    ("deploy", ASSUME, "InvokeRole", OURS, True),
    ("deploy", TAG, "InvokeRole", OURS, True),
    ("deploy", ASSUME, "InvokeRole", ANOTHER, False),
    ("deploy", ASSUME, "InvokeRole", {}, False),
    ("deploy-too", ASSUME, "InvokeRole", OURS, False),
    ("any", ASSUME, "InvokeRole", OURS, False),
]

INSIDE, OUTSIDE = {"aws:ResourceOrgID": "o-0123456789"}, {"aws:ResourceOrgID": "o-9876543210"}


READING = ("TopologyFunction",)
"""Those that assume the member role that reads, whatever the mode."""


@pytest.mark.parametrize(
    ("context", "may"), [(INSIDE, True), (OUTSIDE, False), ({}, False)], ids=["inside", "outside", "no organization"]
)
def test_the_functions_assume_roles_in_accounts_of_the_organization_alone(stack: Stack, context: Context, may: bool) -> None:
    """Code can't know an organization's accounts, so that IAM refuses the others."""
    evaluator = Evaluator(stack.roles(), {})
    assuming = [role for role in stack.roles() if role.name.endswith("Function") and ASSUME in str(role.policies)]
    assert len(assuming) >= 9
    for role in assuming:
        there = f"arn:aws:iam::{UNLISTED}:role/isthmus-member{'-read' if role.name in READING else ''}"
        assert evaluator.evaluate(role, ASSUME, there, context).allowed == may, role.name


@pytest.fixture(scope="module")
def stack() -> Stack:
    parameters = {"OrganizationId": OURS["aws:PrincipalOrgID"], "PipelinePrincipals": "arn:aws:iam::*:role/deploy"}
    return deploy("template.yaml", HUB, HERE, STACK_ID, **parameters)


def policies(stack: Stack) -> dict[str, Policy]:
    """The policy of the bus and the trust policy of the role that pipelines assume."""
    [invoke] = [role for role in stack.roles() if role.name == "InvokeRole"]
    return stack.bus_policies() | {invoke.arn: invoke.trust}


def allowed(stack: Stack, by: dict[str, Policy], row: tuple[str, str, str, Context, bool]) -> bool:
    who, action, on, context, _ = row
    return Evaluator([], by).evaluate(outsider(who, who, UNLISTED), action, stack.arns[on], context).allowed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(map(str, row)))
def test_the_policies_allow_only_accounts_of_the_organization(stack: Stack, row: tuple[str, str, str, Context, bool]) -> None:
    assert allowed(stack, policies(stack), row) == row[-1]


def without_a_condition(by: dict[str, Policy]) -> Iterator[tuple[str, dict[str, Policy]]]:
    """Copies of the policies, each without one of their conditions."""
    for arn, policy in by.items():
        for place, statement in enumerate(policy["Statement"]):
            for operator in statement.get("Condition", {}):
                mutant = copy.deepcopy(policy)
                del mutant["Statement"][place]["Condition"][operator]
                yield f"{statement['Sid']} {operator}", {**by, arn: mutant}


def test_a_row_fails_without_each_of_the_conditions(stack: Stack) -> None:
    mutants = list(without_a_condition(policies(stack)))
    denied = [row for row in ROWS if not row[-1]]
    undetected = [name for name, mutant in mutants if not any(allowed(stack, mutant, row) for row in denied)]
    assert len(mutants) >= 8 and undetected == []
