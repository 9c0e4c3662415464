"""An execution that is aborted or times out half-way runs no Catch. `<stack>-clean-up` undoes what it did, and reports it.

A function that the execution invoked may go on for a minute, so nothing happens for 75 seconds, which the local cloud shortens
as soon as no function is running any more. The cases wait for that together.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from .clients import client
from .conftest import reset
from .executions import Machine
from .ledger import Ledger, routes_in
from .listening import Listener
from .network import HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, started

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
PATIENCE = 75  # seconds for which the functions of a dead execution may still write
FIELDS = {"Tags": {"team": "payments"}}


@dataclass
class Interrupted:
    """One execution that ended without a Catch, and the pair that it worked on."""

    vpc: Vpc
    peer: Vpc
    before: list[dict[str, Any]]
    arn: str
    held: dict[str, Any] = field(default_factory=dict)
    """The item right after the end."""


class Interrupter:
    """Starts executions and ends them half-way, each on a pair of its own."""

    def __init__(self, environment: dict[str, str], network: Network, ledger: Ledger) -> None:
        self.environment, self.network, self.ledger = environment, network, ledger
        self.machine = Machine(environment, environment["STATE_MACHINE_ARN"])
        self.teardown = Machine(environment, environment["TEARDOWN_STATE_MACHINE_ARN"])
        self.clean_up = Machine(environment, environment["STATE_MACHINE_ARN"].removesuffix("-peering") + "-clean-up")
        self._events = client(environment, "events")

    def pair(self, tables: int = 0) -> tuple[Vpc, Vpc]:
        vpc, peer = self.network.vpc(BLOCK), self.network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
        for _ in range(tables):
            vpc.table(), peer.table()
        return vpc, peer

    def abort(self, arn: str, vpc: Vpc, peer: Vpc, before: list[dict[str, Any]]) -> Interrupted:
        self.machine.client.stop_execution(executionArn=arn)
        return Interrupted(vpc, peer, before, arn, self.ledger.item(vpc, peer))

    @contextmanager
    def without_events(self) -> Iterator[None]:
        """No execution's end in this block is an event."""
        [rule] = [each["Name"] for each in self._events.list_rules()["Rules"] if "CleanUp" in each["Name"]]
        self._events.disable_rule(Name=rule)
        try:
            yield
        finally:
            self._events.enable_rule(Name=rule)

    @contextmanager
    def timing_out_after(self, seconds: int) -> Iterator[None]:
        """Executions that start in this block time out after that long."""
        described = self.machine.client.describe_state_machine(stateMachineArn=self.machine.arn)
        shorter = {**json.loads(described["definition"]), "TimeoutSeconds": seconds}
        self.machine.client.update_state_machine(stateMachineArn=self.machine.arn, definition=json.dumps(shorter))
        try:
            yield
        finally:
            self.machine.client.update_state_machine(stateMachineArn=self.machine.arn, definition=described["definition"])

    def clean_ups(self, death: Interrupted) -> list[dict[str, Any]]:
        """The ended executions of the clean-up machine about that execution."""
        pages = self.machine.client.get_paginator("list_executions").paginate(stateMachineArn=self.clean_up.arn)
        arns = [each["executionArn"] for page in pages for each in page["executions"]]
        described = [self.machine.client.describe_execution(executionArn=arn) for arn in arns]
        return [each for each in described if death.arn in each["input"]]


def while_waiting(interrupter: Interrupter, **fields: Any) -> Interrupted:
    """In WaitActive: the connection is made and accepted."""
    interrupter.network.control.set(provisioning_for=NEVER)
    vpc, peer = interrupter.pair()
    before = [vpc.tables(), peer.tables()]
    arn = interrupter.machine.start(request(vpc, peer, **fields))
    interrupter.machine.reaches(arn, "WaitActive")
    return interrupter.abort(arn, vpc, peer, before)


def started_by_a_tag(interrupter: Interrupter) -> Interrupted:
    interrupter.network.control.set(provisioning_for=NEVER)
    vpc, peer = interrupter.pair()
    before = [vpc.tables(), peer.tables()]
    vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")
    wait_until(lambda: bool(interrupter.machine.executions(f"{vpc.id}_{peer.id}")), "the tag has started it")
    [arn] = interrupter.machine.executions(f"{vpc.id}_{peer.id}")
    interrupter.machine.reaches(arn, "WaitActive")
    return interrupter.abort(arn, vpc, peer, before)


def before_it_is_accepted(interrupter: Interrupter) -> Interrupted:
    interrupter.network.control.set(visible_after=NEVER)
    vpc, peer = interrupter.pair()
    before = [vpc.tables(), peer.tables()]
    arn = interrupter.machine.start(request(vpc, peer))
    interrupter.machine.reaches(arn, "AcceptInPeerRegion")
    interrupter.network.control.set(visible_after=0)
    return interrupter.abort(arn, vpc, peer, before)


