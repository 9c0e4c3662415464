"""Distributed Map states for tests, and what AWS's API says about their runs."""

from __future__ import annotations

from typing import Any

from local_cloud.ministack_test.cloud import Cloud, jsonata, until

PASS = {"Type": "Pass", "End": True}
FAIL = {"Type": "Fail", "Error": "Mine", "Cause": "why"}
WAIT = {"Type": "Wait", "Seconds": 10, "End": True}
ODD_ONES_FAIL = {
    "Odd": {"Type": "Choice", "Default": "Done", "Choices": [{"Condition": "{% $states.input % 2 = 1 %}", "Next": "Fail"}]},
    "Done": PASS,
    "Fail": FAIL,
}
ALL = "{% $states.input %}"


def processor(states: dict[str, Any], kind: str = "STANDARD") -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": kind}
    return {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}


def distributed(states: dict[str, Any] | None = None, kind: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    """A Map state whose children run those states, or return their input."""
    state = {"Type": "Map", "Items": ALL, "ItemProcessor": processor(states or {"Pass": PASS}, kind), **fields}
    return state if "Next" in state else {**state, "End": True}


def machine(state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return jsonata({"Each": state, **more})


def run_of(cloud: Cloud, execution: str) -> dict[str, Any]:
    """What DescribeMapRun answers about the only Map Run of an execution."""
    [run] = runs_of(cloud, execution)
    return run


def runs_of(cloud: Cloud, execution: str) -> list[dict[str, Any]]:
    states = cloud.client("stepfunctions")
    found = states.list_map_runs(executionArn=execution)["mapRuns"]
    return [states.describe_map_run(mapRunArn=each["mapRunArn"]) for each in found]


def children_of(cloud: Cloud, execution: str, **options: Any) -> list[dict[str, Any]]:
    """What ListExecutions answers about the children of the only Map Run."""
    run = run_of(cloud, execution)["mapRunArn"]
    return cloud.client("stepfunctions").list_executions(mapRunArn=run, **options)["executions"]


def until_running(cloud: Cloud, execution: str, children: int) -> None:
    """Waits until so many children run, or have ended."""

    def started() -> bool:
        if not cloud.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"]:
            return False
        counts = run_of(cloud, execution)["executionCounts"]
        return counts["total"] - counts["pending"] == children > 0

    until(started)


def events_of(cloud: Cloud, execution: str) -> list[str]:
    return [event["type"] for event in cloud.history(execution)]
