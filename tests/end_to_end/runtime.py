"""Runs one function outside the local cloud: its `bootstrap` with one event. Returns what it printed, which Lambda would log."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_cloud.deployed import REPOSITORY

from .clients import function


class _RuntimeApi(ThreadingHTTPServer):
    """Lambda's Runtime API: serves one event and accepts its response.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    daemon_threads = True

    def __init__(self, event: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events = [json.dumps(event).encode()]
        self.responded = threading.Event()
        self.closing = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _RuntimeApi

    def do_GET(self) -> None:
        if not self.server.events:
            self.server.closing.wait()  # the function asks for the next event: there is none
            return
        event = self.server.events.pop()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000001")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 60) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:test")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.responded.set()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _serving(event: Any) -> Iterator[_RuntimeApi]:
    with _RuntimeApi(event) as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        try:
            yield api
        finally:
            api.closing.set()
            api.shutdown()


def printed(environment: dict[str, str], resource: str, event: Any, **changed: str) -> list[str]:
    """The lines that a function of the stack prints for an event, run with the function's own environment variables, of which
    some may be changed. It responds, or ends.
    """
    deployed = function(environment, resource)
    folder = "".join(f"-{c.lower()}" if c.isupper() else c for c in resource).removeprefix("-")
    with _serving(event) as api:
        variables = {
            "PATH": os.environ["PATH"],
            **environment,
            **deployed["Environment"]["Variables"],
            "AWS_SESSION_TOKEN": deployed["Role"],  # the local EC2 reads the caller from it
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": deployed["FunctionName"],
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": deployed["LoggingConfig"]["LogGroup"],
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
            # Lambda derives these two from the function's LoggingConfig.
            "AWS_LAMBDA_LOG_FORMAT": deployed["LoggingConfig"]["LogFormat"],
            "AWS_LAMBDA_LOG_LEVEL": deployed["LoggingConfig"]["ApplicationLogLevel"],
            **changed,
        }
        bootstrap = REPOSITORY / "target" / "lambda" / folder / "bootstrap"
        process = subprocess.Popen([bootstrap], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            deadline = time.monotonic() + 60
            while not api.responded.wait(0.1) and process.poll() is None:
                assert time.monotonic() < deadline, f"{resource} did not respond"
        finally:
            process.terminate()
        out, _ = process.communicate(timeout=60)
    return [line for line in out.split("\n") if line]
