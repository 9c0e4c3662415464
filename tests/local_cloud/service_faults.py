"""Faults in the calls that functions make to MiniStack's services: DynamoDB, Step Functions, EventBridge.

They are set through the control API on MiniStack's port, by the client and in the form of those of EC2. In a test::

    services = Control(environment["AWS_ENDPOINT_URL"])
    # The next three updates are throttled. `Times` is high where it means "from now on".
    services.plant_faults({"Action": "UpdateItem", "Code": "ThrottlingException", "Times": 3})
    # One pair's item can't be read; every other call is answered.
    services.plant_faults({"Action": "GetItem", "Code": "InternalServerError", "HttpStatus": 500, "Times": 99,
                           "Match": {"Key": {"Pair": {"S": key}}}})
    # No answer at all, and an answer that is lost after the update was made.
    services.plant_faults({"Action": "UpdateItem", "Effect": "disconnect", "Times": 99})
    services.plant_faults({"Action": "UpdateItem", "Effect": "execute-then-disconnect"})
    # The update is made; then nothing is answered for longer than the SDK waits, or the function is killed.
    services.plant_faults({"Action": "UpdateItem", "Effect": "execute-then-stall", "DelaySeconds": 8})
    services.plant_faults({"Action": "UpdateItem", "Effect": "execute-then-kill"})
    services.faults()  # {"Struck": 3, "Over": 3}
    services.clear_faults()

    # Of all calls, one in ten is throttled and one in a hundred gets no answer: see `fault_rates`.
    services.set_fault_rates(Seed=1, Throttled=0.1, Disconnected=0.01)

A test's own calls have no faults, and don't count: only a function's calls have its role's ARN as session token (see
``patch_lambda.name_the_role``). ``PutEvents`` is a call of a machine: see ``patch_put_events``. ``Match`` compares parameters as
they are in the request's JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from local_cloud.fault_rates import Codes, FaultRates
from local_cloud.faults import Fault, Faults
from local_cloud.killing import kill_function

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

faults = Faults()
rates = FaultRates()

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html; Step Functions and EventBridge throttle
# by the same code.
CODES = Codes(("ThrottlingException", 400), ("InternalServerError", 500))

_REGION = re.compile(r"Credential=[^/]+/[^/]+/([^/]+)/")


@dataclass
class ServiceCall:
    action: str
    region: str
    account: str
    parameters: dict[str, Any]


def in_front_of(application: Application) -> Application:
    """``application`` (ASGI), with the faults applied to the calls of functions."""

    async def with_faults(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope.get("headers", [])}
        if not ((faults.are_set() or rates.are_set()) and headers.get("x-amz-security-token", "").startswith("arn:")):
            await application(scope, receive, send)
            return
        body = await _body(receive)
        call = _call(headers, body)
        planted = faults.take(call)
        fault = planted or rates.take(call.action, CODES)
        if fault is None:
            await application(scope, _once(body, receive), send)
            return
        try:
            await _apply(fault, application, scope, _once(body, receive), send)
        finally:
            if planted:
                faults.end()

    return with_faults


async def _apply(fault: Fault, application: Application, scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(fault.delay_before)
    fails = fault.Code is not None or fault.disconnects
    if fault.executes:
        await application(scope, receive, _discard if fails else send)
    if fault.kills:
        await asyncio.to_thread(kill_function, scope["client"][1])
    await asyncio.sleep(fault.delay_after)
    if fault.disconnects:
        await _disconnect(send)
    elif fails:
        await _answer(fault, send)


def _call(headers: dict[str, str], body: bytes) -> ServiceCall:
    """A call of a JSON protocol, which all these services have: the header names its action."""
    target, region = headers.get("x-amz-target", ""), _REGION.search(headers.get("authorization", ""))
    return ServiceCall(
        action=target.rpartition(".")[2],
        region=region[1] if region else "",
        account=headers["x-amz-security-token"].split(":")[4],
        parameters=json.loads(body) if target and body else {},
    )


async def _answer(fault: Fault, send: Send) -> None:
    """An error of the JSON protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html"""
    headers = [(b"content-type", b"application/x-amz-json-1.0")]
    await send({"type": "http.response.start", "status": fault.HttpStatus, "headers": headers})
    body = json.dumps({"__type": fault.Code, "message": fault.Message}).encode()
    await send({"type": "http.response.body", "body": body})


async def _disconnect(send: Send) -> None:
    """An answer that ends before it is complete, for which the server closes the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _discard(_: dict[str, Any]) -> None:
    pass


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _once(body: bytes, receive: Receive) -> Receive:
    """``receive`` as it was before the body was read."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> dict[str, Any]:
        return waiting.pop() if waiting else await receive()

    return again
