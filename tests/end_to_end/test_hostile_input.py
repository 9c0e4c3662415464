"""Input that is far too long, or nests far too deep, is refused by name, in a few words and without a write."""

import json
from typing import Any

import pytest

from .clients import client
from .executions import Machine
from .grouping import Groups
from .network import HUB, Network, Vpc, request
from .runtime import printed

LEVELS = 200  # the functions' JSON parser reads 128
LONG = "x" * 200_000
CAUSE = 32_768  # https://docs.aws.amazon.com/step-functions/latest/dg/state-fail.html
SHORT = 8_000


def nested(levels: int = LEVELS) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def assert_short(machine: Machine, arn: str) -> None:
    cause = machine.client.describe_execution(executionArn=arn)["cause"]
    assert len(cause) < SHORT < CAUSE, f"{len(cause)} characters"


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")


OF_BOTH = {
    "an id": ({"VpcId": LONG}, "VpcId"),
    "a field that nests": ({"Colour": nested()}, "Colour"),
}
OF_PEERING = {
    "a tag's key": ({"Tags": {LONG: "a"}}, "Tags."),
    "a tag that nests": ({"Tags": {"team": nested()}}, "Tags.team"),
    "a selection that nests": ({"Routes": {"Tables": nested()}}, "Routes.Tables"),
    "tables": ({"Routes": {"Tables": [f"rtb-{number:08x}" for number in range(10_000)]}}, "Routes.Tables"),
}


@pytest.mark.parametrize(("fields", "field"), (OF_BOTH | OF_PEERING).values(), ids=OF_BOTH | OF_PEERING)
def test_the_peering_machine(network: Network, machine: Machine, pair: tuple[Vpc, Vpc], fields: dict[str, Any], field: str) -> None:
    with network.untouched(*pair):
        execution = machine.run(request(*pair) | fields).failed("InvalidRequest")
    assert execution.cause["Field"].startswith(field), execution.cause["Field"][:100]
    assert_short(machine, execution.arn)


@pytest.mark.parametrize(("fields", "field"), OF_BOTH.values(), ids=OF_BOTH)
def test_the_teardown_machine(
    network: Network, teardown: Machine, pair: tuple[Vpc, Vpc], fields: dict[str, Any], field: str
) -> None:
    vpc, peer = pair
    with network.untouched(*pair):
        execution = teardown.run(vpc.end() | peer.end("Peer") | fields).failed("InvalidRequest")
    assert execution.cause["Field"].startswith(field), execution.cause["Field"][:100]
    assert_short(teardown, execution.arn)


@pytest.mark.parametrize(
    "given",
    [{"Groups": [LONG]}, {"Colour": nested()}],
    ids=["a long name", "a field that nests"],
)
def test_the_groups_machine(groups: Groups, given: dict[str, Any]) -> None:
    execution = groups.machine.run(given).failed("InvalidRequest")
    assert_short(groups.machine, execution.arn)


@pytest.mark.parametrize(
    "payload",
    [nested(), {"Release": nested()}, {LONG: 1}],
    ids=["it nests", "a number that nests", "a long field"],
)
def test_the_sweep(environment: dict[str, str], payload: Any) -> None:
    name = environment["SWEEP_FUNCTION_NAME"]
    answer = client(environment, "lambda", HUB).invoke(FunctionName=name, Payload=json.dumps(payload))
    told = answer["Payload"].read()
    assert json.loads(told)["errorType"] == "InvalidRequest" and len(told) < SHORT, told[:500]


@pytest.mark.parametrize("detail", [nested(), {"VpcId": nested()}, {"VpcId": LONG}], ids=["it nests", "an id nests", "it is long"])
def test_an_event_that_requests_a_peering(environment: dict[str, str], detail: Any) -> None:
    """The function says so in its log, and has nothing to start."""
    event = {"id": "1", "source": "test", "detail-type": "VPC Peering Requested", "account": HUB, "detail": detail}
    [line] = printed(environment, "StartRequested", event)
    fields = json.loads(line)["fields"]
    assert fields["message"] == "a requested peering is not started"
    assert len(fields["invalid"]) < SHORT
