"""The events that the stack publishes on its bus, and the handling of events that can't be processed."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from .alarms import Alarms
from .clients import client, deliver, function, output
from .executions import Machine
from .listening import Listener
from .network import HERE, HUB, MEMBER, THERE, Network, request, unknown_vpc_id, wait_until
from .tagging import Peerings


@pytest.fixture
def bus(network: Network, environment: dict[str, str]) -> Iterator[Listener]:
    network.remove_delays()
    listener = Listener(environment, {"source": ["isthmus"]})
    yield listener
    listener.stop()


def vpcs(event: dict[str, Any]) -> set[str]:
    """The VPCs among an event's resources. AWS adds the execution and its machine."""
    assert any(":execution:" in arn for arn in event["resources"])
    return {arn for arn in event["resources"] if ":vpc/" in arn}


def test_set_up_and_teardown_are_published_with_the_output_of_the_execution(
    network: Network, machine: Machine, teardown: Machine, bus: Listener
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    output = machine.run(request(vpc, peer)).succeeded().output
    active = bus.receive("VPC Peering Active", vpc)
    assert active["detail"] == output and vpcs(active) == set()
    output = teardown.run({**vpc.end(), **peer.end("Peer")}).succeeded().output
    assert bus.receive("VPC Peering Removed", vpc)["detail"] == output


@pytest.mark.parametrize("blocks", ["10.1.0.0/20", None], ids=["overlap", "not found"])
def test_a_failure_is_published_with_the_input_of_the_execution(
    network: Network, machine: Machine, bus: Listener, blocks: str | None
) -> None:
    vpc = network.vpc("10.1.0.0/16")
    given = {**vpc.end(), "PeerVpcId": network.vpc(blocks).id if blocks else unknown_vpc_id()}
    failed = machine.run(given)
    event = bus.receive("VPC Peering Failed", vpc)["detail"]
    assert event == {"error": failed.error, "cause": failed.cause, "input": given}
    assert failed.error == ("OverlappingCidrs" if blocks else "VpcNotFound")


def test_events_about_a_peering_that_tags_request_contain_both_vpcs(network: Network, peerings: Peerings, bus: Listener) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    arns = {f"arn:aws:ec2:{end.region}:{HUB}:vpc/{end.id}" for end in (vpc, peer)}
    assert vpcs(bus.receive("VPC Peering Active", vpc)) == arns
    vpc.untag("isthmus:peer")
    # The event of the set-up makes StartPeering read the tags too. If that happens only now, two teardowns run and each publishes.
    for removed in bus.receive_all("VPC Peering Removed", vpc):
        assert vpcs(removed) == arns


def test_a_failed_publication_does_not_change_the_result(network: Network, machine: Machine, teardown: Machine) -> None:
    """EventBridge refuses every event of the machines."""
    network.remove_delays()
    network.services.plant_faults({"Action": "PutEvents", "Code": "EventBridge.AccessDeniedException", "Times": 999})
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    peered = machine.run(request(vpc, peer)).succeeded()
    assert (peered.states[-1], peered.output["Status"]) == ("ReturnOutput", "active")
    refused = machine.run(request(vpc, network.vpc("10.1.0.0/20"))).failed("OverlappingCidrs")
    assert refused.states[-3:] == ["PublishFailure", "ChooseEnding", "OverlappingCidrs"]
    removed = teardown.run({**vpc.end(), **peer.end("Peer")}).succeeded()
    assert (removed.states[-1], removed.output["Status"]) == ("ReturnOutput", "deleted")


def test_a_failure_is_mailed_and_that_of_a_dry_run_is_not(network: Network, machine: Machine, environment: dict[str, str]) -> None:
    """A queue takes the place of the mailbox."""
    queues, topics = client(environment, "sqs"), client(environment, "sns")
    queue = queues.create_queue(QueueName=f"mailbox-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    [topic] = [each["TopicArn"] for each in topics.list_topics()["Topics"] if "FailureTopic" in each["TopicArn"]]
    subscription = topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.1.0.0/20")
    machine.run(request(vpc, peer, DryRun=True)).failed("OverlappingCidrs")
    machine.run(request(vpc, peer)).failed("OverlappingCidrs")
    mails: list[dict[str, Any]] = []

    def arrived() -> bool:
        for message in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            mails.append(json.loads(json.loads(message["Body"])["Message"]))
        return bool(mails)

    wait_until(arrived, "a mail about the failure was sent")
    topics.unsubscribe(SubscriptionArn=subscription)
    about_vpc = [mail["detail"] for mail in mails if mail["detail"]["input"].get("VpcId") == vpc.id]
    assert [detail["error"] for detail in about_vpc] == ["OverlappingCidrs"]
    assert "DryRun" not in about_vpc[0]["input"]


def test_the_content_of_a_tag_event_is_never_trusted(network: Network, peerings: Peerings, environment: dict[str, str]) -> None:
    """Each event is delivered as by AWS itself; none of them agrees with the tags in EC2."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    arn = f"arn:aws:ec2:{HERE}:{HUB}:vpc/{vpc.id}"
    tags = {"isthmus:peer": peer.id}
    with network.untouched(vpc, peer):
        deliver(environment, HUB, HERE, arn, tags)  # no such tag
        deliver(environment, MEMBER, THERE, arn, tags)  # the VPC of another account
        deliver(environment, HUB, HERE, arn.replace(vpc.id, unknown_vpc_id()), tags)  # no such VPC
        deliver(environment, HUB, HERE, "arn:aws:ec2:::vpc/../../", tags)
        deliver(environment, HUB, HERE, "", tags)
        tagged = network.vpc("10.3.0.0/16")
        tagged.tag(isthmus__peer="vpc-00000000")  # the events before it have been processed by then
        wait_until(lambda: bool(peerings.set_up.executions(tagged.id)), "a true event is processed")
    assert peerings.set_up.executions(vpc.id) == peerings.set_up.executions(peer.id) == []


def test_an_event_that_can_t_be_processed_ends_in_the_dead_letter_queue(environment: dict[str, str]) -> None:
    functions, queues = client(environment, "lambda"), client(environment, "sqs")
    name = function(environment, "StartPeering")["FunctionName"]
    [queue] = [url for url in queues.list_queues()["QueueUrls"] if "DeadLetters" in url]
    poison = {"poison": str(uuid.uuid4())}
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(poison))

    def arrived() -> bool:
        messages = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return any(poison["poison"] in message["Body"] for message in messages)

    wait_until(arrived, "the event is in the dead-letter queue after its retries", seconds=120)
    [watched] = Alarms(environment).metrics("DeadLetters")
    assert watched["Dimensions"] == [{"Name": "QueueName", "Value": queue.rpartition("/")[2]}]
    assert output(environment, "DeadLetterQueueUrl") == queue
