"""Tests of the check of pipelines: a copy of an example or a workflow with one mistake causes the finding for it."""

from __future__ import annotations

import pytest

from checks import __main__ as repository
from checks import pipelines
from checks.test_checks import assert_found, replace

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
