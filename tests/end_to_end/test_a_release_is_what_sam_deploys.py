"""The template of a release, and the one that `sam deploy` sent: the same but for the place of the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checks.cloudformation_yaml import load, plain
from checks.source import Source

from release import template

from .clients import client
from .releases import this_version

PLACES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::StateMachine": "DefinitionUri"}


def parsed(text: str) -> dict[str, Any]:
    loaded = load(Source("template.yaml", text))
    assert isinstance(loaded, dict), loaded
    return plain(loaded)


def without_places(document: dict[str, Any]) -> dict[str, Any]:
    """Also without the ids that SAM adds while it builds."""
    document["Globals"]["Function"].pop("CodeUri", None)
    for resource in document["Resources"].values():
        if place := PLACES.get(resource["Type"]):
            del resource["Properties"][place]
        resource.get("Metadata", {}).pop("SamResourceId", None)
        if not resource.get("Metadata", True):
            del resource["Metadata"]
    return document


def test_the_templates_are_the_same(environment: dict[str, str], tmp_path: Path) -> None:
    sent = client(environment, "cloudformation").get_template(StackName="isthmus", TemplateStage="Original")["TemplateBody"]
    released = parsed((this_version(tmp_path / "dist") / "template.yaml").read_text())
    for name in template.PARAMETERS:
        del released["Parameters"][name]
    groups = released["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert groups.pop()["Parameters"] == [*template.PARAMETERS]
    assert without_places(released) == without_places(parsed(sent))
