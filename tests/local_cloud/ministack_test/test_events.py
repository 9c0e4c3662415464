"""Events of AWS services, and event buses across accounts and Regions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_cloud.ec2.control import Control
from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, jsonata, unique, until

MEMBER, THIRD, OTHER_REGION = "222222222222", "333333333333", "eu-west-1"
ANY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


def tag_event(account: str = ACCOUNT, region: str = REGION) -> dict[str, Any]:
    vpc = unique("vpc")
    return {
        "version": "0",
        "id": f"0000-{vpc}",
        "source": "aws.tag",
        "detail-type": "Tag Change on Resource",
        "account": account,
        "region": region,
        "time": "2026-01-02T03:04:05Z",
        "resources": [f"arn:aws:ec2:{region}:{account}:vpc/{vpc}"],
        "detail": {"service": "ec2", "resource-type": "vpc", "changed-tag-keys": ["isthmus:peer"], "tags": {}},
    }


class Inbox:
    """A queue behind a rule on a bus of the given account and Region. It keeps what is delivered to it."""

    def __init__(
        self, cloud: Cloud, account: str = ACCOUNT, region: str = REGION, bus: str = "default", source: str = "aws.tag"
    ) -> None:
        self.queues, self.name = cloud.client("sqs", account, region), unique("inbox")
        self.url = self.queues.create_queue(QueueName=self.name)["QueueUrl"]
        add_rule(cloud, account, region, bus, f"arn:aws:sqs:{region}:{account}:{self.name}", source)

    def receive(self, event: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        return until(lambda: next((found for found in self.read() if found["id"] == event["id"]), None), seconds)

    def holds_nothing_of(self, event: dict[str, Any]) -> bool:
        """An event is delivered before its request returns, so there is nothing to wait for."""
        return all(found["id"] != event["id"] for found in self.read())

    def read(self) -> list[dict[str, Any]]:
        answer = self.queues.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def add_rule(cloud: Cloud, account: str, region: str, bus: str, target: str, source: str = "aws.tag") -> None:
    events, name = cloud.client("events", account, region), unique("rule")
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "it", "Arn": target, "RoleArn": ANY_ROLE}])


def make_bus(cloud: Cloud, *allowed: str, account: str = ACCOUNT) -> tuple[str, str]:
    """A bus's name and ARN. ``allowed`` are the other accounts that may put events on it."""
    events, name = cloud.client("events", account), unique("bus")
    arn = events.create_event_bus(Name=name)["EventBusArn"]
    for sender in allowed:
        events.put_permission(EventBusName=name, Action="events:PutEvents", Principal=sender, StatementId=f"from-{sender}")
    return name, arn


def test_a_services_event_arrives_as_it_was_sent(cloud: Cloud) -> None:
    inbox, event = Inbox(cloud), tag_event()
    assert cloud.send_event(event) == 200
    assert inbox.receive(event) == event


def test_an_event_starts_an_execution(cloud: Cloud) -> None:
    machine, event = cloud.create_machine(jsonata({"Done": {"Type": "Succeed"}})), tag_event()
    add_rule(cloud, ACCOUNT, REGION, "default", machine)
    cloud.send_event(event)
    states = cloud.client("stepfunctions")
    started = until(lambda: states.list_executions(stateMachineArn=machine)["executions"])[0]
    assert json.loads(states.describe_execution(executionArn=started["executionArn"])["input"]) == event


def test_an_event_is_matched_by_the_rules_pattern(cloud: Cloud) -> None:
    inbox, event = Inbox(cloud), {**tag_event(), "source": "aws.other"}
    cloud.send_event(event)
    assert inbox.holds_nothing_of(event)


def test_an_event_arrives_only_in_its_account_and_region(cloud: Cloud) -> None:
    here, there, event = Inbox(cloud), Inbox(cloud, MEMBER, OTHER_REGION), tag_event(MEMBER, OTHER_REGION)
    cloud.send_event(event, MEMBER, OTHER_REGION)
    assert there.receive(event) == event
    assert here.holds_nothing_of(event)


def test_put_events_still_refuses_a_services_source(cloud: Cloud) -> None:
    entry = {"Source": "aws.tag", "DetailType": "Tag Change on Resource", "Detail": "{}"}
    answer = cloud.client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


@pytest.mark.parametrize(("account", "region"), [(ACCOUNT, OTHER_REGION), (MEMBER, REGION), (MEMBER, OTHER_REGION)])
def test_a_bus_elsewhere_receives_the_event_with_its_origin(cloud: Cloud, account: str, region: str) -> None:
    bus, arn = make_bus(cloud, MEMBER)
    inbox, event = Inbox(cloud, bus=bus), tag_event(account, region)
    add_rule(cloud, account, region, "default", arn)
    cloud.send_event(event, account, region)
    assert inbox.receive(event) == event


