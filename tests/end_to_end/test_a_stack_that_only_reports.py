"""With the parameter `Mode` `report` nothing is written to EC2, from any entry point, and everything is told on the bus."""

import json
from collections.abc import Callable, Iterator

import pytest
from iam.evaluator import Evaluator
from iam.recorded import Permissions, Record

from .clients import client
from .installations import Installation, second, set_mode
from .listening import Listener
from .network import HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .sweeping import drift, started

PLANNED, REMOVAL_PLANNED, FAILED = "VPC Peering Planned", "VPC Peering Removal Planned", "VPC Peering Failed"


@pytest.fixture(scope="module")
def stack(environment: dict[str, str], evaluator: Evaluator) -> Iterator[Installation]:
    with second(environment, "report", Mode="report") as installation:
        evaluator.add(installation.evaluator)
        yield installation


@pytest.fixture
def events(environment: dict[str, str], stack: Installation) -> Iterator[Listener]:
    bus = {**environment, "EVENT_BUS_ARN": f"arn:aws:events:{THERE}:{HUB}:event-bus/isthmus"}
    listener = Listener(bus, {"source": ["isthmus"]}, THERE)
    yield listener
    listener.stop()


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def pair(network: Network, blocks: tuple[str, str] = ("10.1.0.0/16", "10.2.0.0/16")) -> tuple[Vpc, Vpc]:
    """A VPC of the hub and one of a member that consents."""
    vpc, peer = network.vpc(blocks[0], region=THERE), network.vpc(blocks[1], account=MEMBER)
    peer.tag(**{"report:accept": HUB})
    network.settle()
    return vpc, peer


def ask(vpc: Vpc, peer: Vpc) -> None:
    vpc.tag(**{"report:peer": f"{peer.id}@{peer.region}@{peer.account}"})


def test_an_execution_plans(network: Network, stack: Installation, events: Listener) -> None:
    vpc, peer = pair(network)
    with network.untouched(vpc, peer):
        execution = stack.machine.run(request(vpc, peer)).succeeded()
    assert execution.states == ["CreateRequest", "FollowPlan", "PeeringPlanned"]
    assert execution.output["Status"] == "planned" and execution.actions() == {"Created": 2}
    assert events.receive(PLANNED, vpc)["detail"] == execution.output
    assert stack.ledger.item(vpc, peer) == {} and vpc.connections() == []


def test_tags_and_the_sweep_plan_and_write_no_status(network: Network, stack: Installation, events: Listener) -> None:
    vpc, peer = pair(network)
    ask(vpc, peer)
    before = vpc.tags()
    event = events.receive(PLANNED, vpc)
    assert {event["detail"][end]["VpcId"] for end in ("Requester", "Accepter")} == {vpc.id, peer.id}
    with network.untouched(vpc, peer):
        answer = stack.sweep()
        assert drift(answer, vpc) == ["Missing"]
        [name] = started(answer, vpc)
        stack.machine.wait(stack.machine.executions(name)[0]).succeeded()
    assert vpc.tags() == before and vpc.connections() == []


def test_what_is_impossible_is_told_and_no_status_written(network: Network, stack: Installation, events: Listener) -> None:
    vpc, peer = pair(network, ("10.1.0.0/16", "10.1.128.0/17"))
    ask(vpc, peer)
    before = vpc.tags()
    assert events.receive(FAILED, vpc)["detail"]["error"] == "OverlappingCidrs"
    assert vpc.tags() == before


def test_an_event_of_a_member_plans(network: Network, environment: dict[str, str], stack: Installation, events: Listener) -> None:
    vpc, peer = pair(network)
    vpc.tag(**{"report:accept": MEMBER})
    network.settle()
    with network.untouched(vpc, peer):
        bus = f"arn:aws:events:{THERE}:{HUB}:event-bus/isthmus"
        entry = {"Source": "a.pipeline", "DetailType": "VPC Peering Requested", "EventBusName": bus}
        client(environment, "events", MEMBER, THERE).put_events(Entries=[{**entry, "Detail": json.dumps(request(peer, vpc))}])
        assert events.receive(PLANNED, vpc)["detail"]["Status"] == "planned"


@pytest.fixture
def switch(
    network: Network, environment: dict[str, str], evaluator: Evaluator, record: Record, permissions: Permissions
) -> Callable[[str], None]:
    """Changes the mode, once the calls of the one before have ended and are compared with its policies.

    What is called while the stack is updated is called by functions as they were, or as they are then.
    """

    def switch(mode: str) -> None:
        network.settle()
        assert permissions.violations(record.new_calls()) == []
        policies = set_mode(environment, mode)
        network.settle()
        meanwhile = record.new_calls()
        denied_before = permissions.violations(meanwhile)
        evaluator.add(policies)
        assert set(denied_before) & set(permissions.violations(meanwhile)) == set()

    return switch


def test_who_is_on_call_stops_everything(
    network: Network, stack: Installation, events: Listener, switch: Callable[[str], None]
) -> None:
    """The parameter is changed while a peering stands and drifts."""
    vpc, peer = pair(network)
    ask(vpc, peer)
    switch("apply")
    stack.sweep()
    wait_until(lambda: bool(vpc.connections("active")) and bool(vpc.status(peer, "report")), "it is peered")
    switch("report")
    [connection] = vpc.connections("active")
    pcx = connection["VpcPeeringConnectionId"]
    [(table, block, _)] = [route for route in vpc.routes_to(pcx)]
    vpc.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=block)
    with network.untouched(vpc, peer):
        answer = stack.sweep()
        assert drift(answer, vpc) == ["Routes"]
        stack.machine.wait(stack.machine.executions(started(answer, vpc)[0])[0]).succeeded()
        output = stack.teardown.run(vpc.end() | peer.end("Peer") | {"DryRun": True}).failed("StillTagged")
        assert "Publish" not in output.cause
    vpc.untag("report:peer")
    detail = events.receive(REMOVAL_PLANNED, vpc)["detail"]
    assert detail["Status"] == "planned" and detail["VpcPeeringConnectionId"] == pcx
    assert vpc.connections("active") and peer.routes_to(pcx)
    switch("apply")
    stack.sweep()
    wait_until(lambda: not vpc.connections(), "it is torn down")
