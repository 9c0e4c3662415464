"""The stack's template as a release has it: the code comes from a bucket and prefix that are parameters.

CloudFormation reads YAML without aliases and merges, and no comments are needed by it, so the template is written anew.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
PARAMETERS = {
    "CodeBucket": {
        "Type": "String",
        "Description": "The bucket, in the stack's Region, to which install.sh has uploaded the functions and state machines.",
    },
    "CodePrefix": {
        "Type": "String",
        "Description": "What their keys in the bucket begin with, the last slash included.",
    },
}
GROUP = {"Label": {"default": "Where the code is (install.sh sets it)"}, "Parameters": [*PARAMETERS]}


@dataclass(frozen=True)
class Intrinsic:
    """The short form of an intrinsic function: `!Sub text`."""

    tag: str
    value: Any


class _Loader(yaml.SafeLoader):
    # CloudFormation has no dates: `Version: 2012-10-17` is a string.
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _construct(loader: _Loader, tag: str, node: yaml.Node) -> Intrinsic:
    if isinstance(node, yaml.ScalarNode):
        return Intrinsic(tag, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return Intrinsic(tag, loader.construct_sequence(node, deep=True))
    return Intrinsic(tag, loader.construct_mapping(node, deep=True))


def _represent(dumper: _Dumper, intrinsic: Intrinsic) -> yaml.Node:
    tag, value = f"!{intrinsic.tag}", intrinsic.value
    if isinstance(value, str):
        return dumper.represent_scalar(tag, value)
    if isinstance(value, list):
        return dumper.represent_sequence(tag, value)
    return dumper.represent_mapping(tag, value)


_Loader.add_multi_constructor("!", _construct)
_Dumper.add_representer(Intrinsic, _represent)


def read(text: str) -> dict[str, Any]:
    """The template with its aliases and merges resolved."""
    return yaml.load(text, _Loader)


def write(template: dict[str, Any], heading: str) -> str:
    """YAML that CloudFormation reads, with `heading` as its comment."""
    body = yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return f"# {heading}\n{body}"


def packaged(template: dict[str, Any]) -> dict[str, Any]:
    """The template whose code is in `CodeBucket`. Its argument is modified."""
    template["Parameters"] |= PARAMETERS
    template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].append(GROUP)
    if template["Globals"]["Function"].pop("CodeUri") != ".":
        raise ValueError("Globals: the functions' CodeUri isn't the checkout")
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Serverless::Function":
                properties["CodeUri"] = _in_bucket(f"{function_name(logical_id)}-${{Architecture}}.zip")
            case "AWS::Serverless::StateMachine":
                properties["DefinitionUri"] = _in_bucket(PurePosixPath(properties["DefinitionUri"]).name)
    return template


def functions(template: dict[str, Any]) -> list[str]:
    """The folders of all functions, such as `create-request`."""
    resources = template["Resources"].items()
    return sorted(function_name(name) for name, each in resources if each["Type"] == "AWS::Serverless::Function")


def definitions(template: dict[str, Any]) -> list[str]:
    """The files of all state machines, relative to the source template."""
    machines = (each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::StateMachine")
    return sorted(each["Properties"]["DefinitionUri"] for each in machines)


def function_name(logical_id: str) -> str:
    """`CreateRequestFunction` is `functions/create-request`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", logical_id.removesuffix("Function")).lower()


def _in_bucket(name: str) -> dict[str, Intrinsic]:
    """SAM passes an object with Bucket and Key on as it is, whereas it would parse a string.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-functioncode.html
    """
    return {"Bucket": Intrinsic("Ref", "CodeBucket"), "Key": Intrinsic("Sub", f"${{CodePrefix}}{name}")}
