"""The Runtime API, tested with a minimal function."""

import sys
import textwrap

import pytest
from bench.processes import cpu_seconds, peak_rss_bytes
from bench.runtime_api import FunctionFailed, Sandbox

FUNCTION = """
    import json, os, urllib.request
    api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while True:
        with urllib.request.urlopen(f"{api}/next") as next_event:
            event, id = json.load(next_event), next_event.headers["Lambda-Runtime-Aws-Request-Id"]
        if event == "end":
            raise SystemExit
        sum(range(event.get("work", 0)))
        answer = "error" if event.get("fail") else "response"
        urllib.request.urlopen(f"{api}/{id}/{answer}", data=b"null").read()
"""


def sandbox() -> Sandbox:
    return Sandbox([sys.executable, "-c", textwrap.dedent(FUNCTION)], {"NO_PROXY": "127.0.0.1"})


def test_the_time_of_init_and_calls_and_their_cpu_time_are_measured() -> None:
    with sandbox() as function:
        assert function.init_seconds > 0
        before = cpu_seconds(function.pid)
        assert function.invoke({"work": 1_000_000}) > 0
        assert cpu_seconds(function.pid) - before > 0.001, "a million additions"
        assert function.invoke({}) > 0, "a second event is processed"
        assert peak_rss_bytes(function.pid) > 1_000_000


def test_an_error_of_the_function_is_raised() -> None:
    with sandbox() as function, pytest.raises(FunctionFailed, match="/error"):
        function.invoke({"fail": True})


def test_the_end_of_the_process_is_raised() -> None:
    with sandbox() as function, pytest.raises(FunctionFailed, match="ended"):
        function.invoke("end")
