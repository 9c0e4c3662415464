"""The stack of an organization: whom it lets in by conditions instead of a list, it lets in by each of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from iam.judge import STACK_ID, Context, Judge
from iam.stacks import HERE, HUB, Policy, Stack, deploy
from iam.table import outsider

OURS, ANOTHER = {"aws:PrincipalOrgID": "o-0123456789"}, {"aws:PrincipalOrgID": "o-9876543210"}
TAG_CHANGE = {"events:source": "aws.tag", "events:detail-type": "Tag Change on Resource"}
REQUEST = {"events:source": "pipeline", "events:detail-type": "VPC Peering Requested"}
UNLISTED = "444444444444"  # an account
PUT, ASSUME, TAG = "events:PutEvents", "sts:AssumeRole", "sts:TagSession"


ROWS: list[tuple[str, str, str, Context, bool]] = [
    ("anybody", PUT, "EventBus", OURS | TAG_CHANGE, True),
    ("anybody", PUT, "EventBus", ANOTHER | TAG_CHANGE, False),
    ("anybody", PUT, "EventBus", TAG_CHANGE, False),
    ("anybody", PUT, "EventBus", OURS | TAG_CHANGE | {"events:source": "somebody"}, False),
    ("anybody", PUT, "EventBus", OURS | {"events:detail-type": "Tag Change on Resource"}, False),
    ("anybody", PUT, "EventBus", OURS | REQUEST, True),
    ("anybody", PUT, "EventBus", ANOTHER | REQUEST, False),
    ("anybody", PUT, "EventBus", OURS | REQUEST | {"events:detail-type": "VPC Peering Active"}, False),
    ("anybody", PUT, "EventBus", OURS | {"events:source": "pipeline"}, False),
    ("deploy", ASSUME, "InvokeRole", OURS, True),
    ("deploy", TAG, "InvokeRole", OURS, True),
    ("deploy", ASSUME, "InvokeRole", ANOTHER, False),
    ("deploy", ASSUME, "InvokeRole", {}, False),
    ("deploy-too", ASSUME, "InvokeRole", OURS, False),
    ("anybody", ASSUME, "InvokeRole", OURS, False),
]


@pytest.fixture(scope="module")
def stack() -> Stack:
    parameters = {"OrganizationId": OURS["aws:PrincipalOrgID"], "PipelinePrincipals": "arn:aws:iam::*:role/deploy"}
    return deploy("template.yaml", HUB, HERE, STACK_ID, **parameters)


def policies(stack: Stack) -> dict[str, Policy]:
    """What the bus, and the role that pipelines assume, allow others."""
    [invoke] = [role for role in stack.roles() if role.name == "InvokeRole"]
    return stack.bus_policies() | {invoke.arn: invoke.trust}


def allowed(stack: Stack, by: dict[str, Policy], row: tuple[str, str, str, Context, bool]) -> bool:
    who, action, on, context, _ = row
    return Judge([], by).decide(outsider(who, who, UNLISTED), action, stack.arns[on], context).allowed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(map(str, row)))
def test_the_organization_lets_in_whom_it_should(stack: Stack, row: tuple[str, str, str, Context, bool]) -> None:
    assert allowed(stack, policies(stack), row) == row[-1]


def without_a_condition(by: dict[str, Policy]) -> Iterator[tuple[str, dict[str, Policy]]]:
    """The policies without each of their conditions, one at a time."""
    for arn, policy in by.items():
        for place, statement in enumerate(policy["Statement"]):
            for operator in statement.get("Condition", {}):
                mutant = copy.deepcopy(policy)
                del mutant["Statement"][place]["Condition"][operator]
                yield f"{statement['Sid']} {operator}", {**by, arn: mutant}


def test_no_condition_can_go_without_a_row_noticing(stack: Stack) -> None:
    mutants = list(without_a_condition(policies(stack)))
    denied = [row for row in ROWS if not row[-1]]
    unnoticed = [name for name, mutant in mutants if not any(allowed(stack, mutant, row) for row in denied)]
    assert len(mutants) >= 8 and unnoticed == []
