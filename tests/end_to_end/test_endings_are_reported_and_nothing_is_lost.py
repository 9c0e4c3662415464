"""What the stack reports on its bus, and what becomes of events that can't be served."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from .callers import client, deliver, function
from .executions import Machine
from .listening import Listener
from .tagging import Peerings
from .world import HERE, HUB, MEMBER, THERE, World, request, unknown_vpc_id, wait_until


@pytest.fixture
def bus(world: World, environment: dict[str, str]) -> Iterator[Listener]:
    world.hurry()
    listener = Listener(environment, {"source": ["isthmus"]})
    yield listener
    listener.stop()


def vpcs(event: dict[str, Any]) -> set[str]:
    """Those among an event's resources; beside them AWS names the execution and its machine."""
    assert any(":execution:" in arn for arn in event["resources"])
    return {arn for arn in event["resources"] if ":vpc/" in arn}


def test_set_up_and_taken_apart_are_reported_as_they_are_answered(
    world: World, machine: Machine, teardown: Machine, bus: Listener
) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    output = machine.run(request(vpc, peer)).succeeded().output
    active = bus.hears("VPC Peering Active", vpc)
    assert active["detail"] == output and vpcs(active) == set()
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
    assert vpcs(bus.hears("VPC Peering Active", vpc)) == arns
    vpc.untag("isthmus:peer")
    # The report of the set-up is a hint as well. Where it is followed only now, two teardowns are at work, and each reports.
    for removed in bus.hears_all("VPC Peering Removed", vpc):
        assert vpcs(removed) == arns


def unheard(machine: Machine, environment: dict[str, str]) -> Machine:
    """The same machine, but for a bus that takes nothing of it."""
    described = machine.client.describe_state_machine(stateMachineArn=machine.arn)
    definition = json.loads(described["definition"])
    for state in definition["States"].values():
        for entry in state.get("Arguments", {}).get("Entries", []):
            entry["EventBusName"] = f"arn:aws:events:{HERE}:999999999999:event-bus/somebody-s"
    name, role = f"unheard-{uuid.uuid4().hex[:8]}", described["roleArn"]
    made = machine.client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    return Machine(environment, made["stateMachineArn"])


def test_what_nobody_can_be_told_of_is_none_the_worse(
    world: World, machine: Machine, teardown: Machine, environment: dict[str, str]
) -> None:
    world.hurry()
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    peered = unheard(machine, environment).run(request(vpc, peer)).succeeded()
    assert (peered.states[-1], peered.output["Status"]) == ("PeeringActiveUnannounced", "active")
    refused = unheard(machine, environment).run(request(vpc, world.vpc("10.1.0.0/20"))).failed("OverlappingCidrs")
    assert refused.states[-2:] == ["AnnounceOverlap", "OverlappingCidrs"]
    parted = unheard(teardown, environment).run({**vpc.end(), **peer.end("Peer")}).succeeded()
    assert (parted.states[-1], parted.output["Status"]) == ("PeeringRemovedUnannounced", "deleted")


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
