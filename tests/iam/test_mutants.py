"""Policies with something taken out: what was really called is then no longer allowed, or the table no longer holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from iam.judge import MEMBERS, STACK_ID, Judge, hub
from iam.recorded import Call, Permissions
from iam.stacks import HUB, Role
from iam.table import ACCOUNTS, Row, Words, outsiders, rows

MEMBER = MEMBERS[0]
EXTERNAL_ID = STACK_ID.rpartition("/")[2]
OURS = {"aws:ResourceTag/isthmus:stack": "isthmus"}
AS_MADE = {"aws:RequestTag/isthmus:stack": "isthmus", "aws:RequestTag/Name": "a/b", "aws:TagKeys": ["isthmus:stack", "Name"]}
ENDS = {f"ec2:{side}Vpc": f"arn:aws:ec2:us-east-1:{MEMBER}:vpc/vpc-{side.lower()}" for side in ("Requester", "Accepter")}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.of_templates()


def called(judge: Judge, name: str, account: str, action: str, resource: str, **context: Any) -> Call:
    """A line of the local cloud's log, with one question."""
    [role] = [role for role in judge.roles.values() if (role.name, role.account) == (name, account)]
    context = {"ec2:Region": "us-east-1", **context} if action.startswith("ec2:") else context
    question = {"Action": action, "Resource": resource, "Context": context}
    return {"Action": action, "Caller": role.arn, "SessionName": None, "UserAgent": "aws-sdk-rust/1", "Authorization": [question]}


def everyday_calls(judge: Judge) -> list[Call]:
    def arn(account: str, rest: str) -> str:
        return f"arn:aws:ec2:us-east-1:{account}:{rest}"

    pcx, table = "vpc-peering-connection/pcx-1", "route-table/rtb-1"
    member_role = f"arn:aws:iam::{MEMBER}:role/isthmus-member"
    in_vpc = {"ec2:Vpc": arn(MEMBER, "vpc/vpc-requester")}
    create, accept, delete = (f"ec2:{verb}VpcPeeringConnection" for verb in ("Create", "Accept", "Delete"))
    creating = {**AS_MADE, "ec2:CreateAction": "CreateVpcPeeringConnection"}
    return [
        called(judge, "CreateRequestFunction", HUB, "ec2:DescribeVpcs", "*"),
        called(judge, "CreateRequestFunction", HUB, create, arn(HUB, "vpc/vpc-1")),
        called(judge, "CreateRequestFunction", HUB, create, arn(HUB, pcx), **AS_MADE),
        called(judge, "CreateRequestFunction", HUB, "ec2:CreateTags", arn(HUB, pcx), **creating),
        called(judge, "AcceptInPeerRegionFunction", HUB, accept, arn(HUB, "vpc/vpc-1")),
        called(judge, "AcceptInPeerRegionFunction", HUB, accept, arn(HUB, pcx), **OURS),
        called(judge, "AcceptInPeerRegionFunction", HUB, "sts:AssumeRole", member_role, **{"sts:ExternalId": EXTERNAL_ID}),
        called(judge, "UpdateRoutesFunction", HUB, "ec2:CreateRoute", arn(HUB, table)),
        called(judge, "RollBackFunction", HUB, delete, arn(HUB, pcx), **OURS, **{"ec2:RequesterVpc": arn(HUB, "vpc/vpc-1")}),
        called(judge, "MemberRole", MEMBER, accept, arn(MEMBER, "vpc/vpc-accepter")),
        called(judge, "MemberRole", MEMBER, accept, arn(MEMBER, pcx), **ENDS),
        called(judge, "MemberRole", MEMBER, "ec2:CreateRoute", arn(MEMBER, table), **in_vpc),
        called(judge, "MemberRole", MEMBER, delete, arn(MEMBER, pcx), **OURS, **ENDS),
    ]


def test_what_is_called_every_day_is_allowed(judge: Judge) -> None:
    assert Permissions(judge, set()).violations(everyday_calls(judge)) == []


def test_without_its_action_each_of_them_is_a_violation(judge: Judge) -> None:
    for call in everyday_calls(judge):
        [question], role = call["Authorization"], judge.roles[call["Caller"]]
        poorer = _judge_with(judge, _without(role, question["Action"]))
        [violation] = Permissions(poorer, set()).violations([call])
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
    judge: Judge, name: str, account: str, action: str, resource: str, context: dict[str, str]
) -> None:
    call = called(judge, name, account, action, f"arn:aws:ec2:us-east-1:{account}:{resource}", **context)
    [violation] = Permissions(judge, set()).violations([call])
    assert violation.startswith(f"{name} may not {action} on ")


def test_a_call_by_an_unknown_role_or_of_unknown_meaning_is_a_violation(judge: Judge) -> None:
    call = everyday_calls(judge)[0]
    assert Permissions(judge, set()).violations([{**call, "Caller": f"arn:aws:iam::{HUB}:role/another"}])
    assert Permissions(judge, set()).violations([{**call, "Authorization": []}])
    assert not Permissions(judge, set()).violations([{**call, "Caller": "anybody", "UserAgent": "Boto3"}])


def _without(role: Role, action: str) -> Role:
    mutant = copy.deepcopy(role)
    for statement in mutant.statements():
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [each for each in actions if each != action] or ["ec2:DescribeAccountAttributes"]
    return mutant


def _judge_with(judge: Judge, mutant: Role) -> Judge:
    return Judge([mutant if role.arn == mutant.arn else role for role in judge.roles.values()])


Mutant = tuple[str, str]
"""Statement and operator, the same in whichever role it stands: statements are shared by anchors."""


def _conditions(role: Role) -> Iterator[tuple[Mutant, Role]]:
    """The role without each of its policies' conditions, one at a time."""
    for place, statement in enumerate(role.statements()):
        for operator in statement.get("Condition", {}):
            mutant = copy.deepcopy(role)
            del list(mutant.statements())[place]["Condition"][operator]
            yield (statement.get("Sid", ""), operator), mutant


def test_no_condition_can_go_without_the_table_noticing(judge: Judge) -> None:
    words = Words(hub())
    ours = {role.name: role for role in judge.roles.values() if role.account in (HUB, ACCOUNTS["member"])}
    noticed: set[Mutant] = set()
    found: set[Mutant] = set()
    for role in ours.values():
        denied = [row for row in rows() if row.who == role.name and not row.may]
        for mutant, changed in _conditions(role):
            found.add(mutant)
            if any(_allowed(_judge_with(judge, changed), changed, row, words) for row in denied):
                noticed.add(mutant)
    assert found, "the policies have conditions"
    assert found - noticed == set(), "rows that say no are missing for these"


def test_a_trust_policy_without_its_external_id_is_noticed(judge: Judge) -> None:
    words, roles = Words(hub()), {role.name: role for role in judge.roles.values()} | outsiders()
    [member] = [role for role in judge.roles.values() if (role.name, role.account) == ("MemberRole", MEMBER)]
    trust = json.loads(json.dumps(member.trust))
    del trust["Statement"][0]["Condition"]
    careless = _judge_with(judge, replace(member, trust=trust))
    denied = [row for row in rows() if row.on == "member role/isthmus-member" and not row.may]
    assert any(_allowed(careless, roles[row.who], row, words) for row in denied)


def _allowed(judge: Judge, role: Role, row: Row, words: Words) -> bool:
    return judge.decide(role, row.action, words.resource(row.on), words.context(row.context)).allowed
