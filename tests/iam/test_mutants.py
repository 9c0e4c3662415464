"""Policies without one of their parts: then a usual call is no longer allowed, or a row of the table no longer holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from iam.evaluator import MEMBERS, STACK_ID, Evaluator, hub
from iam.recorded import Call, Permissions
from iam.stacks import HERE, HUB, STACK, Role
from iam.table import ACCOUNTS, Names, Row, outsiders, rows

MEMBER = MEMBERS[0]
EXTERNAL_ID = STACK_ID.rpartition("/")[2]
INSTALLATION = f"{STACK}.{HERE}.{HUB}"
OURS = {"aws:ResourceTag/isthmus:stack": INSTALLATION}
AS_MADE = {"aws:RequestTag/isthmus:stack": INSTALLATION, "aws:RequestTag/Name": "a/b", "aws:TagKeys": ["isthmus:stack", "Name"]}
ENDS = {f"ec2:{side}Vpc": f"arn:aws:ec2:us-east-1:{MEMBER}:vpc/vpc-{side.lower()}" for side in ("Requester", "Accepter")}


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.of_templates()


def called(evaluator: Evaluator, name: str, account: str, action: str, resource: str, **context: Any) -> Call:
    """A call as the local cloud logs it, with one IAM action."""
    [role] = [role for role in evaluator.roles.values() if (role.name, role.account) == (name, account)]
    context = {"ec2:Region": "us-east-1", **context} if action.startswith("ec2:") else context
    question = {"Action": action, "Resource": resource, "Context": context}
    return {"Action": action, "Caller": role.arn, "SessionName": None, "UserAgent": "aws-sdk-rust/1", "Authorization": [question]}


def usual_calls(evaluator: Evaluator) -> list[Call]:
    def arn(account: str, rest: str) -> str:
        return f"arn:aws:ec2:us-east-1:{account}:{rest}"

    pcx, table = "vpc-peering-connection/pcx-1", "route-table/rtb-1"
    member_role = f"arn:aws:iam::{MEMBER}:role/isthmus-member"
    in_vpc = {"ec2:Vpc": arn(MEMBER, "vpc/vpc-requester")}
    create, accept, delete = (f"ec2:{verb}VpcPeeringConnection" for verb in ("Create", "Accept", "Delete"))
    creating = {**AS_MADE, "ec2:CreateAction": "CreateVpcPeeringConnection"}
    deployed = hub()
    ledger, machine = deployed.arns["Ledger"], deployed.arns["PeeringStateMachine"]
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:1"
    return [
        called(evaluator, "CreateRequestFunction", HUB, "ec2:DescribeVpcs", "*"),
        called(evaluator, "CreateRequestFunction", HUB, create, arn(HUB, "vpc/vpc-1")),
        called(evaluator, "CreateRequestFunction", HUB, create, arn(HUB, pcx), **AS_MADE),
        called(evaluator, "CreateRequestFunction", HUB, "ec2:CreateTags", arn(HUB, pcx), **creating),
        called(evaluator, "AcceptInPeerRegionFunction", HUB, accept, arn(HUB, "vpc/vpc-1")),
        called(evaluator, "AcceptInPeerRegionFunction", HUB, accept, arn(HUB, pcx), **OURS),
        called(evaluator, "AcceptInPeerRegionFunction", HUB, "sts:AssumeRole", member_role, **{"sts:ExternalId": EXTERNAL_ID}),
        called(evaluator, "UpdateRoutesFunction", HUB, "ec2:CreateRoute", arn(HUB, table)),
        called(evaluator, "UpdateRoutesFunction", HUB, "dynamodb:GetItem", ledger),
        called(evaluator, "UpdateRoutesFunction", HUB, "dynamodb:UpdateItem", ledger),
        called(evaluator, "StartPeeringFunction", HUB, "dynamodb:Query", f"{ledger}/index/Owes"),
        called(evaluator, "StartPeeringFunction", HUB, "states:StartExecution", machine),
        called(evaluator, "SweepFunction", HUB, "dynamodb:Scan", ledger),
        called(evaluator, "SweepFunction", HUB, "states:DescribeExecution", execution),
        called(evaluator, "RollBackFunction", HUB, delete, arn(HUB, pcx), **OURS, **{"ec2:RequesterVpc": arn(HUB, "vpc/vpc-1")}),
        called(evaluator, "MemberRole", MEMBER, accept, arn(MEMBER, "vpc/vpc-accepter")),
        called(evaluator, "MemberRole", MEMBER, accept, arn(MEMBER, pcx), **ENDS),
        called(evaluator, "MemberRole", MEMBER, "ec2:CreateRoute", arn(MEMBER, table), **in_vpc),
        called(evaluator, "MemberRole", MEMBER, delete, arn(MEMBER, pcx), **OURS, **ENDS),
    ]


def test_the_usual_calls_are_allowed(evaluator: Evaluator) -> None:
    assert Permissions(evaluator, set()).violations(usual_calls(evaluator)) == []


def test_without_its_action_each_of_them_is_a_violation(evaluator: Evaluator) -> None:
    for call in usual_calls(evaluator):
        [question], role = call["Authorization"], evaluator.roles[call["Caller"]]
        mutant = _evaluator_with(evaluator, _without(role, question["Action"]))
        [violation] = Permissions(mutant, set()).violations([call])
        assert violation.startswith(f"{role.name} may not {question['Action']} on {question['Resource']}")


@pytest.mark.parametrize(
    ("name", "account", "action", "resource", "context"),
    [
        ("RollBackFunction", HUB, "ec2:DeleteVpcPeeringConnection", "vpc-peering-connection/pcx-1", {}),
        ("UpdateRoutesFunction", HUB, "ec2:CreateRoute", "route-table/rtb-1", {"aws:ResourceTag/isthmus:exclude": "true"}),
        ("UpdateRoutesFunction", HUB, "ec2:ReplaceRoute", "route-table/rtb-1", {}),
        ("MemberRole", MEMBER, "ec2:CreateRoute", "route-table/rtb-1", {"ec2:Vpc": f"arn:aws:ec2:us-east-1:{HUB}:vpc/vpc-1"}),
    ],
)
def test_a_call_beyond_the_policy_is_a_violation(
    evaluator: Evaluator, name: str, account: str, action: str, resource: str, context: dict[str, str]
) -> None:
    call = called(evaluator, name, account, action, f"arn:aws:ec2:us-east-1:{account}:{resource}", **context)
    [violation] = Permissions(evaluator, set()).violations([call])
    assert violation.startswith(f"{name} may not {action} on ")
    assert Permissions(evaluator, set()).violations([{**call, "Error": "UnauthorizedOperation"}]) == [], "it was denied"


def test_a_call_by_an_unknown_role_or_of_unknown_meaning_is_a_violation(evaluator: Evaluator) -> None:
    call = usual_calls(evaluator)[0]
    assert Permissions(evaluator, set()).violations([{**call, "Caller": f"arn:aws:iam::{HUB}:role/another"}])
    assert Permissions(evaluator, set()).violations([{**call, "Authorization": []}])
    assert not Permissions(evaluator, set()).violations([{**call, "Caller": "test", "UserAgent": "Boto3"}])


def _without(role: Role, action: str) -> Role:
    mutant = copy.deepcopy(role)
    for statement in mutant.statements():
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [each for each in actions if each != action] or ["ec2:DescribeAccountAttributes"]
    return mutant


def _evaluator_with(evaluator: Evaluator, mutant: Role) -> Evaluator:
    return Evaluator([mutant if role.arn == mutant.arn else role for role in evaluator.roles.values()])


Mutant = tuple[str, str]
"""Sid and operator. The same statement may belong to several roles: the template shares it by an anchor."""


def _conditions(role: Role) -> Iterator[tuple[Mutant, Role]]:
    """Copies of the role, each without one of the conditions of its policies."""
    for place, statement in enumerate(role.statements()):
        for operator in statement.get("Condition", {}):
            mutant = copy.deepcopy(role)
            del list(mutant.statements())[place]["Condition"][operator]
            yield (statement.get("Sid", ""), operator), mutant


def test_a_row_fails_without_each_of_the_conditions(evaluator: Evaluator) -> None:
    names = Names(hub())
    ours = {role.name: role for role in evaluator.roles.values() if role.account in (HUB, ACCOUNTS["member"])}
    detected: set[Mutant] = set()
    found: set[Mutant] = set()
    for role in ours.values():
        denied = [row for row in rows() if row.who == role.name and not row.may]
        for mutant, changed in _conditions(role):
            found.add(mutant)
            if any(_allowed(_evaluator_with(evaluator, changed), changed, row, names) for row in denied):
                detected.add(mutant)
    assert found, "the policies have conditions"
    assert found - detected == set(), "the table lacks rows that these conditions deny"


def _statements(role: Role) -> Iterator[tuple[str, Role]]:
    """Copies of the role, each without one of the statements that the template gives it. Those without a Sid are SAM's."""
    for place, statement in enumerate(role.statements()):
        if sid := statement.get("Sid"):
            mutant = copy.deepcopy(role)
            list(mutant.statements())[place]["Effect"] = "Deny"
            list(mutant.statements())[place]["Resource"] = "arn:aws:nothing:::nothing"
            yield sid, mutant


