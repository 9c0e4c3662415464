"""One local cloud for each worker of the run, with the stack deployed by `sam deploy`; every test brings VPCs of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from iam.judge import Judge
from iam.recorded import Permissions, Record
from iam.report import USED
from local_cloud import function_calls
from local_cloud.deployed import REPOSITORY, deployed, variables

from .callers import client
from .executions import Machine
from .tagging import Peerings
from .world import World

CALM = {
    "pending_after": 0.3,
    "provisioning_for": 0.3,
    "visible_after": 0.3,
    "requester_visible_after": 0,
    "deleting_for": 0,
}
QUOTAS = {"peerings_per_vpc": 50, "outstanding_requests": 25, "routes_per_table": 500}


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The running cloud's variables. `ISTHMUS_STATE` names one that runs already, to test against it again and again."""
    if running := os.environ.get("ISTHMUS_STATE"):
        yield variables(Path(running))
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with deployed(REPOSITORY / ".local" / "test" / worker) as environment:
        yield environment


@pytest.fixture(scope="session")
def shared_world(environment: dict[str, str]) -> World:
    return World(environment)


@pytest.fixture
def world(shared_world: World) -> World:
    """The world, calm again whatever the last test did to it."""
    calm(shared_world)
    return shared_world


def calm(world: World) -> None:
    world.control.clear_faults()
    world.control.set(**CALM, quotas=QUOTAS)
    world.control.set_latency(0)
    world.control.disturb_events(drop=0, duplicate=0)


@pytest.fixture
def machine(world: World, environment: dict[str, str]) -> Machine:
    return Machine(environment, environment["STATE_MACHINE_ARN"])


@pytest.fixture
def teardown(world: World, environment: dict[str, str]) -> Machine:
    return Machine(environment, environment["TEARDOWN_STATE_MACHINE_ARN"])


@pytest.fixture
def peerings(machine: Machine, teardown: Machine) -> Peerings:
    return Peerings(machine, teardown)


@pytest.fixture(scope="session")
def permissions(environment: dict[str, str], pytestconfig: pytest.Config) -> Permissions:
    """By the policies of the templates, as this stack has them."""
    [stack] = client(environment, "cloudformation").describe_stacks(StackName="isthmus")["Stacks"]
    return Permissions(Judge.of_templates(stack["StackId"]), pytestconfig.stash[USED])


@pytest.fixture(scope="session")
def record(environment: dict[str, str], permissions: Permissions) -> Iterator[Record]:
    """The functions' calls. What they still do after the last test is judged at the very end."""
    log = Path(environment["LOCAL_CLOUD_CALL_LOG"])
    record = Record(log, log.with_name(function_calls.FILE))
    yield record
    assert permissions.violations(record.news()) == []


@pytest.fixture(autouse=True)
def every_call_is_allowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """The local cloud lets every call pass; here a call that the function's own policy forbids fails the test."""
    if "environment" not in request.fixturenames:
        yield
        return
    record, permissions = request.getfixturevalue("record"), request.getfixturevalue("permissions")
    yield
    violations = permissions.violations(record.news())
    assert violations == [], "\n".join(violations)
