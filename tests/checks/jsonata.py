"""The JSONata expressions of a state machine: they parse, and Step Functions supports them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonata import Jsonata
from jsonata.jexception import JException

_EXPRESSION = re.compile(r"^\{%(.*)%\}$", re.DOTALL)
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
# Step Functions supports JSONata 2.0.6, without $eval; the two operators are newer.
_REFUSED = {"??": re.compile(r"\?\?"), "?:": re.compile(r"\?:"), "$eval": re.compile(r"\$eval\b")}


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression in a value, except in nested states, which are checked separately."""
    if isinstance(value, str) and (match := _EXPRESSION.match(value)):
        yield match[1].strip()
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "States":
                yield from expressions(item)


def faults(expression: str) -> Iterator[str]:
    code = _QUOTED.sub("''", expression)
    for name, pattern in _REFUSED.items():
        if pattern.search(code):
            yield f"Step Functions does not support JSONata {name}: {expression}"
    try:
        Jsonata(expression)
    except JException as error:
        yield f"JSONata does not parse: {expression} ({error})"