def while_its_connection_is_made(interrupter: Interrupter) -> Interrupted:
    """Its function goes on: EC2 makes the connection after the execution has ended, and the ledger knows no id."""
    vpc, peer = interrupter.pair()
    before = [vpc.tables(), peer.tables()]
    interrupter.network.control.plant_faults({"Action": "CreateVpcPeeringConnection", "DelaySeconds": 4})
    arn = interrupter.machine.start(request(vpc, peer))
    wait_until(lambda: interrupter.network.control.faults()["Struck"] == 1, "the connection is being made")
    death = interrupter.abort(arn, vpc, peer, before)
    assert vpc.connections() == []
    wait_until(lambda: bool(vpc.connections()), "the connection is made all the same")
    return death


def while_its_routes_are_written(interrupter: Interrupter) -> Interrupted:
    """Between two calls of UpdateRoutes: one table is throttled, the others have their routes."""
    interrupter.network.control.set(provisioning_for=0)
    vpc, peer = interrupter.pair(tables=4)
    before = [vpc.tables(), peer.tables()]
    return with_one_table_throttled(interrupter, vpc, peer, before, 9)


def while_more_routes_are_written(interrupter: Interrupter) -> Interrupted:
    """Of a peering that was there before: what stood stays."""
    interrupter.network.control.set(provisioning_for=0)
    vpc, peer = interrupter.pair()
    interrupter.machine.run(request(vpc, peer)).succeeded()
    for _ in range(3):
        vpc.table(), peer.table()
    return with_one_table_throttled(interrupter, vpc, peer, [vpc.tables(), peer.tables()], 7)