def test_put_events_is_forwarded_too(cloud: Cloud) -> None:
    bus, arn = make_bus(cloud, MEMBER)
    source = unique("source")
    inbox = Inbox(cloud, bus=bus, source=source)
    add_rule(cloud, MEMBER, REGION, "default", arn, source)
    answer = cloud.client("events", MEMBER).put_events(Entries=[{"Source": source, "DetailType": "Any", "Detail": '{"a": 1}'}])
    received = inbox.receive({"id": answer["Entries"][0]["EventId"]})
    assert (received["account"], received["detail"]) == (MEMBER, {"a": 1})


def test_another_accounts_bus_must_allow_it(cloud: Cloud) -> None:
    bus, arn = make_bus(cloud)
    inbox, event = Inbox(cloud, bus=bus), tag_event(MEMBER)
    add_rule(cloud, MEMBER, REGION, "default", arn)
    cloud.send_event(event, MEMBER)
    assert inbox.holds_nothing_of(event)


def test_an_event_is_not_passed_on_to_a_third_account(cloud: Cloud) -> None:
    middle, middle_arn = make_bus(cloud, MEMBER)
    last, last_arn = make_bus(cloud, ACCOUNT, account=THIRD)
    inbox, event = Inbox(cloud, THIRD, bus=last), tag_event(MEMBER)
    add_rule(cloud, MEMBER, REGION, "default", middle_arn)
    add_rule(cloud, ACCOUNT, REGION, middle, last_arn)
    cloud.send_event(event, MEMBER)
    assert inbox.holds_nothing_of(event)


def test_two_buses_that_forward_to_each_other_do_not_loop(cloud: Cloud) -> None:
    one, one_arn = make_bus(cloud, MEMBER)
    inbox, event = Inbox(cloud, bus=one), tag_event(MEMBER)
    add_rule(cloud, MEMBER, REGION, "default", one_arn)
    add_rule(cloud, ACCOUNT, REGION, one, f"arn:aws:events:{REGION}:{MEMBER}:event-bus/default")
    cloud.send_event(event, MEMBER)
    assert inbox.receive(event) == event


def test_an_execution_s_event_names_it_and_its_machine(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html"""
    inbox = Inbox(cloud, source="a.machine")
    entry = {"Source": "a.machine", "DetailType": "Done", "Detail": {}, "Resources": ["arn:aws:ec2:::vpc/vpc-1"]}
    report = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Arguments": {"Entries": [entry]}, "End": True}
    execution = cloud.start(jsonata({"Report": report}))
    answer = json.loads(cloud.finish(execution)["output"])
    resources = inbox.receive({"id": answer["Entries"][0]["EventId"]})["resources"]
    machine = cloud.client("stepfunctions").describe_execution(executionArn=execution)["stateMachineArn"]
    assert resources == ["arn:aws:ec2:::vpc/vpc-1", execution, machine]


@pytest.mark.parametrize(
    ("fault", "error", "received"),
    [
        ({"Code": "EventBridge.ThrottlingException"}, "EventBridge.ThrottlingException", 0),
        ({"Code": "EventBridge.InternalException", "Effect": "execute-then-fail"}, "EventBridge.InternalException", 1),
        ({"Effect": "disconnect"}, "EventBridge.SdkClientException", 0),
    ],
    ids=["refused", "after it was made", "without an answer"],
)
def test_a_machine_s_call_can_fail(cloud: Cloud, fault: dict[str, Any], error: str, received: int) -> None:
    """As a call of a function can: see ``service_faults``. It is in the log of calls, too."""
    source, services = unique("failing"), Control(cloud.endpoint)
    inbox = Inbox(cloud, source=source)
    entry = {"EventBusName": "default", "Source": source, "DetailType": "Report", "Detail": {}}
    report = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Arguments": {"Entries": [entry]}, "End": True}
    services.clear_faults()
    services.plant_faults({"Action": "PutEvents", **fault})
    failed = cloud.run(jsonata({"Report": report}))
    assert (failed["status"], failed["error"]) == ("FAILED", error)
    assert services.faults() == {"Struck": 1, "Over": 1}
    assert len(inbox.read()) == received
    cloud.output(jsonata({"Report": report}))
    assert cloud.call_log is not None
    calls = [json.loads(line) for line in cloud.call_log.read_text().splitlines()]
    logged = [call for call in calls if source in json.dumps(call["Parameters"])]
    assert [(call["Action"], call["Caller"]) for call in logged] == [("PutEvents", ANY_ROLE)] * 2
    context = {"events:source": source, "events:detail-type": "Report"}
    question = {
        "Action": "events:PutEvents",
        "Resource": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default",
        "Context": context,
    }
    assert [call["Authorization"] for call in logged] == [[question]] * 2
