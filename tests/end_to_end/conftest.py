"""One local cloud for each worker of the run, with the stack deployed by `sam deploy`. Every test creates its own VPCs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from iam.evaluator import Evaluator
from iam.recorded import Permissions, Record
from iam.report import USED
from local_cloud import function_calls
from local_cloud.deployed import REPOSITORY, deployed, variables
from local_cloud.ec2.state import UNDOCUMENTED

from .clients import RETRY_DELAYS, client
from .executions import Machine
from .faults.scenarios import Tools
from .grouping import Groups, unused_name
from .ledger import Ledger
from .listening import Listener
from .network import Network
from .program import Program
from .sweeping import Sweep
from .tagging import Peerings
from .vendors import in_a_vendor_s_account

DELAYS = {
    "pending_after": 0.06,
    "provisioning_for": 0.06,
    "visible_after": 0.06,
    "requester_visible_after": 0.04,
    "deleting_for": 0,
}
"""In seconds, as short as the delays of Step Functions before a retry: see `RETRY_DELAYS`."""
QUOTAS = {"peerings_per_vpc": 50, "routes_per_table": 500}
OUTSTANDING_REQUESTS = 25


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The running cloud's variables. `ISTHMUS_STATE` is the state directory of a cloud that is running already."""
    if running := os.environ.get("ISTHMUS_STATE"):
        yield variables(Path(running))
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with deployed(REPOSITORY / ".local" / "test" / worker) as environment:
        yield environment


@pytest.fixture(scope="session")
def shared_network(environment: dict[str, str]) -> Network:
    return Network(environment)


@pytest.fixture
def network(shared_network: Network) -> Network:
    """The local EC2, with faults, delays and quotas reset to their defaults. Step Functions retries sooner than on AWS."""
    reset(shared_network)
    shared_network.services.scale_retry_delays(RETRY_DELAYS)
    return shared_network


def reset(network: Network) -> None:
    network.control.clear_faults()
    network.control.set(**DELAYS, **UNDOCUMENTED, quotas=QUOTAS)
    network.control.set_latency(0)
    network.leave_outstanding_requests(OUTSTANDING_REQUESTS)
    network.control.disturb_events(drop=0, duplicate=0)
    network.services.clear_faults()


@pytest.fixture
def machine(network: Network, environment: dict[str, str]) -> Machine:
    return Machine(environment, environment["STATE_MACHINE_ARN"])


@pytest.fixture(autouse=True)
def an_hour_later(request: pytest.FixtureRequest) -> None:
    """What earlier tests took away by tags counts no more for the brake."""
    if "environment" in request.fixturenames:
        request.getfixturevalue("ledger").wait_an_hour()


@pytest.fixture
def teardown(network: Network, environment: dict[str, str]) -> Machine:
    return Machine(environment, environment["TEARDOWN_STATE_MACHINE_ARN"])


@pytest.fixture
def bus(environment: dict[str, str]) -> Iterator[Listener]:
    """What the stack publishes during the test."""
    listener = Listener(environment, {"source": ["isthmus"]})
    yield listener
    listener.stop()


@pytest.fixture
def isthmus(network: Network, environment: dict[str, str]) -> Program:
    return Program(environment)


@pytest.fixture
def tools(network: Network, ledger: Ledger, machine: Machine, teardown: Machine, groups: Groups, sweep: Sweep) -> Tools:
    """Of the scenarios in which faults are tried."""
    return Tools(network, ledger, machine, teardown, groups, sweep)


@pytest.fixture
def peerings(machine: Machine, teardown: Machine) -> Peerings:
    return Peerings(machine, teardown)


@pytest.fixture(scope="session")
def ledger(environment: dict[str, str]) -> Ledger:
    return Ledger(environment)


@pytest.fixture
def group() -> str:
    """The name of a group that no other test has."""
    return unused_name()


@pytest.fixture
def groups(network: Network, environment: dict[str, str]) -> Iterator[Groups]:
    groups = Groups(network, environment)
    yield groups
    groups.leave()


@pytest.fixture(scope="session")
def sweep(environment: dict[str, str]) -> Sweep:
    return Sweep(environment)


@pytest.fixture(scope="session")
def evaluator(environment: dict[str, str]) -> Evaluator:
    """The policies of the templates."""
    [stack] = client(environment, "cloudformation").describe_stacks(StackName="isthmus")["Stacks"]
    return Evaluator.of_templates(stack["StackId"], ledger=environment["LEDGER_TABLE_NAME"])


@pytest.fixture(scope="session")
def permissions(evaluator: Evaluator, pytestconfig: pytest.Config) -> Permissions:
    """Evaluates calls by the policies of the templates."""
    return Permissions(evaluator, pytestconfig.stash[USED])


@pytest.fixture(scope="session")
def record(environment: dict[str, str], permissions: Permissions) -> Iterator[Record]:
    """The functions' calls. Calls after the last test are evaluated at the end of the run."""
    log = Path(environment["LOCAL_CLOUD_CALL_LOG"])
    record = Record(log, log.with_name(function_calls.FILE))
    yield record
    assert permissions.violations(record.new_calls()) == []


@pytest.fixture(autouse=True)
def every_call_is_allowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """The local cloud authorizes every call; this fixture fails the test if a function's policy does not allow one of its calls,
    or if a function has made one in an external account.
    """
    if "environment" not in request.fixturenames:
        yield
        return
    record, permissions = request.getfixturevalue("record"), request.getfixturevalue("permissions")
    yield
    calls = record.new_calls()
    violations = permissions.violations(calls)
    assert violations == [], "\n".join(violations)
    assert [call for call in calls if in_a_vendor_s_account(call)] == []
