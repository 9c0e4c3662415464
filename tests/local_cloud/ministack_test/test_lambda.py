"""Functions of a custom runtime, like our compiled ones."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_cloud.environment import ACCOUNT
from local_cloud.ministack_test.cloud import Cloud, invoke_task, jsonata, unique, until


def error_of(cloud: Cloud, function: str) -> tuple[str, dict]:
    closed = cloud.run(jsonata({"Task": invoke_task(function)}))
    return closed["error"], json.loads(closed["cause"])


def test_a_function_times_out(cloud: Cloud) -> None:
    function = cloud.create_function("import time\ndef handle(event, context): time.sleep(5)", Timeout=1)
    error, cause = error_of(cloud, function)
    assert error == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in cause["errorMessage"]


def test_a_process_that_exits_is_an_exit_error(cloud: Cloud) -> None:
    function = cloud.create_function("import os\ndef handle(event, context): os._exit(3)")
    assert error_of(cloud, function)[0] == "Runtime.ExitError"


def test_a_process_that_exits_during_init_is_an_exit_error(cloud: Cloud) -> None:
    function = cloud.create_function("import os\nos._exit(3)")
    assert error_of(cloud, function)[0] == "Runtime.ExitError"


def test_an_error_reported_during_init_keeps_its_type(cloud: Cloud) -> None:
    function = cloud.create_function(
        "import json, os, urllib.request\n"
        "url = f\"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/init/error\"\n"
        'error = json.dumps({"errorType": "Config.Missing", "errorMessage": "no role"}).encode()\n'
        "urllib.request.urlopen(urllib.request.Request(url, data=error)).read()\n"
        "import time; time.sleep(5)"
    )
    error, cause = error_of(cloud, function)
    assert (error, cause["errorMessage"]) == ("Config.Missing", "no role")


def test_a_process_is_used_again_after_an_error(cloud: Cloud) -> None:
    function = cloud.create_function(
        'import os\ndef handle(event, context):\n  if event.get("fail"): raise ValueError("x")\n  return os.getpid()'
    )
    first = cloud.invoke(function)
    assert cloud.invoke(function, {"fail": True})["errorType"] == "ValueError"
    assert cloud.invoke(function) == first


def test_the_functions_environment_and_deadline(cloud: Cloud) -> None:
    function = cloud.create_function(
        "import os\ndef handle(event, context):\n"
        "  return {'environment': dict(os.environ), 'deadline': context['Lambda-Runtime-Deadline-Ms'],\n"
        "          'arn': context['Lambda-Runtime-Invoked-Function-Arn']}",
        Timeout=7,
        Environment={"Variables": {"TAG_PREFIX": "isthmus"}},
    )
    before = time.time()
    answer = cloud.invoke(function)
    assert before + 7 <= int(answer["deadline"]) / 1000 + 0.001 and int(answer["deadline"]) / 1000 <= time.time() + 7
    assert answer["arn"].endswith(f":function:{function}")
    variables = answer["environment"]
    assert variables["TAG_PREFIX"] == "isthmus"
    assert variables["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert variables["AWS_REGION"] == "us-east-1"
    assert variables["AWS_SESSION_TOKEN"] == f"arn:aws:iam::{ACCOUNT}:role/any", "it acts as its role"


def test_twenty_invocations_run_at_once(cloud: Cloud, tmp_path: Path) -> None:
    """Each invocation waits for all others."""
    function = cloud.create_function(
        "import os, pathlib, time\ndef handle(event, context):\n"
        "  folder = pathlib.Path(event['folder'])\n"
        "  (folder / str(os.getpid())).touch()\n"
        "  while len(list(folder.iterdir())) < 20: time.sleep(0.05)\n"
        "  return os.getpid()",
        Timeout=60,
    )
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: cloud.invoke(function, {"folder": str(tmp_path)}), range(20)))
    assert {str(answer) for answer in answers} == {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("level", ["INFO", "WARN", "ERROR"])
def test_lines_below_the_level_are_not_kept(cloud: Cloud, level: str) -> None:
    """A line without a level, or without a time as in RFC 3339, counts as INFO."""
    group, time = unique("/logs"), "2026-11-26T12:00:00.123456Z"
    lines = [
        {"name": "warning", "level": "WARN", "timestamp": time},
        {"name": "error", "level": "ERROR", "timestamp": time},
        {"name": "information", "level": "INFO", "timestamp": time},
        {"name": "error without a time", "level": "ERROR"},
        {"name": "error of another time", "level": "ERROR", "timestamp": "Thursday"},
        {"name": "no level", "timestamp": time},
    ]
    texts = [json.dumps(line) for line in lines]
    function = cloud.create_function(
        f"def handle(event, context):\n  for line in {texts!r}: print(line, flush=True)",
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": level, "LogGroup": group},
    )
    cloud.invoke(function)
    kept = {"INFO": {line["name"] for line in lines}, "WARN": {"warning", "error"}, "ERROR": {"error"}}[level]
    logs = cloud.client("logs")
    until(lambda: logs.filter_log_events(logGroupName=group)["events"])
    messages = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert {json.loads(message)["name"] for message in messages if message.startswith("{")} == kept
