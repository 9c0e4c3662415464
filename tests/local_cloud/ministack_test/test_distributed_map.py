"""Map states in Distributed mode: the fields of the state.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from local_cloud.ministack_test.cloud import Cloud, jsonata
from local_cloud.ministack_test.map_runs import ALL, WAIT, children_of, distributed, events_of, machine, run_of, until_running

DONE = {"Type": "Succeed"}


def test_the_output_is_that_of_all_children_in_the_order_of_the_items(cloud: Cloud) -> None:
    state = distributed({"Double": {"Type": "Pass", "Output": "{% $states.input * 2 %}", "End": True}})
    assert cloud.output(machine(state), list(range(20))) == [2 * n for n in range(20)]
    assert cloud.output(machine(state), []) == []


@pytest.mark.parametrize("items", [[1, 2], "{% $states.input.of %}"])
def test_items_are_an_array_or_an_expression(cloud: Cloud, items: object) -> None:
    assert cloud.output(machine(distributed(Items=items)), {"of": [1, 2]}) == [1, 2]


@pytest.mark.parametrize("fields", [{"Items": "{% $states.input %}"}, {}])
def test_items_that_are_no_array_fail(cloud: Cloud, fields: dict[str, Any]) -> None:
    state = distributed()
    del state["Items"]
    assert cloud.run(machine(state | fields), "text")["error"] == "States.QueryEvaluationError"


def test_without_items_the_input_is_the_items(cloud: Cloud) -> None:
    state = distributed()
    del state["Items"]
    data = ["{% 1 + 1 %}", 2]
    assert cloud.output(machine(state), data) == data


def test_the_item_selector_sees_item_input_and_variables(cloud: Cloud) -> None:
    selector = {
        "index": "{% $states.context.Map.Item.Index %}",
        "value": "{% $states.context.Map.Item.Value %}",
        "source": "{% $states.context.Map.Item.Source %}",
        "input": "{% $states.input.common %}",
        "variable": "{% $mine %}",
        "parent": "{% $states.context.Execution.Id %}",
        "fixed": 1,
    }
    states = {
        "Set": {"Type": "Pass", "Assign": {"mine": "v"}, "Next": "Each"},
        "Each": distributed(Items="{% $states.input.of %}", ItemSelector=selector),
    }
    execution = cloud.finish(cloud.start(jsonata(states), {"of": ["a", "b"], "common": "c"}))
    same = {"source": "STATE_DATA", "input": "c", "variable": "v", "parent": execution["executionArn"], "fixed": 1}
    assert json.loads(execution["output"]) == [{"index": 0, "value": "a", **same}, {"index": 1, "value": "b", **same}]


def test_an_item_selector_may_be_one_expression(cloud: Cloud) -> None:
    state = distributed(ItemSelector="{% $states.context.Map.Item.Value & '!' %}")
    assert cloud.output(machine(state), ["a"]) == ["a!"]


@pytest.mark.parametrize("most", [2, "{% 1 + 1 %}"])
def test_batches(cloud: Cloud, most: object) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html"""
    batcher = {"MaxItemsPerBatch": most, "BatchInput": {"run": "{% $states.context.Execution.Name %}", "n": 1}}
    state = distributed(ItemSelector={"v": "{% $states.context.Map.Item.Value %}"}, ItemBatcher=batcher)
    closed = cloud.run(machine(state), [1, 2, 3])
    common = {"run": closed["name"], "n": 1}
    assert json.loads(closed["output"]) == [
        {"BatchInput": common, "Items": [{"v": 1}, {"v": 2}]},
        {"BatchInput": common, "Items": [{"v": 3}]},
    ]
    run = run_of(cloud, closed["executionArn"])
    assert (run["executionCounts"]["succeeded"], run["itemCounts"]["succeeded"]) == (2, 3)


def test_batches_are_limited_by_bytes_and_never_larger_than_an_input(cloud: Cloud) -> None:
    def sizes(**batcher: Any) -> list[int]:
        state = distributed({"Count": {"Type": "Pass", "Output": "{% $count($states.input.Items) %}", "End": True}})
        items = {"Items": [1, 2, 3, 4, 5], "ItemSelector": "{% $pad('', 60000, 'x') %}", "ItemBatcher": batcher}
        return cloud.output(machine(state | items))

    assert sizes(MaxItemsPerBatch=5) == [4, 1]
    assert sizes(MaxInputBytesPerBatch=130_000) == [2, 2, 1]


