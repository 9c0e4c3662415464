"""The items of a Distributed Map state, and the inputs of its children."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions

from local_cloud.distributed_map.definitions import State
from local_cloud.distributed_map.settings import Context, number
from local_cloud.patch_task_limits import MAXIMUM_BYTES


@dataclass(frozen=True)
class Input:
    """What one child is started with."""

    data: Any
    items: int


def items_of(state: State, data: Any, context: Context) -> list[Any]:
    """`Items`, else the state's input. AWS takes an object as well, and makes an item of each pair; the local cloud does not.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#map-state-distributed-additional-fields
    Items are state data, which has a limit. That an expression's result is measured, too, is a guess.
    """
    items = stepfunctions._jsonata_state_field(state, "Items", "array", data, context) if "Items" in state else data
    if not isinstance(items, list):
        raise stepfunctions._ExecutionError("States.QueryEvaluationError", "The input of a Map state without Items is no array.")
    limit(items, context)
    return items


def inputs_of(state: State, items: list[Any], data: Any, context: Context) -> list[Input]:
    """An input for each child: each item as `ItemSelector` makes it, in batches if there is an `ItemBatcher`."""
    selected = [_selected(state, index, item, data, context) for index, item in enumerate(items)]
    if batcher := state.get("ItemBatcher"):
        return list(_batches(batcher, selected, data, context))
    for value in selected:
        limit(value, context)
    return [Input(value, 1) for value in selected]


def _selected(state: State, index: int, item: Any, data: Any, context: Context) -> Any:
    """What `ItemSelector` makes of an item. It is evaluated in the parent, whose variables it can use.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemselector.html
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html#contextobject-map
    """
    if "ItemSelector" not in state:
        return item
    described = {"Index": index, "Value": item, "Source": "STATE_DATA"}
    return stepfunctions._apply_jsonata_template(state["ItemSelector"], data, {**context, "Map": {"Item": described}})


def _batches(batcher: State, values: list[Any], data: Any, context: Context) -> Iterator[Input]:
    """The items of a batch are `Items` of a child's input, beside `BatchInput`; no batch is larger than an input may be.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    """
    most = _positive(batcher, "MaxItemsPerBatch", data, context) or len(values)
    largest = min(_positive(batcher, "MaxInputBytesPerBatch", data, context) or MAXIMUM_BYTES, MAXIMUM_BYTES)
    common: dict[str, Any] = {}
    if "BatchInput" in batcher:
        common["BatchInput"] = stepfunctions._apply_jsonata_template(batcher["BatchInput"], data, context)
    empty = size({**common, "Items": []})
    batch: list[Any] = []
    filled = empty
    for value in values:
        more = size(value) + 1  # The comma.
        if batch and (len(batch) == most or filled + more > largest):
            yield Input({**common, "Items": batch}, len(batch))
            batch, filled = [], empty
        limit({**common, "Items": [value]}, context, largest)
        batch, filled = [*batch, value], filled + more
    if batch:
        yield Input({**common, "Items": batch}, len(batch))


def _positive(batcher: State, field: str, data: Any, context: Context) -> int:
    value = number(batcher, field, data, context)
    if value is not None and (value < 1 or value != int(value)):
        raise stepfunctions._ExecutionError("States.Runtime", f"{field} must be a positive integer.")
    return int(value or 0)


def limit(value: Any, context: Context, most: int = MAXIMUM_BYTES) -> None:
    """States.DataLimitExceeded, which States.ALL does not match, for state data, an input or a result that is too large.

    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html (the last note on exports)
    """
    if size(value) > most:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            f"The state/task '{context['State']['Name']}' returned a result with a size exceeding the maximum number of bytes "
            "service limit.",
        )


def size(value: Any) -> int:
    """Bytes of the value as JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
