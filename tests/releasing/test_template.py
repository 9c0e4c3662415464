"""The release's template is the checkout's: the same resources, but for where the code is."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from checks.__main__ import ROOT
from checks.cloudformation_yaml import load, plain
from checks.source import Source
from checks.translation import translate

from release import template

TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written() -> str:
    return template.write(template.packaged(template.read(TEXT)), "Isthmus")


def parsed(text: str) -> dict[str, Any]:
    loaded = load(Source("template.yaml", text))
    assert isinstance(loaded, dict), loaded
    return plain(loaded)


def without_code(document: dict[str, Any]) -> dict[str, Any]:
    """The translated template without what says where the code is."""
    for resource in document["Resources"].values():
        for place in ("Code", "DefinitionS3Location"):
            if resource["Type"].startswith(("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")):
                resource["Properties"].pop(place, None)
    groups = document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    groups[:] = [group for group in groups if group["Parameters"] != [*template.PARAMETERS]]
    for name in template.PARAMETERS:
        document["Parameters"].pop(name, None)
    return document


def test_it_translates_to_the_same_stack(written: str) -> None:
    """SAM's own translator reads both as CloudFormation does."""
    ours, source = translate_as_it_is(parsed(written)), translate(parsed(TEXT))
    assert without_code(ours) == without_code(source)


def translate_as_it_is(document: dict[str, Any]) -> dict[str, Any]:
    """`translate` puts the code at a place of its own; here that of the template counts."""
    from checks import translation

    places, translation.UPLOADED = translation.UPLOADED, {}
    try:
        return translate(document)
    finally:
        translation.UPLOADED = places


def test_the_code_is_in_the_bucket(written: str) -> None:
    resources = translate_as_it_is(parsed(written))["Resources"]
    functions = {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function"}
    assert functions["CreateRequestFunction"]["Code"] == {
        "S3Bucket": {"Ref": "CodeBucket"},
        "S3Key": {"Fn::Sub": "${CodePrefix}create-request-${Architecture}.zip"},
    }
    keys = {each["Code"]["S3Key"]["Fn::Sub"] for each in functions.values()}
    assert len(keys) == len(functions) == len(list((ROOT / "functions").iterdir()))
    machines = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::StepFunctions::StateMachine"]
    places = {each["DefinitionS3Location"]["Key"]["Fn::Sub"] for each in machines}
    assert places == {f"${{CodePrefix}}{path.name}" for path in (ROOT / "statemachine").glob("*.asl.json")}


def test_it_is_yaml_that_cloudformation_reads(written: str) -> None:
    """Without aliases and merges, and no larger than CloudFormation takes from a bucket.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """
    events = list(yaml.parse(written, yaml.SafeLoader))
    assert not [event for event in events if isinstance(event, yaml.AliasEvent) or getattr(event, "value", "") == "<<"]
    assert len(written.encode()) < 1_000_000


def test_code_that_is_elsewhere_is_not_replaced_unseen() -> None:
    with pytest.raises(ValueError, match="CodeUri isn't the checkout"):
        template.packaged(template.read(TEXT.replace("    CodeUri: .\n", "    CodeUri: build\n")))
