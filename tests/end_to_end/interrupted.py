"""Executions that end half-way without a Catch, each on a pair of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .clients import client
from .executions import Machine
from .ledger import Ledger
from .network import MEMBER, NEVER, THERE, Network, Vpc, request, wait_until
from .vpc import ENDED, LIVE

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
FIELDS = {"Tags": {"team": "payments"}}
"""Of the request that times out."""


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

    def pair(self, tables: int = 0) -> tuple[Vpc, Vpc, list[dict[str, Any]]]:
        """Two VPCs with so many more tables each, and the tables of both as they are before the execution."""
        vpc, peer = self.network.vpc(BLOCK), self.network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
        for _ in range(tables):
            vpc.table(), peer.table()
        return vpc, peer, [vpc.tables(), peer.tables()]

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

    def clean_ups(self, one: Interrupted) -> list[dict[str, Any]]:
        """The executions of the clean-up machine about that execution."""
        pages = self.machine.client.get_paginator("list_executions").paginate(stateMachineArn=self.clean_up.arn)
        arns = [each["executionArn"] for page in pages for each in page["executions"]]
        described = [self.machine.client.describe_execution(executionArn=arn) for arn in arns]
        return [each for each in described if one.arn in each["input"]]


def while_waiting(interrupter: Interrupter, **fields: Any) -> Interrupted:
    """In WaitActive: the connection is made and accepted."""
    interrupter.network.control.set(provisioning_for=NEVER)
    vpc, peer, before = interrupter.pair()
    arn = interrupter.machine.start(request(vpc, peer, **fields))
    interrupter.machine.reaches(arn, "WaitActive")
    return interrupter.abort(arn, vpc, peer, before)


def started_by_a_tag(interrupter: Interrupter) -> Interrupted:
    interrupter.network.control.set(provisioning_for=NEVER)
    vpc, peer, before = interrupter.pair()
    vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")
    wait_until(lambda: bool(interrupter.machine.executions(f"{vpc.id}_{peer.id}")), "the tag has started it")
    [arn] = interrupter.machine.executions(f"{vpc.id}_{peer.id}")
    interrupter.machine.reaches(arn, "WaitActive")
    return interrupter.abort(arn, vpc, peer, before)


def before_it_is_accepted(interrupter: Interrupter) -> Interrupted:
    interrupter.network.control.set(visible_after=NEVER)
    vpc, peer, before = interrupter.pair()
    arn = interrupter.machine.start(request(vpc, peer))
    interrupter.machine.reaches(arn, "AcceptInPeerRegion")
    interrupter.network.control.set(visible_after=0)
    return interrupter.abort(arn, vpc, peer, before)


def while_its_connection_is_made(interrupter: Interrupter) -> Interrupted:
    """Its function goes on: EC2 makes the connection after the execution has ended, and the ledger knows no id."""
    vpc, peer, before = interrupter.pair()
    interrupter.network.control.plant_faults({"Action": "CreateVpcPeeringConnection", "DelaySeconds": 4})
    arn = interrupter.machine.start(request(vpc, peer))
    wait_until(lambda: interrupter.network.control.faults()["Struck"] == 1, "the connection is being made")
    one = interrupter.abort(arn, vpc, peer, before)
    assert vpc.connections() == []
    # The clean-up may have deleted it before a look at it.
    wait_until(lambda: bool(vpc.connections(*LIVE, *ENDED)), "the connection is made all the same")
    return one


def while_its_routes_are_written(interrupter: Interrupter) -> Interrupted:
    """Between two calls of UpdateRoutes: one table is throttled, the others have their routes."""
    interrupter.network.control.set(provisioning_for=0)
    vpc, peer, before = interrupter.pair(tables=4)
    return with_one_table_throttled(interrupter, vpc, peer, before, 9)


def while_more_routes_are_written(interrupter: Interrupter) -> Interrupted:
    """Of a peering that was there before: what stood stays."""
    interrupter.network.control.set(provisioning_for=0)
    vpc, peer, _ = interrupter.pair()
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
    wait_until(lambda: "Throttled" in dict(interrupter.machine.failed_tries(arn)), "nothing but the throttled table is left")
    one = interrupter.abort(arn, vpc, peer, before)
    [connection] = vpc.connections("active")
    pcx = connection["VpcPeeringConnectionId"]
    assert len(vpc.routes_to(pcx) | peer.routes_to(pcx)) == routes
    return one


def during_a_teardown(interrupter: Interrupter) -> Interrupted:
    """Its routes are deleted, the connection is not."""
    interrupter.network.control.set(provisioning_for=0)
    vpc, peer, before = interrupter.pair()
    pcx = interrupter.machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    fault = {"Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 999, "Match": {"VpcPeeringConnectionId": pcx}}
    interrupter.network.control.plant_faults({"Action": "DeleteVpcPeeringConnection", **fault})
    arn = interrupter.teardown.start(vpc.end() | peer.end("Peer"))
    wait_until(lambda: bool(interrupter.teardown.failed_tries(arn)), "the connection could not be deleted")
    return interrupter.abort(arn, vpc, peer, before)


def timed_out(interrupter: Interrupter) -> Interrupted:
    interrupter.network.control.set(provisioning_for=NEVER)
    vpc, peer, before = interrupter.pair()
    with interrupter.timing_out_after(6):
        arn = interrupter.machine.start(request(vpc, peer, **FIELDS))
        interrupter.machine.reaches(arn, "WaitActive")
        assert interrupter.machine.wait(arn).status == "TIMED_OUT"
    return Interrupted(vpc, peer, before, arn, interrupter.ledger.item(vpc, peer))


def whose_event_is_lost(interrupter: Interrupter) -> Interrupted:
    with interrupter.without_events():
        return while_waiting(interrupter)
