"""The template check: translates SAM to CloudFormation as AWS does, then runs cfn-lint on the result.

cfn-lint on the SAM template itself misses most problems, because the resources that SAM generates are not in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from samtranslator.model.exceptions import InvalidDocumentException

from checks.cloudformation_yaml import LocatedMapping, load, locate, plain
from checks.source import Finding, Source
from checks.translation import REGION, translate

STATE_MACHINE = "AWS::Serverless::StateMachine"
SUBSTITUTION = re.compile(r"\$\{(\w+)\}")
EXPRESSIONS = {
    # Of a Wait state. https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    re.compile(r'("Timestamp": )"\{%[^"]*%\}"'): r'\1"2026-11-26T12:00:00Z"',
    # Of a Map state. https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    re.compile(r'"Label": "\w+", '): "",
    re.compile(r'("MaxConcurrency": )"\{%[^"]*%\}"'): r"\g<1>5",
}
"""What the language allows and the linters don't know; and what they know in the place of each."""


def check(source: Source, definitions: Mapping[str, Source]) -> Iterator[Finding]:
    """The findings about a template. `definitions` are the files of the state machines by their path."""
    template = load(source)
    if isinstance(template, Finding):
        yield template
        return
    yield from _aliases(source, template)
    yield from _substitutions(source, template, definitions)
    try:
        translated = translate(plain(template))
    except InvalidDocumentException as error:
        for cause in error.causes:
            yield source.finding(None, f"SAM can not translate it: {cause.message}")
        return
    _inline(translated, template, definitions)
    for match in lint(json.dumps(translated), config=ManualArgs(regions=[REGION])):
        path = list(getattr(match, "path", None) or [])
        place = "/".join(map(str, path))
        yield source.finding(_line(template, path), f"{match.rule.id} at {place}: {match.message}")


def filled(machine: str) -> str:
    """The machine with a value in place of every expression that the linters don't know."""
    for expression, value in EXPRESSIONS.items():
        machine = expression.sub(value, machine)
    return machine


def _aliases(source: Source, template: LocatedMapping) -> Iterator[Finding]:
    """A template that is deployed as it stands. SAM and `make package` expand the aliases of a SAM template.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """
    if "Transform" in template:
        return
    for event in yaml.parse(source.text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            yield source.finding(event.start_mark.line + 1, f"CloudFormation refuses YAML aliases, such as *{event.anchor}")


def _machines(template: LocatedMapping) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template.get("Resources", {}).items():
        if resource.get("Type") == STATE_MACHINE:
            yield name, resource["Properties"]


def _substitutions(source: Source, template: LocatedMapping, definitions: Mapping[str, Source]) -> Iterator[Finding]:
    """The placeholders of a definition are the substitutions of the template. AWS checks this only on deployment."""
    for name, properties in _machines(template):
        uri = properties.get("DefinitionUri")
        line = locate(template, ["Resources", name, "Properties", "DefinitionUri"])
        if uri not in definitions:
            yield source.finding(line, f"DefinitionUri {uri} is none of {', '.join(definitions)}")
            continue
        wanted = set(SUBSTITUTION.findall(definitions[uri].text))
        given = set(properties.get("DefinitionSubstitutions", {})) - {"Partition"}  # which `definitions` has filled in
        for placeholder in sorted(wanted - given):
            yield source.finding(line, f"{uri} has ${{{placeholder}}}, which DefinitionSubstitutions does not define")
        for placeholder in sorted(given - wanted):
            yield source.finding(line, f"DefinitionSubstitutions defines {placeholder}, which {uri} does not use")


def _inline(translated: dict[str, Any], template: LocatedMapping, definitions: Mapping[str, Source]) -> None:
    """Inserts each definition into the translated template, which only references it, so that cfn-lint checks it."""
    for name, properties in _machines(template):
        definition = definitions.get(properties.get("DefinitionUri"))
        machine = translated["Resources"][name]["Properties"]
        if definition and machine.pop("DefinitionS3Location", None):
            parsed = load(definition)
            machine["Definition"] = {} if isinstance(parsed, Finding) else json.loads(filled(json.dumps(plain(parsed))))


def _line(template: LocatedMapping, path: list[str | int]) -> int | None:
    """The line in the template of a path in its translation.

    SAM derives the names of generated resources: CreateRequestFunction has a CreateRequestFunctionRole.
    """
    if len(path) > 1 and path[0] == "Resources" and path[1] not in template["Resources"]:
        origins = [name for name in template["Resources"] if str(path[1]).startswith(name)]
        path = ["Resources", *([max(origins, key=len)] if origins else [])]
    return locate(template, path)
