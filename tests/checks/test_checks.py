"""Tests of the checks: the real files pass, and a copy with one mistake causes the finding for it.

A mutant is a copy of a real file with one text replaced. Where no replacement can cause the mistake, a state is added.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from checks import __main__ as repository
from checks import state_machines, template
from checks.source import Finding, Source

DEFINITIONS = repository.definitions()
MACHINE = DEFINITIONS["statemachine/peering.asl.json"]
TEMPLATE = repository.templates()[0]


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
LAMBDA_WAIT, PAIR_WAIT = (f'"MaxAttempts": {attempts}, "JitterStrategy": ' for attempts in (5, 85))
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
    "half an hour for a pair": ('"MaxAttempts": 85', '"MaxAttempts": 125', "the Retry on PairBusy waits for 1802 s"),
    "ten minutes for a pair": ('"MaxAttempts": 85', '"MaxAttempts": 44', "the Retry on PairBusy waits for 587 s"),
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
