"""Tests of the check of policies: a statement with one mistake, added to a function's policy, causes the finding for it."""

from __future__ import annotations

import pytest

from checks import policies
from checks.service_authorization import action
from checks.source import Source
from checks.test_checks import TEMPLATE, assert_found, replace

PCX = "!Sub arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:vpc-peering-connection/*"
ROUTE_TABLE = "!Sub arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:route-table/*"


def statement(action: str, resource: str, *more: str) -> str:
    """A further statement for a function's policy."""
    lines = ["Sid: Mutant", "Effect: Allow", f"Action: {action}", f"Resource: {resource}", *more]
    return "            - " + "\n              ".join(lines) + "\n"


def when(key: str, operator: str = "StringEquals") -> str:
    return f'Condition: {{ {operator}: {{ "{key}": x }} }}'


STATEMENT_MUTANTS = {
    "an unknown action": (statement("ec2:CreateRoot", ROUTE_TABLE), "ec2:CreateRoot: no such action"),
    "an unknown service": (statement("ec3:CreateRoute", ROUTE_TABLE), "ec3:CreateRoute: no such action"),
    "every action": (statement('"ec2:*"', '"*" # why *: test'), "an action with a wildcard"),
    "a family of actions": (statement('"ec2:Describe*"', '"*" # why *: test'), "an action with a wildcard"),
    "an action never granted": (statement("ec2:ReplaceRoute", ROUTE_TABLE), "ec2:ReplaceRoute is never granted"),
    "the wrong resource type": (
        statement("ec2:CreateRoute", ROUTE_TABLE.replace("route-table", "vpc")),
        "ec2:CreateRoute accepts none of the statement's resources, only route-table",
    ),
    "one wrong resource of two": (
        statement("ec2:CreateRoute", "", f"  - {ROUTE_TABLE}", f"  - {PCX}"),
        "no action of the statement accepts arn:aws:ec2:*:111122223333:vpc-peering-connection/*",
    ),
    "a resource for an action without resource types": (statement("ec2:DescribeVpcs", PCX), "only no resource but *"),
    "a resource that is not defined": (statement("states:StartExecution", "!Ref Nothing"), "Nothing is not defined"),
    "no reason for *": (statement("ec2:DescribeVpcs", '"*"'), '"*" without a comment'),
    "an empty reason for *": (statement("ec2:DescribeVpcs", '"*" # why *:'), '"*" without a comment'),
    "no reason for any account": (
        statement("ec2:CreateRoute", "!Sub arn:${AWS::Partition}:ec2:*:*:route-table/*"),
        "any account in arn:aws:ec2:*:*:route-table/*",
    ),
    "no reason for any role": (
        statement("sts:AssumeRole", "!Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"),
        "any role in arn:aws:iam::111122223333:role/*",
    ),
    "a key that the action does not support": (
        statement("ec2:CreateRoute", ROUTE_TABLE, when("ec2:AccepterVpc")),
        "ec2:AccepterVpc doesn't apply to ec2:CreateRoute",
    ),
    "a request tag for an action without request tags": (
        statement("ec2:CreateRoute", ROUTE_TABLE, when("aws:RequestTag/isthmus:stack")),
        "aws:RequestTag/isthmus:stack doesn't apply to ec2:CreateRoute",
    ),
    "a resource tag for a resource that does not exist yet": (
        statement("ec2:CreateVpcPeeringConnection", PCX, when("aws:ResourceTag/isthmus:stack")),
        "aws:ResourceTag/isthmus:stack doesn't apply to ec2:CreateVpcPeeringConnection",
    ),
    "an unknown key": (
        statement("ec2:CreateRoute", ROUTE_TABLE, when("aws:Weekday")),
        "aws:Weekday doesn't apply to ec2:CreateRoute",
    ),
    "NotAction": (statement("ec2:CreateRoute", ROUTE_TABLE).replace("Action", "NotAction"), "NotAction grants"),
    "a required resource is missing": (
        statement("ec2:AcceptVpcPeeringConnection", PCX),
        "ec2:AcceptVpcPeeringConnection also needs a vpc, which no statement grants",
    ),
}


def with_statement(added: str) -> Source:
    return replace(TEMPLATE, "            - Sid: ReadRoutes\n", added + "            - Sid: ReadRoutes\n")


@pytest.mark.parametrize(("added", "expected"), STATEMENT_MUTANTS.values(), ids=STATEMENT_MUTANTS)
def test_statement_mutant(added: str, expected: str) -> None:
    assert_found(policies.check(with_statement(added)), expected)


SOUND_STATEMENTS = {
    "a global key": statement("ec2:CreateRoute", ROUTE_TABLE, when("aws:PrincipalOrgID")),
    "a key that one of the resources supports": statement("ec2:CreateTags", PCX, when("ec2:CreateAction", "StringEqualsIfExists")),
    "a reason in the line above": statement("ec2:DescribeVpcs", '\n              # why *: test\n                "*"'),
}


@pytest.mark.parametrize("added", SOUND_STATEMENTS.values(), ids=SOUND_STATEMENTS)
def test_sound_statement(added: str) -> None:
    assert list(map(str, policies.check(with_statement(added)))) == []


def test_a_policy_by_name_is_found() -> None:
    by_name = "      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]\n"
    mutant = replace(TEMPLATE, "      Policies:\n", by_name + "      Policies:\n")
    assert_found(policies.check(mutant), "ManagedPolicyArns names a policy")


def test_a_trust_policy_for_everybody_is_found() -> None:
    trust = "            Principal:\n              AWS: !If\n"
    mutant = replace(TEMPLATE, trust, trust.replace("AWS", 'Service: "*"\n              AWS'))
    assert_found(policies.check(mutant), '"*" without a comment')


def test_a_finding_in_an_anchor_is_reported_once_at_the_anchor() -> None:
    mutant = replace(TEMPLATE, '"*" # why *: Describe actions know no resources', '"*"')
    lines = mutant.text.splitlines()
    (finding,) = policies.check(mutant)
    assert finding.line and lines[finding.line - 1].strip() == 'Resource: "*"'


def test_merged_keys_are_checked() -> None:
    merged = "            - { <<: *ReadConnections, Sid: Mutant, Action: ec2:CreateRoot }\n"
    assert_found(policies.check(with_statement(merged)), "ec2:CreateRoot: no such action")


def test_a_resource_type_does_not_match_one_with_the_same_prefix() -> None:
    kinds = action("ec2:CreateVpcPeeringConnection").accepted("arn:aws:ec2:*:111122223333:vpc/*")
    assert [kind.name for kind in kinds] == ["vpc"]
