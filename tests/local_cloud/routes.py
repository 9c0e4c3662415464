"""The paths under ``/_local_cloud/`` that MiniStack's port answers besides AWS's API.

Faults and clock have the form of EC2's, so that ``ec2.control.Control`` is the client of both.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import lambda_svc

from local_cloud.patch_eventbridge import deliver_envelope
from local_cloud.patch_waits import let_time_pass, retry_delays
from local_cloud.service_faults import faults, rates

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = "/_local_cloud/"

# What a test sets, by method and path.
CONTROLS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("POST", "faults"): faults.plant,
    ("GET", "faults"): lambda _: faults.counts(),
    ("DELETE", "faults"): lambda _: faults.clear(),
    ("POST", "fault-rates"): rates.set,
    ("GET", "fault-rates"): lambda _: rates.counts(),
    ("POST", "clock"): lambda body: let_time_pass(body["advance_seconds"]),
    ("POST", "retry-delays"): retry_delays.set,
    ("GET", "running-functions"): lambda _: {"Count": lambda_svc.executions_in_flight()[0]},
}


def in_front_of(application: Application) -> Application:
    """``application`` (ASGI), with our paths answered here and all others passed on."""

    async def with_our_routes(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            status, answer = await _answer(scope["method"], scope["path"].removeprefix(PREFIX), receive)
            await _send_json(send, status, answer)
        else:
            await application(scope, receive, send)

    return with_our_routes


async def _answer(method: str, path: str, receive: Receive) -> tuple[int, dict[str, Any]]:
    if (method, path) == ("GET", "health"):
        return 200, {"status": "ready"}
    if (method, path) == ("POST", "events"):
        return await _accept_event(await _body(receive))
    if control := CONTROLS.get((method, path)):
        return _carry_out(control, await _body(receive))
    return 404, {"error": f"no such path: {method} {PREFIX}{path}"}


def _carry_out(control: Callable[[Any], Any], body: bytes) -> tuple[int, dict[str, Any]]:
    try:
        return 200, control(json.loads(body or b"null")) or {}
    except Exception as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


async def _accept_event(body: bytes) -> tuple[int, dict[str, Any]]:
    """An event of an AWS service, which PutEvents rejects as AWS does."""
    try:
        request = json.loads(body)
        account, region, event = request["account"], request["region"], request["event"]
        event["source"], event["detail-type"], event["detail"]
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": f"expected account, region and an EventBridge event: {error!r}"}
    # In a thread: a target may call this server, which the event loop must be free to answer.
    await asyncio.to_thread(deliver_envelope, account, region, event)
    return 200, {"id": event.get("id")}


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _send_json(send: Send, status: int, answer: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
