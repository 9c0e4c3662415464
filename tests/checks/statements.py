"""Finds all policy statements of a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.cloudformation_yaml import LocatedMapping, line_of
from checks.intrinsics import Resolver, Unresolvable
from checks.source import Finding, Source

_REASON = re.compile(r"#\s*why \*:\s*\S")


@dataclass(frozen=True)
class Target:
    """One entry of Resource or Principal, with all ARNs that it can become."""

    arns: tuple[str, ...]
    line: int
    has_reason: bool
    """There is a comment `# why *: …` in its line, the line above, or the first line of its list or statement."""


@dataclass(frozen=True)
class Statement:
    owner: str
    """The resource that has the policy."""
    line: int
    allows: bool
    actions: tuple[tuple[str, int], ...]
    resources: tuple[Target, ...]
    """Empty in a trust policy: its resource is the role."""
    principals: tuple[Target, ...]
    conditions: tuple[tuple[str, str, int], ...]
    """Operator, key, line."""
    inverted: tuple[tuple[str, int], ...]
    """NotAction, NotResource and NotPrincipal."""

    @property
    def arns(self) -> list[str]:
        return [arn for target in self.resources for arn in target.arns]


def statements(source: Source, template: LocatedMapping) -> Iterator[Statement | Finding]:
    reader = _Reader(source, Resolver(template))
    for owner, resource in template.get("Resources", {}).items():
        for raw in _raw_statements(resource):
            try:
                yield reader.statement(owner, raw)
            except Unresolvable as reason:
                yield source.finding(line_of(raw), f"{owner}: {reason}")


def policies_by_name(source: Source, template: LocatedMapping) -> Iterator[Finding]:
    """A policy that is only referenced by name can not be checked."""
    for owner, resource in template.get("Resources", {}).items():
        properties = resource.get("Properties", {})
        for field in ("Policies", "ManagedPolicyArns"):
            given = properties.get(field, [])
            for policy in given if isinstance(given, list) else [given]:
                if not any(_raw_statements(policy)):
                    yield source.finding(line_of(policy), f"{owner}: {field} names a policy instead of writing it out")


def _raw_statements(value: Any) -> Iterator[LocatedMapping]:
    if isinstance(value, list):
        for item in value:
            yield from _raw_statements(item)
    elif isinstance(value, dict):
        if "Effect" in value and ("Action" in value or "NotAction" in value):
            yield value  # type: ignore[misc]
        else:
            for item in value.values():
                yield from _raw_statements(item)


@dataclass(frozen=True)
class _Reader:
    source: Source
    resolver: Resolver

    def statement(self, owner: str, raw: LocatedMapping) -> Statement:
        return Statement(
            owner,
            raw.line,
            raw["Effect"] == "Allow",
            tuple((action, line_of(action) or raw.line) for action in _listed(raw.get("Action"))),
            tuple(self._targets(raw, "Resource", raw.get("Resource"))),
            tuple(self._principals(raw)),
            tuple(
                (operator, key, line_of(key) or raw.line)
                for operator, keys in raw.get("Condition", {}).items()
                for key in _keys(keys)
            ),
            tuple((key, line_of(key) or raw.line) for key in raw if key.startswith("Not")),
        )

    def _principals(self, raw: LocatedMapping) -> Iterator[Target]:
        principal = raw.get("Principal", {})
        for value in principal.values() if isinstance(principal, dict) else [principal]:
            yield from self._targets(raw, "Principal", value)

    def _targets(self, raw: LocatedMapping, field: str, value: Any) -> Iterator[Target]:
        for entry in _listed(value):
            key_line = next(line_of(key) for key in raw if key == field)
            line = line_of(entry) or key_line or raw.line
            yield Target(tuple(self.resolver.resolve(entry)), line, self._has_reason(line, key_line, raw.line))

    def _has_reason(self, line: int, *heads: int | None) -> bool:
        lines = self.source.text.splitlines()
        above = lines[line - 2].strip() if line > 1 else ""
        candidates = [lines[number - 1] for number in (line, *heads) if number]
        return any(_REASON.search(text) for text in [*candidates, *([above] if above.startswith("#") else [])])


def _keys(operands: Any) -> list[str]:
    """The keys that a condition operator compares; for an If those of both branches."""
    match operands:
        case {"Fn::If": [_, yes, no]}:
            return _keys(yes) + _keys(no)
        case {"Ref": "AWS::NoValue"}:
            return []
    return list(operands)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
