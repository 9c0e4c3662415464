"""The member template is checked as the stack's own template is: a copy with one mistake causes the finding for it."""

from __future__ import annotations

import pytest

from checks import __main__ as repository
from checks import policies, template
from checks.cloudformation_yaml import load
from checks.statements import Statement, statements
from checks.test_checks import TEMPLATE, assert_found, replace

_, MEMBER = repository.templates()
TABLES = "arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:route-table/*"

POLICY_MUTANTS = {
    "a trust policy for everybody": ("AWS: !Ref HubRoleArns", 'AWS: "*"', '"*" without a comment'),
    "no reason for *": ('"*" # why *: Describe', '"*" # Describe', '"*" without a comment'),
    "route tables of any account": (
        f"{TABLES} # why *:",
        TABLES.replace("${AWS::AccountId}", "*") + " #",
        "any account in arn:aws:ec2:*:*:route-table/*",
    ),
    "a forbidden action": ("- ec2:CreateRoute\n", "- ec2:ReplaceRoute\n", "ec2:ReplaceRoute is never granted"),
    "every action": ("- ec2:CreateRoute\n", '- "ec2:*"\n', "an action with a wildcard"),
    "a key of another action": ('"ec2:Vpc"', '"ec2:AccepterVpc"', "ec2:AccepterVpc doesn't apply to ec2:CreateRoute"),
    "an action that does not accept the resources": (
        "Action: ec2:AcceptVpcPeeringConnection",
        "Action: ec2:RejectVpcPeeringConnection",
        "ec2:RejectVpcPeeringConnection accepts none of the statement's resources",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), POLICY_MUTANTS.values(), ids=POLICY_MUTANTS)
def test_policy_mutant(old: str, new: str, expected: str) -> None:
    assert_found(policies.check(replace(MEMBER, old, new)), expected)


TEMPLATE_MUTANTS = {
    "an undefined condition": ("Condition: IsElsewhere", "Condition: IsAnywhere", "IsAnywhere"),
    "an unknown property": ("      EventPattern:", "      EventsPattern:", "EventsPattern"),
    "an unused parameter": ("\nParameters:\n", "\nParameters:\n  Idle: { Type: String }\n", "W2001"),
    "an alias": ("Label: { default: The hub }", "Label: &same { default: The hub }\n        Same: *same", "aliases, such as *same"),
}


@pytest.mark.parametrize(("old", "new", "expected"), TEMPLATE_MUTANTS.values(), ids=TEMPLATE_MUTANTS)
def test_template_mutant(old: str, new: str, expected: str) -> None:
    assert_found(template.check(replace(MEMBER, old, new), {}), expected)


def test_the_member_role_trusts_exactly_the_functions_that_act_in_other_accounts() -> None:
    hub = load(TEMPLATE)
    acting = {
        found.owner
        for found in statements(TEMPLATE, hub)
        if isinstance(found, Statement) and found.resources and ("sts:AssumeRole" in dict(found.actions))
    }
    [_, trusted] = hub["Outputs"]["FunctionRoleArns"]["Value"]["Fn::Join"]
    assert sorted(role["Fn::GetAtt"][0] for role in trusted) == sorted(f"{function}Role" for function in acting)


def test_the_member_forwards_the_events_that_the_hub_processes() -> None:
    hub, member = load(TEMPLATE)["Resources"], load(MEMBER)["Resources"]
    processed = hub["StartPeeringFunction"]["Properties"]["Events"]["TagChangedElsewhere"]["Properties"]["Pattern"]
    forwarded = member["ForwardTagChanges"]["Properties"]["EventPattern"]
    assert {**processed, "account": []} == {**forwarded, "account": []}


@pytest.mark.parametrize("name", ["MemberRoleName", "TagPrefix"])
def test_parameters_of_both_templates_have_the_same_default(name: str) -> None:
    hub, member = load(TEMPLATE)["Parameters"], load(MEMBER)["Parameters"]
    assert hub[name]["Default"] == member[name]["Default"]
