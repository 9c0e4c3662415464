"""Reads CloudFormation YAML, or JSON, into plain data with line numbers.

An alias yields the anchored object itself, so findings about it have the line of the anchor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml

from checks.source import Finding, Source

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class LocatedText(str):
    line: int


class LocatedMapping(dict):
    line: int


class LocatedList(list):
    line: int


class _Loader(yaml.SafeLoader):
    # CloudFormation has no dates: `Version: 2012-10-17` is a string.
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load(source: Source) -> LocatedMapping | Finding:
    """The document, or why it can't be read."""
    try:
        document = yaml.load(source.text, _Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return source.finding(line, f"not readable: {error.problem}")
    if not isinstance(document, LocatedMapping):
        return source.finding(1, "not a mapping")
    return document


def plain(value: Any) -> Any:
    """A deep copy without line numbers, for tools that modify their input."""
    return json.loads(json.dumps(value))


def line_of(value: Any) -> int | None:
    return getattr(value, "line", None)


def locate(document: Any, path: Iterable[str | int]) -> int | None:
    """The line of a path in the document, or of its longest prefix that exists."""
    line = line_of(document)
    for step in path:
        if isinstance(document, dict) and step in document:
            line = line_of(next(key for key in document if key == step)) or line
        elif not (isinstance(document, list) and isinstance(step, int) and step < len(document)):
            return line
        document = document[step]
        if isinstance(step, int):
            line = line_of(document) or line
    return line


def _at(node: yaml.Node, value: Any) -> Any:
    value.line = node.start_mark.line + 1
    return value


def _text(loader: _Loader, node: yaml.ScalarNode) -> LocatedText:
    return _at(node, LocatedText(loader.construct_scalar(node)))


def _list(loader: _Loader, node: yaml.SequenceNode) -> LocatedList:
    return _at(node, LocatedList(loader.construct_sequence(node, deep=True)))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> LocatedMapping:
    _refuse_repeated_keys(node)
    return _at(node, LocatedMapping(loader.construct_mapping(node, deep=True)))


def _refuse_repeated_keys(node: yaml.MappingNode) -> None:
    """YAML forbids repeated keys; PyYAML silently uses the last."""
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is repeated", key.start_mark)
        seen.add(key.value)


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> LocatedMapping:
    """Converts the short form `!Sub x` to the long form `{"Fn::Sub": x}`."""
    if isinstance(node, yaml.ScalarNode):
        argument: Any = _text(loader, node)
        if name == "GetAtt":
            argument = argument.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        argument = _list(loader, node)
    else:
        argument = _mapping(loader, node)
    key = name if name in ("Ref", "Condition") else f"Fn::{name}"
    return _at(node, LocatedMapping({key: argument}))


_Loader.add_constructor("tag:yaml.org,2002:str", _text)
_Loader.add_constructor("tag:yaml.org,2002:seq", _list)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_multi_constructor("!", _intrinsic)
