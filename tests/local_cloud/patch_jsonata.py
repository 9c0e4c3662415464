"""Step Functions: JSONata's Output, Arguments and Assign in the states where MiniStack ignores them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

State = dict[str, Any]
Context = dict[str, Any]


def output_of_succeed(original: Callable[..., Any], state: State, data: Any, context: Context | None = None) -> Any:
    """A Succeed state's Output is the execution's output. MiniStack uses the input.

    https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html
    """
    if state.get("Type") == "Succeed" and _is_jsonata(state, context):
        return stepfunctions._apply_jsonata_output(state, data, context, default=data)
    return original(state, data, context)


def output_of_choice_default(original: Callable[..., Any], state: State, raw_input: Any, context: Context | None = None) -> Any:
    """A Choice state's own Output and Assign apply where no rule matches. MiniStack ignores the Output.

    The default is replaced by a last rule that always matches.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    """
    if "Default" in state and _is_jsonata(state, context):
        own = {field: state[field] for field in ("Output", "Assign") if field in state}
        otherwise = {"Condition": True, "Next": state["Default"], **own}
        state = {**state, "Choices": [*state.get("Choices", []), otherwise]}
    return original(state, raw_input, context)


def arguments_and_output_of_parallel(
    original: Callable[..., Any], state: State, raw_input: Any, execution: dict[str, Any], context: Context
) -> Any:
    """A Parallel state's Arguments are its branches' input; Output and Assign can use ``$states.result``.

    MiniStack has only the JSONPath fields here.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
    """
    if not _is_jsonata(state, context):
        return original(state, raw_input, execution, context)
    arguments = stepfunctions._apply_jsonata_arguments(state, raw_input, context)
    results, following = original(state, arguments, execution, context)
    output = stepfunctions._apply_jsonata_output(state, raw_input, context, result=results, default=results)
    stepfunctions._apply_state_assign(state, raw_input, context, result=results)
    return output, following


def _is_jsonata(state: State, context: Context | None) -> bool:
    return stepfunctions._state_query_language(state, context) == "JSONata"
