"""The event `VPC Peering Requested` on the stack's bus starts an execution if its sender owns one of the two VPCs."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from .clients import client
from .executions import Machine
from .listening import Listener
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .pipelines import Pipeline
from .vendors import accept, assert_routed, vendor_vpc

OTHER_MEMBER = "111111111111"  # the bus accepts its events; it owns neither VPC
STRANGER = "999999999999"


class Sender:
    """A pipeline that runs `request-by-event.sh` in an account of the test's choice."""

    def __init__(self, environment: dict[str, str], machine: Machine) -> None:
        self._pipeline, self._machine = Pipeline(environment), machine
        self._logs = client(environment, "logs")

    def send(self, account: str, text: str) -> str:
        """Sends the event and returns its id."""
        sent = self._pipeline.run("request-by-event.sh", text, AWS_ACCESS_KEY_ID=account)
        assert sent.returncode == 0, sent.stderr
        return sent.stdout.strip()

    def refused(self, account: str, **variables: str) -> str:
        """Asserts that the bus refuses the event and returns what the script printed."""
        sent = self._pipeline.run("request-by-event.sh", "{}", AWS_ACCESS_KEY_ID=account, **variables)
        assert sent.returncode not in (0, 64), sent
        return sent.stderr

    def starts(self, account: str, detail: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Sends the event and returns the execution that it started, with its input."""
        event = self.send(account, json.dumps(detail))
        wait_until(lambda: bool(self._machine.executions(event)), f"event {event} started an execution")
        [arn] = self._machine.executions(event)
        return arn, json.loads(self._machine.client.describe_execution(executionArn=arn)["input"])

    def starts_nothing(self, account: str, detail: dict[str, Any], about: str) -> str:
        """Sends the event and waits for the one warning about it, after which nothing can start. Returns the warning."""
        event = self.send(account, json.dumps(detail))
        wait_until(lambda: bool(self._warnings(about)), f"a warning about {about} was logged")
        assert self._machine.executions(event) == []
        [line] = self._warnings(about)
        return line

    def _warnings(self, about: str) -> list[str]:
        # MiniStack answers the first 10,000 lines that match, and has no second page.
        said = {"logGroupName": "/aws/lambda/isthmus", "filterPattern": '"a requested peering is not started"'}
        pages = self._logs.get_paginator("filter_log_events").paginate(**said)
        lines = [event["message"] for page in pages for event in page["events"]]
        return [line for line in lines if "a requested peering is not started" in line and about in line]


@pytest.fixture
def sender(environment: dict[str, str], machine: Machine) -> Sender:
    return Sender(environment, machine)


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    network.remove_delays()
    return network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER)


def test_the_stack_s_own_account_may_request(network: Network, machine: Machine, sender: Sender) -> None:
    network.remove_delays()
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    name = 'a "quoted" \\ name, 日本'
    text = json.dumps(request(vpc, peer, Name=name, Tags={"team": "payments"}), indent=2, ensure_ascii=False)
    event = sender.send(HUB, text)
    wait_until(lambda: bool(machine.executions(event)), f"event {event} started an execution")
    [arn] = machine.executions(event)
    output = machine.wait(arn).succeeded().output
    tags = {tag["Key"]: tag["Value"] for tag in vpc.connection(output["VpcPeeringConnectionId"])["Tags"]}
    assert (tags["Name"], tags["team"]) == (name, "payments")
    assert vpc.routes_to(output["VpcPeeringConnectionId"]) == {(vpc.main_table, "10.2.0.0/16", "active")}


def test_a_member_may_request_for_its_own_vpc_and_the_other_owner_must_consent(
    network: Network, machine: Machine, sender: Sender, pair: tuple[Vpc, Vpc]
) -> None:
    """Whatever the order of the ends: here the event names the other owner's VPC first."""
    vpc, peer = pair
    detail = request(vpc, peer, Routes={"Tables": "main"}, PeerRoutes={"Tables": "none"})
    with network.untouched(vpc, peer):
        arn, started = sender.starts(MEMBER, detail)
        cause = machine.wait(arn).failed("PeerNotTrusted").cause
    assert (cause["VpcId"], cause["OwnerId"]) == (vpc.id, HUB)
    assert (started["VpcId"], started["OwnerId"], started["Region"]) == (peer.id, MEMBER, THERE)
    assert (started["PeerVpcId"], started["PeerOwnerId"], started["PeerRegion"]) == (vpc.id, HUB, HERE)
    assert started["RequestedBy"] == "event"
    assert (started["Routes"], started["PeerRoutes"]) == ({"Tables": "none"}, {"Tables": "main"})

    vpc.tag(isthmus__accept=peer.id)
    arn, _ = sender.starts(MEMBER, detail)
    assert machine.wait(arn).succeeded().actions() == {"Created": 1}


@pytest.fixture
def member_s_bus(environment: dict[str, str]) -> Iterator[Listener]:
    listener = Listener(environment, {"source": ["isthmus"]}, HERE, MEMBER)
    yield listener
    listener.stop()


def test_the_member_is_answered_on_its_own_bus(
    machine: Machine, sender: Sender, pair: tuple[Vpc, Vpc], member_s_bus: Listener
) -> None:
    """A failure, a success, and a plan; and nobody hears of what others asked for."""
    vpc, peer = pair
    arn, _ = sender.starts(MEMBER, request(peer, vpc))
    cause = machine.wait(arn).failed("PeerNotTrusted").cause
    failed = member_s_bus.receive("VPC Peering Failed", peer)
    assert (failed["detail"]["error"], failed["detail"]["cause"]) == ("PeerNotTrusted", cause)
    assert arn in failed["resources"]

    vpc.tag(isthmus__accept=peer.id)
    arn, _ = sender.starts(MEMBER, request(peer, vpc))
    output = machine.wait(arn).succeeded().output
    assert member_s_bus.receive("VPC Peering Active", peer)["detail"] == output

    arn, _ = sender.starts(MEMBER, request(peer, vpc, DryRun=True))
    output = machine.wait(arn).succeeded().output
    assert member_s_bus.receive("VPC Peering Planned", peer)["detail"] == output

    machine.run(request(vpc, peer)).succeeded()
    time.sleep(3)
    of_pair = [event for event in member_s_bus.received() if peer.id in json.dumps(event)]
    assert [event["detail-type"] for event in of_pair] == ["VPC Peering Failed", "VPC Peering Active", "VPC Peering Planned"]


def test_a_member_that_asks_for_a_vendor_is_told_that_it_waits(
    network: Network, machine: Machine, sender: Sender, member_s_bus: Listener
) -> None:
    """Its VPC names the vendor's: what an event says about itself proves nothing."""
    network.remove_delays()
    vpc, vendor = network.vpc("10.1.0.0/16", region=THERE, account=MEMBER, consents=False), vendor_vpc(network)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__accept=vendor.id)
    arn, _ = sender.starts(MEMBER, request(vpc, vendor))
    output = machine.wait(arn).succeeded().output
    assert output["Status"] == "pending-acceptance"
    assert member_s_bus.receive("VPC Peering Pending", vpc)["detail"] == output
    accept(vendor, output["VpcPeeringConnectionId"])
    arn, _ = sender.starts(MEMBER, request(vpc, vendor))
    assert machine.wait(arn).succeeded().output["Status"] == "active"
    assert_routed(vpc, vendor, output["VpcPeeringConnectionId"])


