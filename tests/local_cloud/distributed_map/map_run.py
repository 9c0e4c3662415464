"""A Map Run: the children of one attempt of a Distributed Map state, and when it fails.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

from __future__ import annotations

import threading
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions

from local_cloud.distributed_map import calls
from local_cloud.distributed_map.child import Child
from local_cloud.distributed_map.definitions import State
from local_cloud.distributed_map.items import Input
from local_cloud.distributed_map.settings import CHILDREN_AT_ONCE, Context, Settings
from local_cloud.patch_executions import Execution, ExecutionClosed

COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
COUNTED_AS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timedOut", "ABORTED": "aborted"}

_map_runs: dict[str, MapRun] = {}


class MapRun:
    """Starts the children in the order of the items, so many at once as `MaxConcurrency` allows."""

    def __init__(self, state: State, settings: Settings, parent: Execution, context: Context) -> None:
        prefix, _, rest = parent["stateMachineArn"].partition(":stateMachine:")
        machine = rest.partition("/")[0]
        # "If you don't specify a label, Step Functions automatically generates a unique label."
        label = state.get("Label") or new_uuid()
        self._arn = f"{prefix}:mapRun:{machine}/{label}:{new_uuid()}"
        self._role = stepfunctions._state_machines[f"{prefix}:stateMachine:{machine}"]["roleArn"]
        self._processor = state.get("ItemProcessor") or state["Iterator"]
        self._language = context["QueryLanguage"]
        self._settings, self.parent = settings, parent
        self._children: dict[str, Child] = {}
        self._changed = threading.Condition()
        self._record = _record(self._arn, parent["executionArn"], settings)

    def begin(self) -> None:
        """From now on it is found by its ARN, and by what ends its parent or a child."""
        _map_runs[self._arn] = self
        stepfunctions._map_runs[self._arn] = self._record
        stepfunctions._add_event(self.parent, "MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": self._arn}})

    def results_of(self, inputs: list[Input]) -> list[Any]:
        """Start all children and wait for them. The results are in the order of the items.

        Errors: States.ExceedToleratedFailureThreshold, with AWS's wording, as the tests of
        https://github.com/localstack/localstack have recorded it; ExecutionClosed if the parent has ended.
        """
        self._count_pending(inputs)
        for each in inputs:
            with self._changed:
                self._changed.wait_for(lambda: not self._may_go_on() or self._has_room())
                if not self._may_go_on():
                    break
                self._start(each)
        with self._changed:
            self._changed.wait_for(lambda: not self._may_go_on() or not self._count("running"))
        if self._is_aborted():
            raise ExecutionClosed
        if self._has_exceeded():
            self._stop_standard_children()
            with self._changed:
                self._changed.wait_for(lambda: self._is_aborted() or not self._count("running"))
            raise stepfunctions._ExecutionError(
                "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
            )
        return [child.result() for child in self._children.values()]

    def end(self, status: str) -> None:
        """Close it as SUCCEEDED, FAILED or ABORTED, unless it is closed."""
        with self._changed:
            if not self.is_running():
                return
            self._record |= {"status": status, "stopDate": now_iso()}
            self._changed.notify_all()

    def abort(self) -> None:
        """Its parent has ended: children that are Standard are aborted, and no more started. Express ones cannot be stopped.

        https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html ("cancelling in-progress child workflow
        executions of type Standard, or waiting for" Express ones "to complete")
        """
        self.end("ABORTED")
        self._stop_standard_children()

    def is_running(self) -> bool:
        return self._record["status"] == "RUNNING"

    def child_has_ended(self, execution: Execution) -> None:
        """By itself, by the Map Run, or by StopExecution."""
        with self._changed:
            child = self._children[execution["executionArn"]]
            self._move(child.items, "running", COUNTED_AS[child.status])
            self._changed.notify_all()
        if not child.is_express:
            calls.log("DescribeExecution", self._role, execution["executionArn"])

    def _start(self, given: Input) -> None:
        child = Child(self._arn, self._role, self._processor, self._language, given)
        self._children[child.execution["executionArn"]] = child
        self._move(given.items, "pending", "running")
        calls.log("StartExecution", self._role, child.execution["executionArn"])
        child.start(self._changed)

    def _stop_standard_children(self) -> None:
        with self._changed:
            open_ones = [child for child in self._children.values() if child.status == "RUNNING" and not child.is_express]
        for child in open_ones:
            calls.log("StopExecution", self._role, child.execution["executionArn"])
            child.abort(self._changed)

    def _may_go_on(self) -> bool:
        return not self._is_aborted() and not self._has_exceeded()

    def _is_aborted(self) -> bool:
        return self._record["status"] == "ABORTED"

    def _has_exceeded(self) -> bool:
        """ "The percentage of failed items" is that of "failed or timed out items": aborted ones do not count."""
        items = self._record["itemCounts"]
        return self._settings.exceeded_by(items["failed"] + items["timedOut"], items["total"])

    def _has_room(self) -> bool:
        return self._count("running") < (self._settings.max_concurrency or CHILDREN_AT_ONCE)

    def _count(self, what: str) -> int:
        return self._record["executionCounts"][what]

    def _count_pending(self, inputs: list[Input]) -> None:
        for name, number in (("executionCounts", len(inputs)), ("itemCounts", sum(each.items for each in inputs))):
            self._record[name] |= {"pending": number, "total": number}

    def _move(self, items: int, source: str, target: str) -> None:
        for name, number in (("executionCounts", 1), ("itemCounts", items)):
            self._record[name][source] -= number
            self._record[name][target] += number


def of_child(execution: Execution) -> MapRun | None:
    """The Map Run that a child belongs to."""
    return _map_runs.get(execution.get("mapRunArn", ""))


def of_parent(execution: Execution) -> list[MapRun]:
    """The Map Runs of an execution that run. In the branches of a Parallel state there may be several."""
    return [each for each in list(_map_runs.values()) if each.parent is execution and each.is_running()]


def _record(arn: str, parent: str, settings: Settings) -> dict[str, Any]:
    """What DescribeMapRun answers. The machine, which ListMapRuns answers too, is in MiniStack's own field.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
    """
    counts = dict.fromkeys((*COUNTS, "failuresNotRedrivable", "pendingRedrive"), 0)
    return {
        "mapRunArn": arn,
        "executionArn": parent,
        "status": "RUNNING",
        "startDate": now_iso(),
        "maxConcurrency": settings.max_concurrency,
        "toleratedFailurePercentage": float(settings.tolerated_percentage or 0),
        "toleratedFailureCount": int(settings.tolerated_count or 0),
        "itemCounts": dict(counts),
        "executionCounts": dict(counts),
        "redriveCount": 0,
        "_stateMachineArn": arn.replace(":mapRun:", ":stateMachine:").rpartition(":")[0],
    }
