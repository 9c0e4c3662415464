"""The event `VPC Peering Requested` on the stack's bus: an execution, if its sender owns one of the two ends."""

import json
import uuid
from typing import Any

import pytest

from .callers import client
from .executions import Machine
from .pipelines import Pipeline
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, request, wait_until

BYSTANDER = "111111111111"  # a member as well, so the bus lets it in
STRANGER = "999999999999"


class Sender:
    """A pipeline that runs `request-by-event.sh` in one account or another."""

    def __init__(self, environment: dict[str, str], machine: Machine) -> None:
        self._pipeline, self._machine = Pipeline(environment), machine
        self._logs = client(environment, "logs")

    def send(self, account: str, text: str) -> str:
        """The event's id."""
        sent = self._pipeline.run("request-by-event.sh", text, AWS_ACCESS_KEY_ID=account)
        assert sent.returncode == 0, sent.stderr
        return sent.stdout.strip()

    def is_refused(self, account: str, **variables: str) -> str:
        """By the bus; answers what the script says."""
        sent = self._pipeline.run("request-by-event.sh", "{}", AWS_ACCESS_KEY_ID=account, **variables)
        assert sent.returncode not in (0, 64), sent
        return sent.stderr

    def starts(self, account: str, detail: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The execution that the event started, and its input."""
        event = self.send(account, json.dumps(detail))
        wait_until(lambda: bool(self._machine.executions(event)), f"event {event} started an execution")
        [arn] = self._machine.executions(event)
        return arn, json.loads(self._machine.client.describe_execution(executionArn=arn)["input"])

    def starts_nothing(self, account: str, detail: dict[str, Any], about: str) -> str:
        """The warning about it, after which nothing can start any more. It stands there once."""
        event = self.send(account, json.dumps(detail))
        wait_until(lambda: bool(self._warnings(about)), f"the log says that {about} is not started")
        assert self._machine.executions(event) == []
        [line] = self._warnings(about)
        return line

    def _warnings(self, about: str) -> list[str]:
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/isthmus")
        lines = [event["message"] for page in pages for event in page["events"]]
        return [line for line in lines if "a requested peering is not started" in line and about in line]


@pytest.fixture
def sender(environment: dict[str, str], machine: Machine) -> Sender:
    return Sender(environment, machine)


@pytest.fixture
def pair(world: World) -> tuple[Vpc, Vpc]:
    world.hurry()
    return world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE, account=MEMBER)


def test_the_stack_s_own_account_asks(world: World, machine: Machine, sender: Sender) -> None:
    world.hurry()
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    name = 'a "quoted" \\ name, 日本'
    text = json.dumps(request(vpc, peer, Name=name, Tags={"team": "payments"}), indent=2, ensure_ascii=False)
    event = sender.send(HUB, text)
    wait_until(lambda: bool(machine.executions(event)), f"event {event} started an execution")
    [arn] = machine.executions(event)
    output = machine.wait(arn).succeeded().output
    tags = {tag["Key"]: tag["Value"] for tag in vpc.connection(output["VpcPeeringConnectionId"])["Tags"]}
    assert (tags["Name"], tags["team"]) == (name, "payments")
    assert vpc.routes_to(output["VpcPeeringConnectionId"]) == {(vpc.main_table, "10.2.0.0/16", "active")}


def test_a_member_asks_for_its_own_end_and_the_other_one_has_to_consent(
    world: World, machine: Machine, sender: Sender, pair: tuple[Vpc, Vpc]
) -> None:
    """However the request is written: here the other end stands first, as if it asked."""
    vpc, peer = pair
    detail = request(vpc, peer, Routes={"Tables": "main"}, PeerRoutes={"Tables": "none"})
    with world.untouched(vpc, peer):
        arn, started = sender.starts(MEMBER, detail)
        cause = machine.wait(arn).failed("PeerNotTrusted").cause
    assert (cause["VpcId"], cause["OwnerId"]) == (vpc.id, HUB)
    assert (started["VpcId"], started["OwnerId"], started["Region"]) == (peer.id, MEMBER, THERE)
    assert (started["PeerVpcId"], started["PeerOwnerId"], started["PeerRegion"]) == (vpc.id, HUB, HERE)
    assert (started["Routes"], started["PeerRoutes"]) == ({"Tables": "none"}, {"Tables": "main"})

    vpc.tag(isthmus__accept=peer.id)
    arn, _ = sender.starts(MEMBER, detail)
    assert machine.wait(arn).succeeded().actions() == {"Created": 1}


def test_a_member_that_owns_neither_end_starts_nothing(world: World, sender: Sender, pair: tuple[Vpc, Vpc]) -> None:
    with world.untouched(*pair):
        warning = sender.starts_nothing(BYSTANDER, request(*pair), pair[0].id)
    assert f"account {BYSTANDER} owns neither" in warning


def test_a_sender_can_t_write_another_account_into_its_event(world: World, sender: Sender, pair: tuple[Vpc, Vpc]) -> None:
    with world.untouched(*pair):
        sender.starts_nothing(BYSTANDER, {**request(*pair), "account": HUB}, f"account {BYSTANDER}: account: unknown field")


def test_no_field_names_a_role(world: World, sender: Sender, pair: tuple[Vpc, Vpc]) -> None:
    role = f"RoleArn-{uuid.uuid4()}"
    with world.untouched(*pair):
        sender.starts_nothing(MEMBER, {**request(*pair), role: f"arn:aws:iam::{HUB}:role/admin"}, role)


def test_the_bus_lets_no_stranger_in(sender: Sender) -> None:
    assert "AccessDenied" in sender.is_refused(STRANGER)


def test_no_sender_is_a_service_of_aws(sender: Sender) -> None:
    assert "NotAuthorizedForSource" in sender.is_refused(HUB, EVENT_SOURCE="aws.tag")
