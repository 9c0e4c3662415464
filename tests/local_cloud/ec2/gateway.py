"""The WSGI application around moto: control API, faults, call log, and one EC2 call at a time."""

import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from local_cloud.fault_rates import Codes, FaultRates
from local_cloud.faults import Fault, Faults
from local_cloud.killing import kill_function

from .api_call import ApiCall, read_call
from .authorization import questions
from .call_log import CallLog, error_code
from .control_api import PREFIX, ControlApi
from .throttling import Throttling
from .trust import Trust, account_of_role, is_off

StartResponse = Callable[..., Any]

NO_ANSWER = "NoAnswer"
"""In the call log, of a call whose connection was closed without an answer."""

# https://docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html,
# https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
CODES = {
    "ec2": Codes(("RequestLimitExceeded", 503), ("InternalError", 500)),
    "sts": Codes(("Throttling", 400), ("InternalFailure", 500)),
}


class Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status.split()[0])


class Gateway:
    def __init__(self, call_log: CallLog, trust: Trust) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._call_log = call_log
        self._trust = trust
        self._faults = Faults()
        self._rates = FaultRates()
        self._one_at_a_time = threading.RLock()  # moto has no locks
        self._throttling = Throttling()
        self._control = ControlApi(self._faults, self._rates, self._one_at_a_time, self._throttling)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(PREFIX):
            return self._control(environ, start_response)
        began, call = datetime.now(UTC), read_call(environ)
        with self._one_at_a_time:
            asked = questions(call)
        answer = self._answer(call, environ)
        self._call_log.write(call, began, asked, error_code(answer.code, answer.body) if answer else NO_ANSWER)
        if answer is None:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError  # For the server: there is nobody to answer.
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _answer(self, call: ApiCall, environ: dict[str, Any]) -> Answer | None:
        fault = self._faults.take(call)
        try:
            return self._disturbed(call, environ, fault or self._at_random(call))
        finally:
            if fault:
                self._faults.end()

    def _at_random(self, call: ApiCall) -> Fault | None:
        return self._rates.take(call.action, CODES[call.service]) if call.is_by_a_function and call.service in CODES else None

    def _disturbed(self, call: ApiCall, environ: dict[str, Any], fault: Fault | None) -> Answer | None:
        """None where the caller is to get no answer."""
        time.sleep(self._control.latency(call.region) + (fault.delay_before if fault else 0))
        with self._one_at_a_time:
            if self._throttling.refuses(call):
                return _error(call, 503, "RequestLimitExceeded", "Request limit exceeded.")
        if is_off(call):
            message = f"STS is not activated in this region for account:{account_of_role(call)}."
            return _error(call, 403, "RegionDisabledException", message)
        if refusal := self._trust.refusal(call):
            return _error(call, 403, "AccessDenied", refusal)
        if fault is None:
            return self._execute(call, environ)
        answer = self._execute(call, environ) if fault.executes else None
        if fault.kills:
            kill_function(environ["REMOTE_PORT"])
        time.sleep(fault.delay_after)
        if fault.disconnects:
            return None
        return _fault_answer(call, fault) if answer is None or fault.Code else answer

    def _execute(self, call: ApiCall, environ: dict[str, Any]) -> Answer:
        with self._one_at_a_time:
            try:
                body, status, headers = run_wsgi_app(self._moto, environ, buffered=True)  # type: ignore[arg-type]
                return Answer(status, list(headers), b"".join(body))
            except Exception as error:
                traceback.print_exc(file=sys.stderr)
                return _error(call, 500, "InternalError", f"{type(error).__name__}: {error}")


def _fault_answer(call: ApiCall, fault: Fault) -> Answer:
    assert fault.Code is not None
    return _error(call, fault.HttpStatus, fault.Code, fault.Message)


def _error(call: ApiCall, status: int, code: str, message: str) -> Answer:
    """An error in the service's own protocol: EC2's query protocol differs from that of STS.

    https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html, https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
    """
    error, request_id = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>", uuid4()
    if call.service == "sts":
        error = f"<Error><Type>Sender</Type>{error}</Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    else:
        body = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    content = f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode()
    headers = [("Content-Type", "text/xml"), ("Content-Length", str(len(content)))]
    return Answer(f"{status} Error", headers, content)