def test_output_and_assign_see_the_results(cloud: Cloud) -> None:
    output = {"all": "{% $states.result %}", "was": "{% $states.input %}"}
    state = distributed(Output=output, Assign={"total": "{% $sum($states.result) %}"}, Next="Done")
    done = {**DONE, "Output": {"given": "{% $states.input %}", "sum": "{% $total %}"}}
    assert cloud.output(machine(state, Done=done), [1, 2]) == {"given": {"all": [1, 2], "was": [1, 2]}, "sum": 3}


def most_at_once(cloud: Cloud, execution: str) -> int:
    """How many children ran at the same time, by their dates."""
    changes: list[tuple[datetime, int]] = []
    for child in children_of(cloud, execution):
        changes += [(child["startDate"], 1), (child["stopDate"], -1)]
    running, most = 0, 0
    for _, change in sorted(changes):  # At the same moment ends come first.
        running += change
        most = max(most, running)
    return most


@pytest.mark.parametrize("bound", [2, "{% $count($states.input) - 4 %}"])
def test_no_more_children_run_at_once_than_max_concurrency(cloud: Cloud, bound: object) -> None:
    wait = {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}
    closed = cloud.run(machine(distributed(wait, MaxConcurrency=bound)), [1, 2, 3, 4, 5, 6])
    assert json.loads(closed["output"]) == [1, 2, 3, 4, 5, 6]
    assert most_at_once(cloud, closed["executionArn"]) == 2
    assert run_of(cloud, closed["executionArn"])["maxConcurrency"] == 2


@pytest.mark.parametrize("fields", [{}, {"MaxConcurrency": 0}])
def test_without_a_bound_all_run_at_once(cloud: Cloud, fields: dict[str, Any]) -> None:
    execution = cloud.start(machine(distributed({"Wait": {**WAIT, "Seconds": 29}}, **fields)), list(range(100)))
    until_running(cloud, execution, children=100)
    assert run_of(cloud, execution)["executionCounts"]["running"] == 100
    cloud.client("stepfunctions").stop_execution(executionArn=execution)


def test_five_hundred_children(cloud: Cloud) -> None:
    closed = cloud.finish(cloud.start(machine(distributed(MaxConcurrency=50)), list(range(500))), seconds=30)
    assert json.loads(closed["output"]) == list(range(500))
    counts = run_of(cloud, closed["executionArn"])["executionCounts"]
    assert (counts["succeeded"], counts["total"], counts["pending"], counts["running"]) == (500, 500, 0, 0)


def test_the_history_of_the_parent(cloud: Cloud) -> None:
    """As recorded on AWS by the tests of https://github.com/localstack/localstack (test_map_state_label)."""
    execution = cloud.run(machine(distributed(Label="lanes")), [1, 2])["executionArn"]
    assert events_of(cloud, execution) == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    events = {event["type"]: event for event in cloud.history(execution)}
    assert events["MapStateStarted"]["mapStateStartedEventDetails"] == {"length": 2}
    assert json.loads(events["MapStateExited"]["stateExitedEventDetails"]["output"]) == [1, 2]
    run = run_of(cloud, execution)
    assert events["MapRunStarted"]["mapRunStartedEventDetails"] == {"mapRunArn": run["mapRunArn"]}
    assert run["status"] == "SUCCEEDED" and run["stopDate"] >= run["startDate"]
    assert run["mapRunArn"].startswith(execution.rpartition(":")[0].replace(":execution:", ":mapRun:") + "/lanes:")


def test_inline_maps_are_as_before(cloud: Cloud) -> None:
    state = {"Type": "Map", "Items": ALL, "ItemProcessor": distributed()["ItemProcessor"], "End": True}
    inline = {**state, "ItemProcessor": {**state["ItemProcessor"], "ProcessorConfig": {"Mode": "INLINE"}}}
    execution = cloud.run(machine(inline), [1, 2])["executionArn"]
    assert cloud.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"] == []
    assert events_of(cloud, execution).count("PassStateEntered") == 2