@pytest.mark.parametrize("claim", ["execution", "tags"])
def test_an_event_that_claims_another_requester_is_an_event(
    network: Network, machine: Machine, sender: Sender, pair: tuple[Vpc, Vpc], claim: str
) -> None:
    vpc, peer = pair
    with network.untouched(vpc, peer):
        arn, started = sender.starts(MEMBER, request(peer, vpc, RequestedBy=claim))
        cause = machine.wait(arn).failed("PeerNotTrusted").cause
    assert started["RequestedBy"] == "event"
    assert (cause["VpcId"], cause["OwnerId"]) == (vpc.id, HUB)


def test_a_member_that_owns_neither_vpc_starts_nothing(network: Network, sender: Sender, pair: tuple[Vpc, Vpc]) -> None:
    with network.untouched(*pair):
        warning = sender.starts_nothing(OTHER_MEMBER, request(*pair), pair[0].id)
    assert f"account {OTHER_MEMBER} owns neither" in warning


def test_a_sender_can_t_claim_another_account_in_its_event(network: Network, sender: Sender, pair: tuple[Vpc, Vpc]) -> None:
    with network.untouched(*pair):
        sender.starts_nothing(OTHER_MEMBER, {**request(*pair), "account": HUB}, f"account {OTHER_MEMBER}: account: unknown field")


def test_no_field_names_a_role(network: Network, sender: Sender, pair: tuple[Vpc, Vpc]) -> None:
    role = f"RoleArn-{uuid.uuid4()}"
    with network.untouched(*pair):
        sender.starts_nothing(MEMBER, {**request(*pair), role: f"arn:aws:iam::{HUB}:role/admin"}, role)


def test_the_bus_refuses_accounts_that_are_not_members(sender: Sender) -> None:
    assert "AccessDenied" in sender.refused(STRANGER)


def test_nobody_may_send_as_a_service_of_aws(sender: Sender) -> None:
    assert "NotAuthorizedForSource" in sender.refused(HUB, EVENT_SOURCE="aws.tag")
