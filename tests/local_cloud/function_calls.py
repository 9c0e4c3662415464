"""A log of the calls that functions make to MiniStack's own services, in the form of the log of EC2 and STS.

A function's calls are recognized by their session token, the role's ARN: see ``patch_lambda.name_the_role``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FILE = "function-calls.jsonl"

# Each action's name in a policy, and the parameter that is the ARN of its resource.
KNOWN = {
    "AWSStepFunctions.DescribeExecution": ("states:DescribeExecution", "executionArn"),
    "AWSStepFunctions.ListExecutions": ("states:ListExecutions", "stateMachineArn"),
    "AWSStepFunctions.StartExecution": ("states:StartExecution", "stateMachineArn"),
    "AWSStepFunctions.StopExecution": ("states:StopExecution", "executionArn"),
}

# Actions of DynamoDB, whose resource is the table, or the index if the call names one.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
DYNAMODB = "DynamoDB_20120810."
ITEM_ACTIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")


def in_front_of(application: Callable[..., Any], log: Path) -> Callable[..., Any]:
    """``application`` (ASGI), with the calls of functions logged before they are passed on."""

    async def with_log(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope.get("headers", [])}
        if not headers.get("x-amz-security-token", "").startswith("arn:"):
            await application(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        _write(log, headers, b"".join(message.get("body", b"") for message in messages))
        waiting = iter(messages)

        async def again() -> Any:
            return next(waiting, None) or await receive()

        await application(scope, again, send)

    return with_log


def _write(log: Path, headers: dict[str, str], body: bytes) -> None:
    target, caller = headers.get("x-amz-target", ""), headers["x-amz-security-token"]
    parameters = json.loads(body) if target and body else {}
    line = {
        "Service": target.partition(".")[0],
        "Action": target.partition(".")[2],
        "Account": caller.split(":")[4],
        "Caller": caller,
        "SessionName": None,
        "UserAgent": headers.get("user-agent", ""),
        "Parameters": parameters,
        "Authorization": list(_questions(target, parameters, f"{_region(headers)}:{caller.split(':')[4]}")),
    }
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _region(headers: dict[str, str]) -> str:
    """The Region that the call is signed for: `Credential=<key>/<date>/<region>/<service>/aws4_request`."""
    return headers.get("authorization", "").partition("Credential=")[2].split("/")[2]


def _questions(target: str, parameters: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    """What IAM is asked about a call. ``place`` is the Region and the account in which it is made."""
    if target.startswith(DYNAMODB) and (action := target.removeprefix(DYNAMODB)) in ITEM_ACTIONS:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        resource = f"arn:aws:dynamodb:{place}:table/{parameters['TableName']}{index}"
        yield {"Action": f"dynamodb:{action}", "Resource": resource, "Context": {}}
    if target in KNOWN:
        action, resource = KNOWN[target]
        yield {"Action": action, "Resource": parameters[resource], "Context": {}}
    if target == "AWSEvents.PutEvents":
        yield from questions_of_events(parameters["Entries"], place)


def questions_of_events(entries: list[dict[str, Any]], place: str) -> Iterator[dict[str, Any]]:
    """Of PutEvents. An entry names its bus, or has its ARN."""
    for entry in entries:
        context = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
        bus = entry.get("EventBusName", "default")
        resource = bus if bus.startswith("arn:") else f"arn:aws:events:{place}:event-bus/{bus}"
        yield {"Action": "events:PutEvents", "Resource": resource, "Context": context}
