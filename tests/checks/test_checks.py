"""Tests of the checks: the real files pass, and a copy with one mistake causes the finding for it.

A mutant is a copy of a real file with one text replaced. Where no replacement can cause the mistake, a statement or a state
is added.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from checks import __main__ as repository
from checks import pipelines, policies, state_machines, template
from checks.service_authorization import action
from checks.source import Finding, Source

DEFINITIONS = repository.definitions()
MACHINE = DEFINITIONS["statemachine/peering.asl.json"]
TEMPLATE = repository.templates()[0]
PCX = "!Sub arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:vpc-peering-connection/*"
ROUTE_TABLE = "!Sub arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:route-table/*"


def replace(source: Source, old: str, new: str) -> Source:
    assert old in source.text, f"the mutant no longer fits {source.name}: {old!r} is not in it"
    return Source(source.name, source.text.replace(old, new, 1))


def assert_found(findings: Iterable[Finding], expected: str) -> None:
    findings = list(findings)
    assert any(expected in str(finding) for finding in findings), f"{expected!r} is not in {list(map(str, findings))}"


@pytest.mark.parametrize("name", repository.CHECKS)
def test_the_real_files_pass(name: str) -> None:
    assert list(map(str, repository.CHECKS[name]())) == []


TEMPLATE_MUTANTS = {
    "a repeated key": ("Transform:", "Transform: x\nTransform:", "'Transform' is repeated"),
    "not YAML": ("Transform:", "Transform: [", "not readable"),
    "a reference to nothing": ("LogGroup: !Ref FunctionLogs", "LogGroup: !Ref NoLogs", "NoLogs"),
    "an unknown property": ("    MemorySize: 128", "    MemorySise: 128", "MemorySise"),
    "an unknown runtime": ("provided.al2023", "provided.al2032", "provided.al2032"),
    "an unused parameter": ("\nParameters:\n", "\nParameters:\n  Idle: { Type: String }\n", "W2001"),
    "no definition": ("statemachine/peering.asl.json", "statemachine/paring.asl.json", "paring.asl.json is none of"),
    "a placeholder without substitution": ("        RollBackFunctionArn: ", "        RollbackFunctionArn: ", "does not define"),
    "an unused substitution": ("        RollBackFunctionArn: ", "        RollbackFunctionArn: ", "does not use"),
}


@pytest.mark.parametrize(("old", "new", "expected"), TEMPLATE_MUTANTS.values(), ids=TEMPLATE_MUTANTS)
def test_template_mutant(old: str, new: str, expected: str) -> None:
    assert_found(template.check(replace(TEMPLATE, old, new), DEFINITIONS), expected)


def test_a_template_without_sam_is_checked_too() -> None:
    role = "{ Type: AWS::IAM::Role, Properties: { Description: no trust policy } }"
    member = Source("member/template.yaml", f"Resources:\n  Role: {role}\n")
    assert_found(template.check(member, {}), "'AssumeRolePolicyDocument' is a required property")


def test_the_template_check_includes_the_definition() -> None:
    broken = replace(MACHINE, '"StartAt": "CreateRequest"', '"StartAt": "Nowhere"')
    assert_found(template.check(TEMPLATE, {MACHINE.name: broken}), "Missing 'Next' target 'Nowhere'")


WAITS = "Looks once; Retry on PeeringPending is the poll, at one state transition each."
OVERLAP, CAUSE = '"Error": "OverlappingCidrs"', '"Cause": "{% $string($report.Cause) %}"'
LAMBDA_WAIT, PAIR_WAIT = (f'"MaxAttempts": {attempts}, "JitterStrategy": ' for attempts in (5, 44))
EXPRESSION = "{% $states.result.Payload.Peering %}"
MACHINE_MUTANTS = {
    "Next to nowhere": ('"Next": "WaitActive"', '"Next": "Nowhere"', 'No state found named "Nowhere"'),
    "a BackoffRate below 1": ('"BackoffRate": 2.0', '"BackoffRate": 0.5', "allowed floor is 1"),
    "a BackoffRate that isn't a float": ('"BackoffRate": 2.0', '"BackoffRate": "2"', "BackoffRate"),
    "an unknown field": ('"Catch": [', '"Catches": [', '"Catches" not allowed'),
    "no TimeoutSeconds of the machine": ('"TimeoutSeconds": 7200,', "", "the machine has no TimeoutSeconds"),
    "no TimeoutSeconds of a Task": ('"TimeoutSeconds": 70,', "", "CreateRequest: a Task without TimeoutSeconds"),
    "an unbounded Retry": ('"MaxAttempts": 5,', "", "has no MaxAttempts"),
    "a Retry with too many attempts": ('"MaxAttempts": 300', '"MaxAttempts": 99999999', "which is not a limit"),
    "no jitter": (f'{LAMBDA_WAIT}"FULL"', f'{LAMBDA_WAIT}"NONE"', "the Retry on Lambda's transient errors has no JitterStrategy"),
    "no jitter for a pair": (f'{PAIR_WAIT}"FULL"', f'{PAIR_WAIT}"NONE"', "the Retry on PairBusy has no JitterStrategy FULL"),
    "half an hour for a pair": ('"MaxAttempts": 44', '"MaxAttempts": 65', "the Retry on PairBusy waits for up to 1"),
    "a Lambda fault not retried": ('"Lambda.SdkClientException", ', "", "no Retry on all of Lambda's transient errors"),
    "a Retry without a maximum delay": ('"MaxDelaySeconds": 20,', "", "has no MaxDelaySeconds"),
    "no Catch for all": ('["States.ALL"]', '["States.Timeout"]', "a Task without a Catch for States.ALL"),
    "no Comment": (f'"Comment": "{WAITS}"', '"Comment": ""', "WaitActive: no Comment"),
    "a Fail without Cause": (f"{OVERLAP},\n      {CAUSE}", f'{OVERLAP},\n      "QueryLanguage": "JSONata"', "a Fail without Cause"),
    "a Fail without Error": (f"{OVERLAP},\n", "\n", "a Fail without Error"),
    "JSONata ??": (EXPRESSION, "{% $peering.Created ?? false %}", "does not support JSONata ??"),
    "JSONata ?:": (EXPRESSION, "{% $peering.Created ?: false %}", "does not support JSONata ?:"),
    "JSONata $eval": (EXPRESSION, "{% $eval('true') %}", "does not support JSONata $eval"),
    "JSONata with a syntax error": (EXPRESSION, "{% $peering.( %}", "JSONata does not parse"),
    "not JSON": ('"States": {', '"States": [', "not readable"),
}


@pytest.mark.parametrize(("old", "new", "expected"), MACHINE_MUTANTS.values(), ids=MACHINE_MUTANTS)
def test_machine_mutant(old: str, new: str, expected: str) -> None:
    assert_found(state_machines.check(replace(MACHINE, old, new)), expected)


def test_a_task_without_retry_inside_a_map_is_found() -> None:
    task = '{ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true }'
    each = f'"EachPair": {{ "Type": "Map", "ItemProcessor": {{ "States": {{ "Each": {task} }} }}, "End": true }}, '
    mutant = replace(MACHINE, '"States": {', '"States": {' + each)
    assert_found(state_machines.check(mutant), "Each: a Task without Retry")


def test_a_task_may_have_a_reason_for_no_catch() -> None:
    without = replace(MACHINE, '["States.ALL"]', '["States.Timeout"]')
    assert_found(state_machines.check(without), "CreateRequest: a Task without a Catch")
    with_reason = replace(without, '"Comment": "Reads both sides', '"Comment": "No Catch: for this test. Reads both sides')
    assert list(state_machines.check(with_reason)) == []


@pytest.mark.parametrize(("name", "most"), [("peering", 300), ("teardown", 200), ("answer", 40), ("clean-up", 100)])
def test_a_machine_is_short_enough_to_read(name: str, most: int) -> None:
    assert len(DEFINITIONS[f"statemachine/{name}.asl.json"].text.splitlines()) <= most


def test_a_quoted_operator_of_jsonata_is_ignored() -> None:
    mutant = replace(MACHINE, EXPRESSION, "{% 'what ?? ?: $eval' %}")
    assert list(state_machines.check(mutant)) == []


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


PIPELINE_MUTANTS = {
    "an action by its tag": (
        "github-actions.yml",
        "@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
        "@v6",
        "zizmor unpinned-uses",
    ),
    "an input in a script": ("github-actions.yml", "env.VPC_ID", "${{ inputs.vpc_id }}", "zizmor template-injection"),
    "every permission": ("github-actions.yml", "permissions: {}", "permissions: write-all", "zizmor excessive-permissions"),
    "an unknown key of a workflow": ("github-actions.yml", "timeout-minutes:", "timeout-hours:", "actionlint: unexpected key"),
    "an unknown step": ("github-actions.yml", "inputs.vpc_id", "steps.none.outputs.id", "actionlint: property"),
    "an unquoted variable": ("start-and-wait.sh", 'cat -- "$1"', "cat -- $1", "shellcheck SC2086"),
    "a shell's open quote": ("request-by-event.sh", 'echo "$id"', 'echo "$id', "not a valid shell script"),
    "Terraform's open brace": ("main.tf", "locals {", "locals", "not readable"),
}


@pytest.mark.parametrize(("name", "old", "new", "expected"), PIPELINE_MUTANTS.values(), ids=PIPELINE_MUTANTS)
def test_pipeline_mutant(name: str, old: str, new: str, expected: str) -> None:
    assert_found(pipelines.check(replace(repository.pipeline_examples()[name], old, new)), expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("permissions: {}", "permissions: write-all", "zizmor excessive-permissions"),
        ("actions/checkout@", "actions/checkout@v7 # ", "zizmor unpinned-uses"),
        ("timeout-minutes:", "timeout-hours:", "actionlint: unexpected key"),
    ],
)
def test_workflow_mutant(old: str, new: str, expected: str) -> None:
    [workflow] = [each for each in repository.workflows() if each.name.endswith("ci.yml")]
    assert_found(pipelines.check(replace(workflow, old, new)), expected)


def test_a_resource_type_does_not_match_one_with_the_same_prefix() -> None:
    kinds = action("ec2:CreateVpcPeeringConnection").accepted("arn:aws:ec2:*:111122223333:vpc/*")
    assert [kind.name for kind in kinds] == ["vpc"]
