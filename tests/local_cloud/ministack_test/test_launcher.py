"""Starting, stopping and describing a whole cloud from the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud import processes
from local_cloud.environment import ACCOUNT, read_env_file, write_env_file
from local_cloud.ministack_test.cloud import Cloud, until


def local_cloud(command: str, state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local_cloud", command, "--state", str(state), *arguments],
        capture_output=True,
        text=True,
        timeout=90,
    )


def is_alive(pid: int) -> bool:
    return processes.group_of(pid) is not None


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "a cloud"  # With a space, because a user's directory may have one.
    local_cloud("stop", tmp_path / "a cloud")


def test_a_cloud_from_start_to_stop(state: Path) -> None:
    assert local_cloud("status", state).returncode == 3
    first = local_cloud("start", state)
    assert first.returncode == 0, first.stderr
    assert local_cloud("status", state).returncode == 0
    pids = {path.name: path.read_text() for path in state.glob("*.pid")}

    again = local_cloud("start", state)
    assert (again.returncode, "already running" in again.stdout) == (0, True)
    assert {path.name: path.read_text() for path in state.glob("*.pid")} == pids

    variables = read_env_file(state)
    assert variables["AWS_ACCESS_KEY_ID"] == ACCOUNT
    function = running_function(Cloud(variables["AWS_ENDPOINT_URL"]))

    assert local_cloud("stop", state).returncode == 0
    assert not any(is_alive(pid) for pid in [function, *map(int, pids.values())])
    assert not list(state.glob("*.pid"))
    assert local_cloud("stop", state).returncode == 0


def test_functions_end_even_if_ministack_was_killed(state: Path) -> None:
    assert local_cloud("start", state).returncode == 0
    function = running_function(Cloud(read_env_file(state)["AWS_ENDPOINT_URL"]))
    server = int((state / "ministack.pid").read_text())
    os.kill(server, signal.SIGKILL)
    until(lambda: local_cloud("status", state).returncode == 3)
    local_cloud("stop", state)
    until(lambda: not is_alive(function))


def test_the_outputs_of_a_stack_are_recorded_once(state: Path) -> None:
    assert local_cloud("start", state).returncode == 0
    stacks = Cloud(read_env_file(state)["AWS_ENDPOINT_URL"]).client("cloudformation")
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "isthmus"}}
    outputs = {
        "EventBusArn": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}},
        "StateMachineArn": {"Value": "arn:machine"},
        "SweepFunctionName": {"Value": "isthmus-sweep"},
        "AnotherOutput": {"Value": "not recorded"},
    }
    stacks.create_stack(StackName="isthmus", TemplateBody=json.dumps({"Resources": {"Bus": bus}, "Outputs": outputs}))
    until(lambda: stacks.describe_stacks(StackName="isthmus")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    for _ in range(2):
        recorded = local_cloud("outputs", state, "--stack", "isthmus")
        assert recorded.returncode == 0, recorded.stderr
    variables = read_env_file(state)
    assert variables["STATE_MACHINE_ARN"] == "arn:machine"
    assert variables["EVENT_BUS_ARN"].endswith(":event-bus/isthmus")
    assert variables["SWEEP_FUNCTION_NAME"] == "isthmus-sweep"
    assert "not recorded" not in variables.values() and "TOPOLOGY_FUNCTION_NAME" not in variables
    assert (state / "env").read_text().count("STATE_MACHINE_ARN") == 1


def test_the_env_file_defines_as_account(state: Path) -> None:
    state.mkdir()
    write_env_file(state, {"AWS_ACCESS_KEY_ID": ACCOUNT, "WITH_SPACES": "a b='c'"})
    assert read_env_file(state) == {"AWS_ACCESS_KEY_ID": ACCOUNT, "WITH_SPACES": "a b='c'"}

    def run(command: str) -> subprocess.CompletedProcess[str]:
        script = ["/bin/sh", "-c", f'. "$0/env"; {command}', str(state)]
        return subprocess.run(script, env={**os.environ, "AWS_SESSION_TOKEN": "real"}, capture_output=True, text=True)

    inside = run("as_account 222222222222 env; exit $?").stdout.splitlines()
    assert "AWS_ACCESS_KEY_ID=222222222222" in inside and "WITH_SPACES=a b='c'" in inside
    assert not [line for line in inside if line.startswith("AWS_SESSION_TOKEN=")]
    assert run("as_account 222222222222 true; echo $AWS_ACCESS_KEY_ID").stdout == f"{ACCOUNT}\n"
    assert run("as_account 222222222222 sh -c 'exit 7'").returncode == 7
    for wrong in ("22222222222 env", "vpc-123456789 env", "222222222222", ""):
        refused = run(f"as_account {wrong}")
        assert (refused.returncode, refused.stdout, "usage:" in refused.stderr) == (2, "", True)


OTHER_EC2 = """
import http.server, sys, time
print("events go to", sys.argv[2], flush=True)
time.sleep(0.5)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def test_another_ec2_can_take_the_place_of_ours(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ec2.py").write_text(OTHER_EC2)
    command = f"{sys.executable} '{tmp_path}/ec2.py' {{port}} {{events_url}}"
    monkeypatch.setenv("LOCAL_EC2_COMMAND", command)
    started = local_cloud("start", state)
    assert started.returncode == 0, started.stderr
    variables, ec2 = read_env_file(state), int((state / "ec2.pid").read_text())
    assert variables["AWS_ENDPOINT_URL_EC2"] == variables["AWS_ENDPOINT_URL_STS"]
    with socket.create_connection(("127.0.0.1", int(variables["AWS_ENDPOINT_URL_EC2"].rpartition(":")[2]))):
        pass
    events_url = f"{variables['AWS_ENDPOINT_URL']}/_local_cloud/events"
    assert (state / "logs" / "ec2.log").read_text().startswith(f"events go to {events_url}\n")
    assert Path(variables["LOCAL_CLOUD_CALL_LOG"]).read_text() == ""
    assert local_cloud("status", state).returncode == 0
    assert local_cloud("stop", state).returncode == 0
    assert not is_alive(ec2)


def test_another_ec2_that_does_not_start_is_an_error(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_EC2_COMMAND", "echo no such emulator; exit 4")
    refused = local_cloud("start", state)
    assert refused.returncode == 1
    assert "ec2 ended with status 4" in refused.stderr and "no such emulator" in refused.stderr
    assert not list(state.glob("*.pid"))


def test_a_sweep_needs_a_deployed_stack(state: Path) -> None:
    refused = local_cloud("sweep", state)
    assert (refused.returncode, "make local-up" in refused.stderr) == (1, True)


def test_a_taken_port_is_an_error(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = local_cloud("start", state, "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "cannot be used" in refused.stderr


def test_the_process_of_another_program_is_not_ended(state: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        state.mkdir()
        (state / "ministack.pid").write_text(str(other.pid))
        assert local_cloud("stop", state).returncode == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def running_function(cloud: Cloud) -> int:
    """The process id of a function that waits for its next event."""
    return cloud.invoke(cloud.create_function("import os\ndef handle(event, context): return os.getpid()"))