def with_one_table_throttled(
    interrupter: Interrupter, vpc: Vpc, peer: Vpc, before: list[dict[str, Any]], routes: int
) -> Interrupted:
    """Once as many routes are written as there will be."""
    [throttled] = [table for table in list(vpc.tables())[-1:]]
    fault = {"Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 999, "Match": {"RouteTableId": throttled}}
    interrupter.network.control.plant_faults({"Action": "CreateRoute", **fault})
    arn = interrupter.machine.start(request(vpc, peer))
    wait_until(lambda: "ServiceFault" in dict(interrupter.machine.failed_tries(arn)), "nothing but the throttled table is left")
    death = interrupter.abort(arn, vpc, peer, before)
    [connection] = vpc.connections("active")
    pcx = connection["VpcPeeringConnectionId"]
    assert len(vpc.routes_to(pcx) | peer.routes_to(pcx)) == routes
    return death


def during_a_teardown(interrupter: Interrupter) -> Interrupted:
    """Its routes are deleted, the connection is not."""
    interrupter.network.control.set(provisioning_for=0)
    vpc, peer = interrupter.pair()
    before = [vpc.tables(), peer.tables()]
    pcx = interrupter.machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    fault = {"Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 999, "Match": {"VpcPeeringConnectionId": pcx}}
    interrupter.network.control.plant_faults({"Action": "DeleteVpcPeeringConnection", **fault})
    arn = interrupter.teardown.start(vpc.end() | peer.end("Peer"))
    wait_until(lambda: bool(interrupter.teardown.failed_tries(arn)), "the connection could not be deleted")
    return interrupter.abort(arn, vpc, peer, before)


def timed_out(interrupter: Interrupter) -> Interrupted:
    interrupter.network.control.set(provisioning_for=NEVER)
    vpc, peer = interrupter.pair()
    before = [vpc.tables(), peer.tables()]
    with interrupter.timing_out_after(6):
        arn = interrupter.machine.start(request(vpc, peer, **FIELDS))
        interrupter.machine.reaches(arn, "WaitActive")
        assert interrupter.machine.wait(arn).status == "TIMED_OUT"
    return Interrupted(vpc, peer, before, arn, interrupter.ledger.item(vpc, peer))


def whose_event_is_lost(interrupter: Interrupter) -> Interrupted:
    with interrupter.without_events():
        return while_waiting(interrupter)


CASES: dict[str, Callable[[Interrupter], Interrupted]] = {
    case.__name__.replace("_", " "): case
    for case in (
        while_waiting,
        started_by_a_tag,
        before_it_is_accepted,
        while_its_connection_is_made,
        while_its_routes_are_written,
        while_more_routes_are_written,
        during_a_teardown,
        timed_out,
    )
}
NEW_PEERINGS = [name for name in CASES if name not in ("while more routes are written", "during a teardown")]


@pytest.fixture(scope="module")
def interrupter(environment: dict[str, str], shared_network: Network, ledger: Ledger) -> Interrupter:
    return Interrupter(environment, shared_network, ledger)


@pytest.fixture(scope="module")
def failures(environment: dict[str, str]) -> Iterator[Listener]:
    listener = Listener(environment, {"source": ["isthmus"], "detail-type": ["VPC Peering Failed"]})
    yield listener
    listener.stop()


@pytest.fixture(scope="module")
def interrupted(interrupter: Interrupter, failures: Listener) -> dict[str, Interrupted]:
    """Every case, each cleaned up after."""
    reset(interrupter.network)
    interrupter.network.remove_delays()
    found = {name: case(interrupter) for name, case in CASES.items()}
    interrupter.network.control.set(provisioning_for=0)
    interrupter.network.control.advance(NEVER)
    for name, death in found.items():
        wait_until(lambda: any(each["status"] != "RUNNING" for each in interrupter.clean_ups(death)), f"{name}: cleaned up")  # noqa: B023
    interrupter.network.control.clear_faults()
    with interrupter.without_events():
        taken_over = while_waiting(interrupter)
    successor = interrupter.machine.start(request(taken_over.peer, taken_over.vpc))
    wait_until(lambda: bool(interrupter.machine.failed_tries(successor)), "the successor waits")
    interrupter.network.control.set(provisioning_for=0)
    interrupter.network.control.advance(NEVER)
    interrupter.network.services.advance(PATIENCE)
    return found | {"taken over": Interrupted(taken_over.vpc, taken_over.peer, taken_over.before, successor, taken_over.held)}


@pytest.mark.parametrize("case", CASES)
def test_it_held_the_pair_when_it_died_and_does_not_now(interrupted: dict[str, Interrupted], ledger: Ledger, case: str) -> None:
    death = interrupted[case]
    assert death.held["Holder"] == death.arn and death.arn in death.held["Makers"]
    item = ledger.assert_free(death.vpc, death.peer)
    assert item["Outcome"]["Error"] == "ServiceFault"


@pytest.mark.parametrize("case", NEW_PEERINGS)
def test_nothing_is_left_of_a_new_peering(interrupted: dict[str, Interrupted], ledger: Ledger, case: str) -> None:
    death = interrupted[case]
    assert [death.vpc.tables(), death.peer.tables()] == death.before
    assert death.vpc.connections() == death.peer.connections() == []
    assert len(death.vpc.connections("deleted")) == 1, "there was a connection"
    assert "Connection" not in ledger.item(death.vpc, death.peer)


def test_what_stood_before_it_stays(interrupted: dict[str, Interrupted], ledger: Ledger) -> None:
    death = interrupted["while more routes are written"]
    assert [death.vpc.tables(), death.peer.tables()] == death.before
    [connection] = death.vpc.connections("active")
    item = ledger.item(death.vpc, death.peer)
    assert item["Connection"] == {"Id": connection["VpcPeeringConnectionId"], "Made": True}
    assert routes_in(item) == {(death.vpc.main_table, PEER_BLOCK), (death.peer.main_table, BLOCK)}


def test_a_teardown_can_be_run_again(interrupted: dict[str, Interrupted], teardown: Machine, ledger: Ledger) -> None:
    death = interrupted["during a teardown"]
    [connection] = death.vpc.connections("active")
    assert ledger.item(death.vpc, death.peer)["Connection"] == {"Id": connection["VpcPeeringConnectionId"], "Made": True}
    assert teardown.run(death.vpc.end() | death.peer.end("Peer")).succeeded().output["Status"] == "deleted"
    assert death.vpc.connections() == []


@pytest.mark.parametrize("case", CASES)
def test_it_is_reported_once(interrupted: dict[str, Interrupted], failures: Listener, case: str) -> None:
    death = interrupted[case]
    event = failures.receive("VPC Peering Failed", death.vpc)
    detail = event["detail"]
    assert detail["error"] == "ServiceFault"
    assert detail["cause"]["Code"] == ("States.Timeout" if case == "timed out" else "Aborted")
    assert detail["cause"]["Message"]
    assert detail["input"]["VpcId"] == death.vpc.id and detail["input"]["PeerVpcId"] == death.peer.id
    of_tags = [f"arn:aws:ec2:{end.region}:{end.account}:vpc/{end.id}" for end in (death.vpc, death.peer)]
    about = [arn for arn in event["resources"] if arn.startswith("arn:aws:ec2:")]
    assert sorted(about) == (sorted(of_tags) if case == "started by a tag" else [])
    if case in NEW_PEERINGS:
        assert len(detail["cause"]["RolledBack"]["ConnectionsDeleted"]) == 1
    if case == "timed out":
        assert detail["input"]["Tags"] == FIELDS["Tags"]


@pytest.mark.parametrize("case", CASES)
def test_the_status_says_so_where_tags_concern_the_pair(interrupted: dict[str, Interrupted], case: str) -> None:
    death = interrupted[case]
    statuses = [death.vpc.status(death.peer), death.peer.status(death.vpc)]
    if case == "started by a tag":
        assert all(status.startswith("failed ServiceFault") for status in statuses), statuses
    else:
        assert statuses == ["", ""]


def test_a_new_execution_takes_over_by_itself(
    interrupter: Interrupter, interrupted: dict[str, Interrupted], teardown: Machine, ledger: Ledger
) -> None:
    """It waits for as long as a function of the dead one may write, and adopts the connection, which counts as ours."""
    death = interrupted["taken over"]
    execution = interrupter.machine.wait(death.arn).succeeded()
    assert "PairBusy" in {error for error, _ in interrupter.machine.failed_tries(death.arn)}
    [connection] = death.vpc.everything()["connections"]
    pcx = connection["VpcPeeringConnectionId"]
    assert connection["Status"]["Code"] == "active" and execution.output["VpcPeeringConnectionId"] == pcx
    assert ledger.assert_free(death.vpc, death.peer)["Connection"] == {"Id": pcx, "Made": True}
    assert death.vpc.routes_to(pcx) == {(death.vpc.main_table, PEER_BLOCK, "active")}
    assert teardown.run(death.vpc.end() | death.peer.end("Peer")).succeeded().output["Status"] == "deleted"


def test_one_whose_event_was_lost_is_cleaned_up_after_by_a_sweep(
    interrupter: Interrupter, interrupted: dict[str, Interrupted], failures: Listener, sweep: Sweep
) -> None:
    """But by none within 75 seconds. It peers a pair that tags ask for, which a clean-up has set free."""
    death, by_tag = whose_event_is_lost(interrupter), interrupted["started by a tag"]
    interrupter.network.control.set(provisioning_for=0)
    interrupter.network.control.advance(NEVER)
    summary = sweep()
    assert drift(summary, by_tag.vpc) == ["Missing"] and started(summary, by_tag.vpc)
    assert interrupter.clean_ups(death) == [] and interrupter.ledger.holder(death.vpc, death.peer) == death.arn

    interrupter.network.services.advance(PATIENCE)
    sweep()
    sweep()
    wait_until(lambda: bool(interrupter.clean_ups(death)), "a clean-up has started")
    wait_until(lambda: interrupter.clean_ups(death)[0]["status"] != "RUNNING", "it has ended", 120)
    [clean_up] = interrupter.clean_ups(death)
    assert clean_up["status"] == "SUCCEEDED"
    of_it = {"event lost": death}
    test_it_held_the_pair_when_it_died_and_does_not_now(of_it, interrupter.ledger, "event lost")
    test_nothing_is_left_of_a_new_peering(of_it, interrupter.ledger, "event lost")
    test_it_is_reported_once(of_it, failures, "event lost")
    wait_until(lambda: bool(by_tag.vpc.connections("active")), "the pair that tags ask for is peered")
    assert by_tag.peer.account != HUB


def test_one_whose_last_function_finishes_after_it_is_whole_or_gone(
    interrupter: Interrupter, interrupted: dict[str, Interrupted], failures: Listener, ledger: Ledger
) -> None:
    """The function writes the rest of the routes and gives the pair back. What stands then is whole."""
    reset(interrupter.network)
    interrupter.network.remove_delays()
    vpc, peer = interrupter.pair(tables=4)
    before = [vpc.tables(), peer.tables()]
    interrupter.network.control.plant_faults({"Action": "CreateRoute", "AfterCalls": 2, "Times": 9, "DelaySeconds": 3})
    arn = interrupter.machine.start(request(vpc, peer))
    wait_until(lambda: [vpc.tables(), peer.tables()] != before, "a route is written")
    death = interrupter.abort(arn, vpc, peer, before)
    wait_until(lambda: any(each["status"] != "RUNNING" for each in interrupter.clean_ups(death)), "cleaned up after", 120)
    item, connections = ledger.assert_free(vpc, peer), vpc.connections()
    if connections:
        pcx = connections[0]["VpcPeeringConnectionId"]
        assert item["Connection"] == {"Id": pcx, "Made": True} and "Error" not in item["Outcome"]
        assert len(routes_in(item)) == 10 == len(vpc.routes_to(pcx) | peer.routes_to(pcx))
    else:
        test_nothing_is_left_of_a_new_peering({"": death}, ledger, "")
    test_it_is_reported_once({"": death}, failures, "")
