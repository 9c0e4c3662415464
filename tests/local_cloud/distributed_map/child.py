"""One child workflow execution of a Map Run."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions

from local_cloud.distributed_map.definitions import State
from local_cloud.distributed_map.items import Input
from local_cloud.patch_executions import Execution, ExecutionClosed

# The last event of an execution by the status that it ends with.
ENDS = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "ABORTED": "ExecutionAborted"}


class Child:
    """An execution with its own ARN, history, context and variables. It is of the type of the Map state, not of the machine's."""

    def __init__(self, map_run: str, role: str, processor: State, language: str, of: Input) -> None:
        """``map_run`` is the ARN of its Map Run, ``language`` the query language around the Map state."""
        self.items = of.items
        self.is_express = processor["ProcessorConfig"]["ExecutionType"] == "EXPRESS"
        self._processor, self._language = processor, language
        self.execution = _execution(map_run, role, of.data, self.is_express)
        self._context = self._own_context(of.data)
        stepfunctions._executions[self.execution["executionArn"]] = self.execution

    @property
    def status(self) -> str:
        return self.execution["status"]

    def start(self, lock: Any) -> None:
        """Run it in a thread of its own. Who closes it holds ``lock``."""
        run = contextvars.copy_context().run  # With the account and the Region of the parent.
        threading.Thread(target=run, args=(self._run, lock), daemon=True).start()

    def abort(self, lock: Any) -> None:
        self._close(lock, "ABORTED", {"error": "", "cause": ""})

    def result(self) -> Any:
        """Its output; where it did not succeed, its record.

        "If a child workflow execution fails, Step Functions returns its execution result unchanged. The results would be
        equivalent to having set Transformation to NONE": the execution with its metadata. Error and Cause are those of
        DescribeExecution. https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
        """
        execution = self.execution
        if self.status == "SUCCEEDED":
            return json.loads(execution["output"])
        failure = {name: execution[name.lower()] for name in ("Error", "Cause") if execution.get(name.lower())}
        return {
            "ExecutionArn": execution["executionArn"],
            "Input": execution["input"],
            "InputDetails": {"Included": True},
            "Name": execution["name"],
            "RedriveCount": 0,
            "RedriveStatus": "REDRIVABLE_BY_MAP_RUN",
            "StartDate": execution["startDate"],
            "StateMachineArn": execution["stateMachineArn"],
            "Status": self.status,
            "StopDate": execution["stopDate"],
            **failure,
        }

    def _own_context(self, data: Any) -> dict[str, Any]:
        """Neither variables nor context of the parent are visible, not even the item.

        https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html ("Variable scope")
        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html#contextobject-map
        """
        execution = self.execution
        machine = execution["stateMachineArn"]
        return {
            "QueryLanguage": self._processor.get("QueryLanguage", self._language),
            "Execution": {
                "Id": execution["executionArn"],
                "Input": data,
                "Name": execution["name"],
                "StartTime": execution["startDate"],
            },
            "StateMachine": {"Id": machine, "Name": machine.rpartition(":")[2]},
            "variables": {},
        }

    def _run(self, lock: Any) -> None:
        stepfunctions._emit_execution_status_event(self.execution)
        states, start_at = self._processor["States"], self._processor["StartAt"]
        data = json.loads(self.execution["input"])
        try:
            output = json.dumps(stepfunctions._run_sub_machine(states, start_at, data, self.execution, self._context))
            self._close(lock, "SUCCEEDED", {"output": output})
        except ExecutionClosed:
            pass
        except stepfunctions._ExecutionError as error:
            self._close(lock, "FAILED", {"error": error.error, "cause": error.cause})
        except Exception as error:
            self._close(lock, "FAILED", {"error": "States.Runtime", "cause": str(error)})

    def _close(self, lock: Any, status: str, ended: dict[str, str]) -> None:
        """End it, unless it has ended."""
        with lock:
            if self.status != "RUNNING":
                return
            self.execution |= {"status": status, "stopDate": now_iso(), **ended}
            event = ENDS[status]
            details = f"{event[0].lower()}{event[1:]}EventDetails"
            stepfunctions._add_event(self.execution, event, {details: ended})
        stepfunctions._emit_execution_status_event(self.execution)


def _execution(map_run: str, role: str, data: Any, is_express: bool) -> Execution:
    """The record of MiniStack's. An Express execution sends no events of its status, as `sync` says to MiniStack.

    ARNs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html ("labelled execution",
    "labelled express"). The machine of a child has the label, too:
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
    """
    prefix, _, rest = map_run.partition(":mapRun:")
    labelled, name, started, text = rest.partition(":")[0], new_uuid(), now_iso(), json.dumps(data)
    arn = f"{prefix}:express:{labelled}:{name}:{new_uuid()}" if is_express else f"{prefix}:execution:{labelled}:{name}"
    return {
        "executionArn": arn,
        "stateMachineArn": f"{prefix}:stateMachine:{labelled}",
        "mapRunArn": map_run,
        "name": name,
        "status": "RUNNING",
        "startDate": started,
        "stopDate": None,
        "input": text,
        "inputDetails": {"included": True},
        "output": None,
        "outputDetails": {"included": True},
        "testCase": "",
        "mockAttempts": {},
        "sync": is_express,
        "events": [
            {
                "id": 1,
                "type": "ExecutionStarted",
                "timestamp": started,
                "executionStartedEventDetails": {"input": text, "roleArn": role},
            }
        ],
    }
