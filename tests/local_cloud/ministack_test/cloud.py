"""What the tests do with the local cloud: run state machines, deploy functions, send events."""

from __future__ import annotations

import functools
import itertools
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.function_package import package

_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Waits until ``condition`` returns something truthy, and returns that."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer


@dataclass(frozen=True)
class Cloud:
    endpoint: str
    call_log: Path | None = None
    """Where the calls of functions and machines are logged."""

    @functools.cache
    def client(self, service: str, account: str = ACCOUNT, region: str = REGION) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="local",
            config=Config(retries={"max_attempts": 0}, max_pool_connections=40),
        )

    def create_machine(self, definition: dict[str, Any], **options: Any) -> str:
        answer = self.client("stepfunctions").create_state_machine(
            name=unique("machine"), definition=json.dumps(definition), roleArn=f"arn:aws:iam::{ACCOUNT}:role/any", **options
        )
        return answer["stateMachineArn"]

    def start(self, definition: dict[str, Any], data: Any = None, **options: Any) -> str:
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=self.create_machine(definition), input=json.dumps({} if data is None else data), **options
        )
        return answer["executionArn"]

    def finish(self, execution: str, seconds: float = 60) -> dict[str, Any]:
        """Waits for the execution to close; returns what DescribeExecution returns."""

        def closed() -> dict[str, Any] | None:
            found = self.client("stepfunctions").describe_execution(executionArn=execution)
            return None if found["status"] == "RUNNING" else found

        return until(closed, seconds)

    def run(self, definition: dict[str, Any], data: Any = None) -> dict[str, Any]:
        return self.finish(self.start(definition, data))

    def output(self, definition: dict[str, Any], data: Any = None) -> Any:
        """The output of an execution that has to succeed."""
        execution = self.run(definition, data)
        assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
        return json.loads(execution["output"])

    def history(self, execution: str) -> list[dict[str, Any]]:
        answer = self.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)
        return answer["events"]

    def create_function(self, handler: str, **options: Any) -> str:
        """Deploy a function of a custom runtime whose Python source defines ``handle(event, context)``."""
        name = unique("function")
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=f"arn:aws:iam::{ACCOUNT}:role/any",
            Code={"ZipFile": package(handler)},
            **{"Timeout": 10, **options},
        )
        until(lambda: self.client("lambda").get_function(FunctionName=name)["Configuration"]["State"] == "Active")
        return name

    def invoke(self, function: str, event: Any = None) -> Any:
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event or {}))
        return json.loads(answer["Payload"].read())

    def send_event(self, event: dict[str, Any], account: str = ACCOUNT, region: str = REGION) -> int:
        """Send an AWS service's event; returns the HTTP status."""
        body = json.dumps({"account": account, "region": region, "event": event}).encode()
        request = urllib.request.Request(f"{self.endpoint}/_local_cloud/events", data=body)
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status


def jsonata(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A JSONata state machine that starts at the first state."""
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}


def invoke_task(function: str, **fields: Any) -> dict[str, Any]:
    """A task that invokes ``function`` with the state's input; its output is the function's answer."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "End": True,
    } | fields
