"""Step Functions: a definition is checked when it is created or updated, not when an execution reaches the error.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html (InvalidDefinition)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from local_cloud.distributed_map import definitions as distributed_map

STATE_TYPES = {"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"}
TERMINAL_TYPES = {"Succeed", "Fail"}

# Step Functions has JSONata 2.0.6 without $eval. MiniStack's engine has later operators as well.
# https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
FOREIGN_JSONATA = re.compile(r"\?\?|\?:|\$eval\b")
# Strings and regular expressions, which may contain anything.
JSONATA_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"' r"|'(?:\\.|[^'\\])*'" r"|/(?:\\.|[^/\\])+/")


def validate(original: Callable[[Any], str | None], definition: Any) -> str | None:
    """The first fault of a definition, or None. MiniStack itself checks only the syntax of JSONata expressions."""
    return first_fault(definition) or original(definition)


def first_fault(definition: Any) -> str | None:
    """The first fault in the structure of a definition, with AWS's message."""
    try:
        machine = json.loads(definition)
    except (TypeError, ValueError):
        return "INVALID_JSON_DESCRIPTION: Invalid State Machine Definition"
    fault = (
        next(_faults(machine, ""), None) or next(distributed_map.faults(machine), None) or next(_jsonata_faults(machine, ""), None)
    )
    return f"Invalid State Machine Definition: '{fault}'" if fault else None


def _faults(machine: Any, path: str) -> Iterator[str]:
    """Faults of a state machine, or of a branch or an item processor, which have the same form."""
    if not isinstance(machine, dict) or not isinstance(machine.get("States"), dict) or not machine["States"]:
        yield f"SCHEMA_VALIDATION_FAILED: These fields are required: [States] at {path or '/'}"
        return
    states = machine["States"]
    if "StartAt" not in machine:
        yield f"SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at {path or '/'}"
    elif machine["StartAt"] not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {machine['StartAt']} at {path}/StartAt"
    for name, state in states.items():
        yield from _state_faults(state, states, f"{path}/States/{name}")


def _state_faults(state: dict[str, Any], states: dict[str, Any], path: str) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in STATE_TYPES:
        yield f"SCHEMA_VALIDATION_FAILED: Value is not a valid state type: {kind} at {path}/Type"
    elif kind not in TERMINAL_TYPES | {"Choice"} and ("Next" in state) == (state.get("End") is True):
        yield f"SCHEMA_VALIDATION_FAILED: A state needs either Next or End at {path}"
    for where, target in _transitions(state, path):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {where}"
    for index, branch in enumerate(state.get("Branches", [])):
        yield from _faults(branch, f"{path}/Branches/{index}")
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield from _faults(state[field], f"{path}/{field}")


def _transitions(state: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Every field of a state that names the next state, and that name."""
    for field in ("Next", "Default"):
        if field in state:
            yield f"{path}/{field}", state[field]
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            yield f"{path}/{field}/{index}/Next", rule.get("Next")


def _jsonata_faults(value: Any, path: str) -> Iterator[str]:
    """JSONata in the definition that works in MiniStack and not on AWS."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _jsonata_faults(member, f"{path}/{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _jsonata_faults(member, f"{path}/{index}")
    elif isinstance(value, str) and value.startswith("{%"):
        foreign = FOREIGN_JSONATA.search(JSONATA_LITERAL.sub("", value))
        if foreign:
            yield f"INVALID_JSONATA_EXPRESSION: {foreign[0]} at {path}"
