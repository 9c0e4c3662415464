"""A state machine as a pipeline uses it: start an execution, wait for its end, read its result."""

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import boto3

from .network import POLL

TIMEOUT = 240  # seconds


@dataclass(frozen=True)
class Execution:
    """A finished execution."""

    arn: str
    status: str
    output: dict[str, Any]
    error: str
    cause: dict[str, Any]
    states: list[str]

    def succeeded(self) -> "Execution":
        assert self.status == "SUCCEEDED", f"{self.status}: {self.error} {self.cause}"
        return self

    def failed(self, error: str) -> "Execution":
        assert (self.status, self.error) == ("FAILED", error), f"{self.status}: {self.error} {self.cause} {self.output}"
        assert self.cause["Message"], "every cause has a message"
        return self

    def actions(self) -> dict[str, int]:
        """The number of routes by their `Action`."""
        actions = [route["Action"] for route in self.output["Routes"]]
        return {action: actions.count(action) for action in sorted(set(actions))}


class Machine:
    """One state machine of the local cloud."""

    def __init__(self, environment: dict[str, str], arn: str) -> None:
        self.arn = arn
        self.client = boto3.client(
            "stepfunctions",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key="local",
        )

    def start(self, request: Any, name: str | None = None) -> str:
        started = self.client.start_execution(stateMachineArn=self.arn, name=name or str(uuid.uuid4()), input=json.dumps(request))
        return started["executionArn"]

    def run(self, request: Any) -> Execution:
        return self.wait(self.start(request))

    def wait(self, arn: str) -> Execution:
        deadline = time.monotonic() + TIMEOUT
        while (found := self.client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{arn} is still running in {self.states(arn)}"
            time.sleep(POLL)
        return Execution(
            arn=arn,
            status=found["status"],
            output=json.loads(found.get("output") or "{}"),
            error=found.get("error", ""),
            cause=_json_object(found.get("cause", "{}")),
            states=self.states(arn),
        )

    def reaches(self, arn: str, state: str) -> None:
        """Returns once the execution has entered that state."""
        deadline = time.monotonic() + TIMEOUT
        while state not in (states := self.states(arn)):
            assert time.monotonic() < deadline, f"{arn} has not entered {state}: {states}"
            time.sleep(POLL)

    def states(self, arn: str) -> list[str]:
        """The names of the states entered, in order."""
        return [event["stateEnteredEventDetails"]["name"] for event in self.history(arn) if "stateEnteredEventDetails" in event]

    def history(self, arn: str) -> list[dict[str, Any]]:
        """Every event of the execution, in order."""
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=arn)
        return [event for page in pages for event in page["events"]]

    def failed_tries(self, arn: str) -> list[tuple[str, dict[str, Any]]]:
        """Error and cause of every failed call of a function, retried calls included."""
        failures = [event["taskFailedEventDetails"] for event in self.history(arn) if "taskFailedEventDetails" in event]
        return [(failed["error"], json.loads(json.loads(failed["cause"])["errorMessage"])) for failed in failures]

    def executions(self, containing: str) -> list[str]:
        """The ARNs of all executions whose name contains that text."""
        pages = self.client.get_paginator("list_executions").paginate(stateMachineArn=self.arn)
        return [e["executionArn"] for page in pages for e in page["executions"] if containing in e["name"]]


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {"not JSON": text}
    return value if isinstance(value, dict) else {"not an object": value}
