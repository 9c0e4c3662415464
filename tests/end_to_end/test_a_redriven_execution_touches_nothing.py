"""A redriven execution resumes with what it knew when it ended, and without the pair: it must not touch anything.

MiniStack can't redrive an execution, so the functions are invoked with what the machine passed to them.
"""

import json
from typing import Any

import pytest

from .clients import client, function
from .executions import Machine
from .ledger import Ledger
from .network import MEMBER, NEVER, THERE, Network, Vpc, request

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
PEERING_STEPS = ("AcceptInPeerRegion", "UpdateRoutes")
TEARDOWN_STEPS = ("DeleteRoutes", "DeletePeering")


class Redriven:
    """Invokes the functions of an execution's states again, as the machine did."""

    def __init__(self, environment: dict[str, str], machine: Machine, arn: str) -> None:
        self._environment = environment
        self._client = client(environment, "lambda")
        described = machine.client.describe_execution(executionArn=arn)
        succeeded = [event["taskSucceededEventDetails"] for event in machine.history(arn) if event["type"] == "TaskSucceeded"]
        failure = {"State": "UpdateRoutes", "Error": {"Error": "States.Timeout"}}
        self.started = int(described["startDate"].timestamp() * 1000)
        self._task = {
            "Request": json.loads(described["input"]),
            "Execution": arn,
            "Attempt": 0,
            "Time": "2026-01-02T03:04:05.678Z",
            "Started": self.started,
            "Failure": failure,
            **{name: json.loads(succeeded[0]["output"])["Payload"].get(name) for name in ("Peering", "Teardown")},
        }

    def invoke(self, state: str, **changes: Any) -> tuple[str, dict[str, Any]]:
        """The name of the error, or none, and its cause or the answer."""
        name = function(self._environment, state)["FunctionName"]
        answer = self._client.invoke(FunctionName=name, Payload=json.dumps({**self._task, **changes}))
        result = json.load(answer["Payload"])
        return (result["errorType"], json.loads(result["errorMessage"])) if "FunctionError" in answer else ("", result)


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    network.remove_delays()
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)


def assert_busy(network: Network, ledger: Ledger, redriven: Redriven, pair: tuple[Vpc, Vpc], *states: str) -> None:
    before = ledger.item(*pair), pair[0].tags(), pair[1].tags()
    with network.untouched(*pair):
        for state in states:
            error, cause = redriven.invoke(state)
            assert (error, cause.get("Execution")) == ("PairBusy", before[0].get("Holder", "")), (state, cause)
        assert redriven.invoke("RollBack") == ("", {"RoutesDeleted": 0})
    assert (ledger.item(*pair), pair[0].tags(), pair[1].tags()) == before


def test_after_its_peering_was_torn_down(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    redriven = Redriven(environment, machine, machine.run(request(*pair)).succeeded().arn)
    teardown.run(pair[0].end() | pair[1].end("Peer")).succeeded()
    assert_busy(network, ledger, redriven, pair, *PEERING_STEPS)


def test_after_another_one_has_set_the_pair_up(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    """Its plan is narrower by now."""
    pair[0].table()
    redriven = Redriven(environment, machine, machine.run(request(*pair)).succeeded().arn)
    machine.run(request(*pair, Routes={"Tables": "main"})).succeeded()
    assert_busy(network, ledger, redriven, pair, *PEERING_STEPS)


def test_while_another_one_works_on_the_pair(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    redriven = Redriven(environment, machine, machine.run(request(*pair)).succeeded().arn)
    teardown.run(pair[0].end() | pair[1].end("Peer")).succeeded()
    network.control.set(provisioning_for=NEVER)
    holder = machine.start(request(*pair))
    machine.reaches(holder, "WaitActive")
    before = ledger.item(*pair)
    for state in PEERING_STEPS:
        error, cause = redriven.invoke(state)
        assert (error, cause["Execution"]) == ("PairBusy", holder)
    assert ledger.item(*pair) == before
    network.control.advance(NEVER)
    machine.wait(holder).succeeded()


@pytest.mark.parametrize("action", ["AcceptVpcPeeringConnection", "CreateRoute"])
def test_after_its_own_failure(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], action: str
) -> None:
    """It was rolled back, so there is nothing that it could go on with."""
    network.control.plant_faults({"Action": action, "Code": "UnauthorizedOperation", "HttpStatus": 403})
    failed = machine.run(request(*pair)).failed("AccessDenied")
    redriven = Redriven(environment, machine, failed.arn)
    states = [state for state in PEERING_STEPS if state in failed.states]
    assert_busy(network, ledger, redriven, pair, *states)


def test_its_own_success_is_answered_again_and_nothing_is_touched(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    """As after a call whose answer was lost."""
    execution = machine.run(request(*pair)).succeeded()
    redriven, before = Redriven(environment, machine, execution.arn), ledger.item(*pair)
    with network.untouched(*pair):
        error, answer = redriven.invoke("UpdateRoutes")
    assert (error, answer["Output"]) == ("", execution.output)
    assert ledger.item(*pair) == before


def test_a_teardown_after_the_pair_was_peered_again(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    machine.run(request(*pair)).succeeded()
    removal = teardown.run(pair[0].end() | pair[1].end("Peer")).succeeded()
    machine.run(request(*pair)).succeeded()
    assert_busy(network, ledger, Redriven(environment, teardown, removal.arn), pair, *TEARDOWN_STEPS)


def test_past_ninety_minutes_no_step_goes_on(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    """Even that of an execution that holds the pair: the rest of the machine's two hours is for undoing."""
    network.control.set(provisioning_for=NEVER)
    arn = machine.start(request(*pair))
    machine.reaches(arn, "WaitActive")
    running, before = Redriven(environment, machine, arn), ledger.item(*pair)
    with network.calls() as calls:
        for state in ("CreateRequest", "AcceptInPeerRegion", "WaitActive", "UpdateRoutes"):
            error, cause = running.invoke(state, Started=running.started - 90 * 60 * 1000)
            assert (error, cause["Action"], cause["Code"]) == ("ServiceFault", state, "States.Timeout")
    assert calls.writes() == [] and ledger.item(*pair) == before
    network.control.advance(NEVER)
    machine.wait(arn).succeeded()
