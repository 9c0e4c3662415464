"""JSONata in state machines, in the parts that ours use."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from local_cloud.ministack_test.cloud import Cloud, invoke_task, jsonata

DONE = {"Type": "Succeed"}


def test_succeed_has_an_output(cloud: Cloud) -> None:
    state = {"Type": "Succeed", "Output": {"sum": "{% $sum($states.input.of) %}", "kept": 1}}
    assert cloud.output(jsonata({"Done": state}), {"of": [1, 2]}) == {"sum": 3, "kept": 1}


def test_a_matching_rule_has_output_and_assign(cloud: Cloud) -> None:
    choice = {
        "Type": "Choice",
        "Default": "Other",
        "Choices": [
            {
                "Condition": "{% $states.input.n > 1 %}",
                "Output": {"n": "{% $states.input.n * 2 %}"},
                "Assign": {"seen": "{% $states.input.n %}"},
                "Next": "Done",
            }
        ],
    }
    done = {"Type": "Succeed", "Output": {"n": "{% $states.input.n %}", "seen": "{% $seen %}"}}
    assert cloud.output(jsonata({"If": choice, "Done": done, "Other": DONE}), {"n": 2}) == {"n": 4, "seen": 2}


def test_the_default_has_output_and_assign(cloud: Cloud) -> None:
    choice = {
        "Type": "Choice",
        "Default": "Done",
        "Output": {"default": True},
        "Assign": {"seen": 7},
        "Choices": [{"Condition": "{% false %}", "Next": "Done"}],
    }
    done = {"Type": "Succeed", "Output": {"was": "{% $states.input %}", "seen": "{% $seen %}"}}
    assert cloud.output(jsonata({"If": choice, "Done": done})) == {"was": {"default": True}, "seen": 7}


def test_catch_sees_and_assigns_the_error(cloud: Cloud) -> None:
    function = cloud.create_function(
        'class OverlappingCidrs(Exception): pass\ndef handle(event, context): raise OverlappingCidrs(\'{"Message": "no"}\')'
    )
    task = invoke_task(
        function,
        Catch=[
            {
                "ErrorEquals": ["OverlappingCidrs"],
                "Next": "Fail",
                "Assign": {
                    "failure": {
                        "error": "{% $states.errorOutput.Error %}",
                        "cause": "{% $parse($states.errorOutput.Cause).errorMessage %}",
                    }
                },
            }
        ],
    )
    fail = {"Type": "Fail", "Error": "{% $failure.error %}", "Cause": "{% $failure.cause %}"}
    closed = cloud.run(jsonata({"Task": task, "Fail": fail}))
    assert (closed["error"], json.loads(closed["cause"])) == ("OverlappingCidrs", {"Message": "no"})


def test_the_context_object(cloud: Cloud) -> None:
    fields = ("Id", "Name", "StartTime", "Input")
    state = {
        "Type": "Pass",
        "End": True,
        "Assign": {"a": 1},
        "Output": {field: f"{{% $states.context.Execution.{field} %}}" for field in fields},
    }
    execution = cloud.start(jsonata({"Pass": state}), {"in": [1]}, name="context-test")
    output = json.loads(cloud.finish(execution)["output"])
    assert (output["Id"], output["Name"], output["Input"]) == (execution, "context-test", {"in": [1]})
    assert output["StartTime"].startswith("20") and output["StartTime"].endswith("Z")


def test_an_undefined_value_is_a_query_evaluation_error(cloud: Cloud) -> None:
    state = {"Type": "Pass", "Output": "{% $states.input.missing %}", "End": True}
    assert cloud.run(jsonata({"Pass": state}))["error"] == "States.QueryEvaluationError"


def test_a_failing_expression_is_caught(cloud: Cloud) -> None:
    task = invoke_task(
        "none",
        Arguments={"Payload": "{% $states.input.missing %}"},
        Catch=[
            {
                "ErrorEquals": ["States.QueryEvaluationError"],
                "Next": "Done",
                "Output": "{% $states.errorOutput.Error %}",
            }
        ],
    )
    assert cloud.output(jsonata({"Task": task, "Done": DONE})) == "States.QueryEvaluationError"


def test_null_and_empty_values_survive(cloud: Cloud) -> None:
    data = {"none": None, "list": [], "one": [1], "object": {}, "no": False, "zero": 0, "text": ""}
    state = {"Type": "Pass", "Assign": {"kept": "{% $states.input %}"}, "Next": "Done"}
    done = {"Type": "Succeed", "Output": {"kept": "{% $kept %}", "one": "{% $kept.one %}", "none": "{% $kept.none %}"}}
    assert cloud.output(jsonata({"Pass": state, "Done": done}), data) == {"kept": data, "one": [1], "none": None}


def test_merge_and_wait_by_expression(cloud: Cloud) -> None:
    wait = {
        "Type": "Wait",
        "Seconds": "{% $states.input.seconds %}",
        "Next": "Done",
        "Output": "{% $merge([$states.input, {'waited': true}]) %}",
    }
    assert cloud.output(jsonata({"Wait": wait, "Done": DONE}), {"seconds": 0}) == {"seconds": 0, "waited": True}


def test_parallel_has_arguments_output_and_assign(cloud: Cloud) -> None:
    def branch(expression: str) -> dict:
        return jsonata({"Pass": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}})

    parallel = {
        "Type": "Parallel",
        "Arguments": {"n": "{% $states.input.of %}"},
        "Next": "Done",
        "Branches": [branch("$states.input.n + 1"), branch("$states.input.n + 2")],
        "Output": {"all": "{% $states.result %}"},
        "Assign": {"first": "{% $states.result[0] %}"},
    }
    done = {"Type": "Succeed", "Output": {"all": "{% $states.input.all %}", "first": "{% $first %}"}}
    assert cloud.output(jsonata({"Both": parallel, "Done": done}), {"of": 1}) == {"all": [2, 3], "first": 2}


def test_branches_are_in_the_history_and_keep_their_variables(cloud: Cloud) -> None:
    inner = {"Type": "Pass", "Assign": {"mine": "{% $mine + 1 %}"}, "Output": "{% $mine %}", "End": True}
    states = {
        "Set": {"Type": "Pass", "Assign": {"mine": 1}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": [5, 6],
            "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": inner}},
            "Next": "Done",
        },
        "Done": {"Type": "Succeed", "Output": {"mine": "{% $mine %}", "each": "{% $states.input %}"}},
    }
    execution = cloud.start(jsonata(states))
    closed = cloud.finish(execution)
    assert json.loads(closed["output"]) == {"mine": 1, "each": [1, 1]}
    entered = [
        event["stateEnteredEventDetails"]["name"] for event in cloud.history(execution) if "stateEnteredEventDetails" in event
    ]
    assert sorted(entered) == ["Done", "Each", "Inner", "Inner", "Set"]


@pytest.mark.parametrize(
    "expression",
    [
        "$states.input.a ?? 1",
        "$states.input.a ?: 1",
        "$eval('1')",
        "$states.input.a ?? 'text'",
        "'text' & $states.input.a ?: \"b\"",
    ],
)
def test_what_awss_jsonata_lacks_is_refused(cloud: Cloud, expression: str) -> None:
    with pytest.raises(ClientError, match="INVALID_JSONATA_EXPRESSION"):
        cloud.create_machine(jsonata({"Pass": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}))


def test_literals_may_look_like_what_is_refused(cloud: Cloud) -> None:
    state = {"Type": "Pass", "End": True, "Output": "{% $contains('a?:b', /a(?:.+)b/) ? '??' : \"$eval\" %}"}
    assert cloud.output(jsonata({"Pass": state})) == "??"
