"""One local cloud for the whole run, with the stack deployed by `sam deploy`; every test brings VPCs of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .executions import Machine
from .world import World

REPOSITORY = Path(__file__).resolve().parents[2]
CALM = {"pending_after": 0.3, "provisioning_for": 0.3, "visible_after": 0.3, "requester_visible_after": 0, "deleting_for": 0}
QUOTAS = {"peerings_per_vpc": 50, "outstanding_requests": 25, "routes_per_table": 500}


def _environment_of(state: Path) -> dict[str, str]:
    lines = (state / "env").read_text().splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The running cloud's variables. `ISTHMUS_STATE` names one that runs already, to test against it again and again."""
    if running := os.environ.get("ISTHMUS_STATE"):
        yield _environment_of(Path(running))
        return
    state = REPOSITORY / ".local" / "test"
    module = [sys.executable, "-m", "local_cloud"]
    run = {"cwd": REPOSITORY, "check": True, "env": {**os.environ, "PYTHONPATH": "tests"}}
    subprocess.run([*module, "stop", "--state", state], **run)
    subprocess.run([*module, "start", "--state", state], **run)
    try:
        subprocess.run(["make", "local-deploy", f"STATE={state}"], cwd=REPOSITORY, check=True)
        subprocess.run([*module, "outputs", "--state", state], **run)
        yield _environment_of(state)
    finally:
        subprocess.run([*module, "stop", "--state", state], **run)


@pytest.fixture(scope="session")
def shared_world(environment: dict[str, str]) -> World:
    return World(environment)


@pytest.fixture
def world(shared_world: World) -> World:
    """The world, calm again whatever the last test did to it."""
    shared_world.control.clear_faults()
    shared_world.control.set(**CALM, quotas=QUOTAS)
    shared_world.control.set_latency(0)
    shared_world.control.disturb_events(drop=0, duplicate=0)
    return shared_world


@pytest.fixture
def machine(world: World, environment: dict[str, str]) -> Machine:
    return Machine(environment, environment["STATE_MACHINE_ARN"])
