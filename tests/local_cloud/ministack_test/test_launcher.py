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
from local_cloud.environment import ACCOUNT, read_env_file
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
    yield tmp_path / "a cloud"  # With a space, as a user's directory may have.
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


def test_functions_end_even_when_ministack_was_killed(state: Path) -> None:
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
    outputs = {"EventBusArn": {"Value": {"Fn::GetAtt": ["Bus", "Arn"]}}, "StateMachineArn": {"Value": "arn:machine"}}
    stacks.create_stack(StackName="isthmus", TemplateBody=json.dumps({"Resources": {"Bus": bus}, "Outputs": outputs}))
    until(lambda: stacks.describe_stacks(StackName="isthmus")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    for _ in range(2):
        recorded = local_cloud("outputs", state, "--stack", "isthmus")
        assert recorded.returncode == 0, recorded.stderr
    variables = read_env_file(state)
    assert variables["STATE_MACHINE_ARN"] == "arn:machine"
    assert variables["EVENT_BUS_ARN"].endswith(":event-bus/isthmus")
    assert (state / "env").read_text().count("STATE_MACHINE_ARN") == 1


def test_a_taken_port_is_an_error(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = local_cloud("start", state, "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "cannot be used" in refused.stderr


def test_a_pid_that_belongs_to_somebody_else_is_left_alone(state: Path) -> None:
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
