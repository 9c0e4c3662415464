"""Lambda's Runtime API for one process: starts it, waits for its first request, sends events, receives responses.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import os
import selectors
import signal
import socket
import time
import uuid
from typing import Any

from bench.http1 import Request, answer, read

TIMEOUT = 60  # seconds
NEXT = "/2018-06-01/runtime/invocation/next"


class FunctionFailed(Exception):
    """The function reported an error, or its process ended."""


class Sandbox:
    """The process of one function, with its Runtime API."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._waiting: socket.socket | None = None
        self._has_ended = False
        self.answer: Any = None  # what the last invocation returned
        api = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}"}
        quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        began = time.perf_counter()
        self.pid = os.posix_spawn(command[0], command, environment | api, file_actions=quiet)
        self._wait_for_next()
        self.init_seconds = time.perf_counter() - began

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: Any) -> None:
        if not self._has_ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def invoke(self, event: Any) -> float:
        """The seconds from the event to the response."""
        assert self._waiting is not None
        body, began = json.dumps(event).encode(), time.perf_counter()
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 60) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:bench",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        }
        answer(self._waiting, "200 OK", body, headers)
        self._waiting = None
        request = self._next_request()
        seconds = time.perf_counter() - began
        answer(request.connection, "202 Accepted", b'{"status":"OK"}', {"Content-Type": "application/json"})
        if not request.path.endswith("/response"):
            raise FunctionFailed(f"{request.path}: {request.body.decode(errors='replace')}")
        self.answer = json.loads(request.body)
        self._wait_for_next()
        return seconds

    def _wait_for_next(self) -> None:
        request = self._next_request()
        if request.path != NEXT:
            raise FunctionFailed(f"{request.path}: {request.body.decode(errors='replace')}")
        self._waiting = request.connection

    def _next_request(self) -> Request:
        """The next complete request on any connection."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            for key, _ in self._selector.select(timeout=1):
                if key.fileobj is self._listener:
                    connection, _ = self._listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._selector.register(connection, selectors.EVENT_READ)
                elif request := read(key.fileobj):  # type: ignore[arg-type]
                    return request
                else:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                self._has_ended = True
                raise FunctionFailed("the process ended")
        raise FunctionFailed(f"no request of the process for {TIMEOUT} s")
