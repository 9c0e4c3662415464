"""What CreateStateMachine refuses about Distributed Map states.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#map-state-distributed-additional-fields
AWS's own wording is not documented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

State = dict[str, Any]

EXECUTION_TYPES = ("STANDARD", "EXPRESS")
LONGEST_LABEL = 40
NOT_IN_LABELS = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")
# Fields of AWS's that the local cloud does not have. They are refused, so that nobody takes them for tested.
ABSENT_HERE = ("ItemReader", "ResultWriter")

_type: ContextVar[str] = ContextVar("type", default="STANDARD")


@contextmanager
def of_type(machine: str) -> Iterator[None]:
    """For what is checked meanwhile: the type of the machine, which its definition does not have."""
    token = _type.set(machine)
    try:
        yield
    finally:
        _type.reset(token)


def faults(machine: State) -> Iterator[str]:
    """The faults of all Distributed Map states of a machine, each with its path."""
    labels: set[str] = set()
    for path, state, owner, language in _maps(machine, "", _type.get(), machine.get("QueryLanguage", "JSONPath")):
        yield from _faults(path, state, owner, language)
        label = state.get("Label")
        if label is not None and label in labels:
            yield f"SCHEMA_VALIDATION_FAILED: Labels must be unique: {label} at {path}/Label"
        labels.add(label)


def is_distributed(state: State) -> bool:
    return _config(state).get("Mode") == "DISTRIBUTED"


def _faults(path: str, state: State, owner: str, language: str) -> Iterator[str]:
    kind, label = _config(state).get("ExecutionType"), state.get("Label")
    if owner == "EXPRESS":
        yield f"SCHEMA_VALIDATION_FAILED: Distributed mode is not supported in Express workflows at {path}"
    if kind not in EXECUTION_TYPES:
        yield f"SCHEMA_VALIDATION_FAILED: ExecutionType must be STANDARD or EXPRESS at {path}/ItemProcessor/ProcessorConfig"
    if label is not None and (not 0 < len(label) <= LONGEST_LABEL or NOT_IN_LABELS.search(label)):
        yield f"SCHEMA_VALIDATION_FAILED: The label is too long or has an invalid character: {label!r} at {path}/Label"
    if state.get("QueryLanguage", language) != "JSONata":
        yield f"NOT_IN_THE_LOCAL_CLOUD: Distributed mode in JSONPath at {path}"
    for field in ABSENT_HERE:
        if field in state:
            yield f"NOT_IN_THE_LOCAL_CLOUD: {field} at {path}/{field}"
    percentage, count = state.get("ToleratedFailurePercentage", 0), state.get("ToleratedFailureCount", 0)
    if isinstance(percentage, int | float) and not 0 <= percentage <= 100:
        yield f"SCHEMA_VALIDATION_FAILED: ToleratedFailurePercentage must be between 0 and 100 at {path}"
    if isinstance(count, int | float) and count < 0:
        yield f"SCHEMA_VALIDATION_FAILED: ToleratedFailureCount cannot be negative at {path}"
    batcher = state.get("ItemBatcher")
    if batcher is not None and not {"MaxItemsPerBatch", "MaxInputBytesPerBatch"} & set(batcher):
        yield f"SCHEMA_VALIDATION_FAILED: MaxItemsPerBatch or MaxInputBytesPerBatch is required at {path}/ItemBatcher"


def _maps(machine: State, path: str, owner: str, language: str) -> Iterator[tuple[str, State, str, str]]:
    """Each Distributed Map state with the type of the execution that it is part of, and the query language around it."""
    for name, state in machine.get("States", {}).items():
        here = f"{path}/States/{name}"
        inside = owner
        if is_distributed(state):
            yield here, state, owner, language
            inside = _config(state).get("ExecutionType", owner)
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _maps(branch, f"{here}/Branches/{index}", owner, language)
        for field in ("ItemProcessor", "Iterator"):
            if field in state:
                yield from _maps(state[field], f"{here}/{field}", inside, language)


def _config(state: State) -> State:
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    return processor.get("ProcessorConfig") or {}
