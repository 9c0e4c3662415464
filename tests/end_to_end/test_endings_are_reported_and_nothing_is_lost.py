"""What the stack reports on its bus, and what becomes of events that can't be served."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from .callers import client, deliver, function
from .executions import Machine
from .tagging import Peerings
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, request, unknown_vpc_id, wait_until


class Listener:
    """A subscriber of the stack's bus, as any user could be one: a rule with a queue."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._events, self._queues = client(environment, "events"), client(environment, "sqs")
        name = f"listener-{uuid.uuid4().hex[:8]}"
        self._bus = environment["EVENT_BUS_ARN"].rsplit("/", 1)[1]
        self._queue = self._queues.create_queue(QueueName=name)["QueueUrl"]
        arn = self._queues.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self._events.put_rule(Name=name, EventBusName=self._bus, EventPattern=json.dumps({"source": ["isthmus"]}))
        self._events.put_targets(Rule=name, EventBusName=self._bus, Targets=[{"Id": "queue", "Arn": arn}])
        self._rule = name
        self._heard: list[dict[str, Any]] = []

    def hears(self, detail_type: str, about: Vpc) -> dict[str, Any]:
        """The one event of that type about that VPC, once it is there: what other tests began may end meanwhile."""
        [event] = self.hears_all(detail_type, about)
        return event

    def hears_all(self, detail_type: str, about: Vpc) -> list[dict[str, Any]]:
        """Every event of that type about that VPC, once there is one."""
        wait_until(lambda: bool(self._of(detail_type, about)), f"{detail_type} was reported")
        events = self._of(detail_type, about)
        assert {(event["source"], event["account"], event["region"]) for event in events} == {("isthmus", HUB, HERE)}
        return events

    def _of(self, detail_type: str, about: Vpc) -> list[dict[str, Any]]:
        received = self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            self._heard.append(json.loads(message["Body"]))
            self._queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in self._heard if event["detail-type"] == detail_type and about.id in json.dumps(event)]

    def stop(self) -> None:
        self._events.remove_targets(Rule=self._rule, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self._rule, EventBusName=self._bus)


@pytest.fixture
def bus(world: World, environment: dict[str, str]) -> Iterator[Listener]:
    world.hurry()
    listener = Listener(environment)
    yield listener
    listener.stop()


def test_set_up_and_taken_apart_are_reported_as_they_are_answered(
    world: World, machine: Machine, teardown: Machine, bus: Listener
) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    output = machine.run(request(vpc, peer)).succeeded().output
    active = bus.hears("VPC Peering Active", vpc)
    assert active["detail"] == output and active["resources"] == []
    output = teardown.run({**vpc.end(), **peer.end("Peer")}).succeeded().output
    assert bus.hears("VPC Peering Removed", vpc)["detail"] == output


@pytest.mark.parametrize("blocks", ["10.1.0.0/20", None], ids=["overlap", "not there"])
def test_a_failure_is_reported_with_what_was_asked(world: World, machine: Machine, bus: Listener, blocks: str | None) -> None:
    vpc = world.vpc("10.1.0.0/16")
    asked = {**vpc.end(), "PeerVpcId": world.vpc(blocks).id if blocks else unknown_vpc_id()}
    failed = machine.run(asked)
    event = bus.hears("VPC Peering Failed", vpc)["detail"]
    assert event == {"error": failed.error, "cause": failed.cause, "input": asked}
    assert failed.error == ("OverlappingCidrs" if blocks else "VpcNotFound")


def test_a_peering_by_tags_names_both_vpcs(world: World, peerings: Peerings, bus: Listener) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    arns = {f"arn:aws:ec2:{end.region}:{HUB}:vpc/{end.id}" for end in (vpc, peer)}
    assert set(bus.hears("VPC Peering Active", vpc)["resources"]) == arns
    vpc.untag("isthmus:peer")
    # The report of the set-up is a hint as well. Where it is followed only now, two teardowns are at work, and each reports.
    for removed in bus.hears_all("VPC Peering Removed", vpc):
        assert set(removed["resources"]) == arns


def test_a_failure_is_mailed_and_that_of_a_dry_run_is_not(world: World, machine: Machine, environment: dict[str, str]) -> None:
    """A queue stands in for the mailbox."""
    queues, topics = client(environment, "sqs"), client(environment, "sns")
    queue = queues.create_queue(QueueName=f"mailbox-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    [topic] = [each["TopicArn"] for each in topics.list_topics()["Topics"] if "FailureTopic" in each["TopicArn"]]
    subscription = topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.1.0.0/20")
    machine.run(request(vpc, peer, DryRun=True)).failed("OverlappingCidrs")
    machine.run(request(vpc, peer)).failed("OverlappingCidrs")
    mails: list[dict[str, Any]] = []

    def arrived() -> bool:
        for message in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            mails.append(json.loads(json.loads(message["Body"])["Message"]))
        return bool(mails)

    wait_until(arrived, "the failure was mailed")
    topics.unsubscribe(SubscriptionArn=subscription)
    about_this = [mail["detail"] for mail in mails if mail["detail"]["input"].get("VpcId") == vpc.id]
    assert [detail["error"] for detail in about_this] == ["OverlappingCidrs"]
    assert "DryRun" not in about_this[0]["input"]


def test_what_the_hint_says_is_never_believed(world: World, peerings: Peerings, environment: dict[str, str]) -> None:
    """Each is delivered as if EventBridge vouched for it; none is borne out by EC2."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    arn = f"arn:aws:ec2:{HERE}:{HUB}:vpc/{vpc.id}"
    wish = {"isthmus:peer": peer.id}
    with world.untouched(vpc, peer):
        deliver(environment, HUB, HERE, arn, wish)  # no such tag
        deliver(environment, MEMBER, THERE, arn, wish)  # somebody else's VPC
        deliver(environment, HUB, HERE, arn.replace(vpc.id, unknown_vpc_id()), wish)  # no such VPC
        deliver(environment, HUB, HERE, "arn:aws:ec2:::vpc/../../", wish)
        deliver(environment, HUB, HERE, "", wish)
        truthful = world.vpc("10.3.0.0/16")
        truthful.tag(isthmus__peer="vpc-00000000")  # what came before it has been served by then
        wait_until(lambda: bool(peerings.set_up.executions(truthful.id)), "a true one is served")
    assert peerings.set_up.executions(vpc.id) == peerings.set_up.executions(peer.id) == []


def test_what_can_t_be_served_ends_in_the_dead_letter_queue(environment: dict[str, str]) -> None:
    functions, queues = client(environment, "lambda"), client(environment, "sqs")
    name = function(environment, "StartPeering")["FunctionName"]
    [queue] = [url for url in queues.list_queues()["QueueUrls"] if "DeadLetters" in url]
    poison = {"poison": str(uuid.uuid4())}
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(poison))

    def arrived() -> bool:
        messages = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return any(poison["poison"] in message["Body"] for message in messages)

    wait_until(arrived, "given up after its retries, and kept", seconds=120)