def test_a_row_fails_without_each_of_the_statements(evaluator: Evaluator) -> None:
    names = Names(hub())
    lacking = []
    for role in {role.name: role for role in evaluator.roles.values() if role.account in (HUB, ACCOUNTS["member"])}.values():
        granted = [row for row in rows() if row.who == role.name and row.may]
        for sid, changed in _statements(role):
            changed_evaluator = _evaluator_with(evaluator, changed)
            if all(_allowed(changed_evaluator, changed, row, names) for row in granted):
                lacking.append(f"{role.name}: {sid}")
    assert not lacking, "\n".join(["the table lacks rows that these statements grant:", *lacking])


def test_a_row_fails_without_the_external_id_of_the_trust_policy(evaluator: Evaluator) -> None:
    names, roles = Names(hub()), {role.name: role for role in evaluator.roles.values()} | outsiders()
    [member] = [role for role in evaluator.roles.values() if (role.name, role.account) == ("MemberRole", MEMBER)]
    trust = json.loads(json.dumps(member.trust))
    del trust["Statement"][0]["Condition"]
    mutant = _evaluator_with(evaluator, replace(member, trust=trust))
    denied = [row for row in rows() if row.on == "member role/isthmus-member" and not row.may]
    assert any(_allowed(mutant, roles[row.who], row, names) for row in denied)


def _allowed(evaluator: Evaluator, role: Role, row: Row, names: Names) -> bool:
    return evaluator.evaluate(role, row.action, names.resource(row.on), names.context(row.context)).allowed
