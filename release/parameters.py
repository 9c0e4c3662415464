"""The stack's parameters as the template describes them, and files with their values: a line `Key=Value` each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release import template

STACK, REGION = "StackName", "Region"
_LINE = re.compile(r"([A-Za-z0-9]+)=(.*)")
# The names that the template derives from the stack's are at most 64 long.
_STACK_NAME = "[A-Za-z][A-Za-z0-9-]{0,55}"


class ParameterError(Exception):
    """A parameter that can't be used, in a sentence for whoever gave it."""


@dataclass(frozen=True)
class Parameter:
    """One parameter, with what CloudFormation would check only after everything is built."""

    name: str
    description: str
    default: str
    pattern: str = ".*"
    values: tuple[str, ...] = ()
    least: float = float("-inf")
    most: float = float("inf")
    is_number: bool = False

    def check(self, value: str) -> None:
        """Refuses a value that CloudFormation would refuse."""
        if self.values and value not in self.values:
            raise ParameterError(f"{self.name}={value} is none of {', '.join(self.values)}")
        if self.is_number and not re.fullmatch(r"-?[0-9]+", value):
            raise ParameterError(f"{self.name}={value} is not a number")
        if self.is_number and not self.least <= float(value) <= self.most:
            raise ParameterError(f"{self.name}={value} is not in the range from {self.least:g} to {self.most:g}")
        if not re.fullmatch(self.pattern, value):
            raise ParameterError(f"{self.name}={value} doesn't match {self.pattern}")


Groups = dict[str, list[Parameter]]

STACK_NAME = Parameter(STACK, "The stack's name, which can't be changed later.", "isthmus", _STACK_NAME)
STACK_REGION = Parameter(REGION, "The Region of the stack.", "", "[a-z]{2,4}(-[a-z]+)+-[0-9]+")


def groups(path: Path) -> Groups:
    """Every parameter of the template, by the label of its group, in the template's order."""
    document = template.read(path.read_text(encoding="utf-8"))
    interface = document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    described = document["Parameters"]
    return {group["Label"]["default"]: [_parameter(name, described[name]) for name in group["Parameters"]] for group in interface}


def _parameter(name: str, described: Mapping[str, Any]) -> Parameter:
    return Parameter(
        name,
        described["Description"],
        str(described["Default"]),
        described.get("AllowedPattern", ".*"),
        tuple(map(str, described.get("AllowedValues", ()))),
        described.get("MinValue", float("-inf")),
        described.get("MaxValue", float("inf")),
        described["Type"] == "Number",
    )


def check(given: Mapping[str, str], known: Groups) -> None:
    """Refuses names that the template doesn't have, and values that it doesn't allow."""
    by_name = {each.name: each for each in (STACK_NAME, STACK_REGION, *(one for group in known.values() for one in group))}
    for name, value in given.items():
        if name not in by_name:
            raise ParameterError(f"there is no parameter {name}")
        by_name[name].check(value)


def read(path: Path) -> dict[str, str]:
    """The values in a file. Empty lines, and lines that begin with #, are not read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ParameterError(f"{path} can't be read: {error.strerror}") from error
    values: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not (match := _LINE.fullmatch(line)):
            raise ParameterError(f"{path}, line {number}: not Key=Value")
        if match[1] in values:
            raise ParameterError(f"{path}, line {number}: {match[1]} is there twice")
        values[match[1]] = match[2]
    return values


def write(path: Path, values: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
