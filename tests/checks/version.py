"""The version check: VERSION, the workspace in Cargo.toml and the template's output `Version` agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from checks.cloudformation_yaml import load, locate
from checks.source import Finding, Source

SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?\n")


def check(version: Source, cargo: Source, template: Source) -> Iterator[Finding]:
    if not SEMANTIC.fullmatch(version.text):
        yield version.finding(1, "not one line with a semantic version such as 1.2.3")
    expected = version.text.strip()
    in_cargo = tomllib.loads(cargo.text).get("workspace", {}).get("package", {}).get("version")
    if in_cargo != expected:
        yield cargo.finding(None, f"the version of the workspace is {in_cargo}, but {version.name} is {expected}")
    loaded = load(template)
    if isinstance(loaded, Finding):
        yield loaded
        return
    output = loaded.get("Outputs", {}).get("Version", {}).get("Value")
    if output != expected:
        line = locate(loaded, ["Outputs", "Version", "Value"])
        yield template.finding(line, f"the output Version is {output}, but {version.name} is {expected}")
