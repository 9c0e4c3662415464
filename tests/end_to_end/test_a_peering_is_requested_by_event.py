"""The event `VPC Peering Requested` on the stack's bus: an execution, if its sender owns one of the two ends."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from .executions import Machine
from .pipelines import Pipeline
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, request, wait_until

STRANGER = "999999999999"
REQUESTED = "VPC Peering Requested"


def client(environment: dict[str, str], service: str, account: str = HUB) -> Any:
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=HERE,
        aws_access_key_id=account,
        aws_secret_access_key="local",
    )


@pytest.fixture
def ask(environment: dict[str, str]) -> Iterator[Callable[[str, dict[str, Any]], str]]:
    """Sends an event from another account, whose own bus forwards it to the stack's, and answers its id."""
    hub, bus = client(environment, "events"), environment["EVENT_BUS_ARN"].rpartition("/")[2]
    allowed: list[str] = []

    def ask_from(account: str, detail: dict[str, Any]) -> str:
        events, name = client(environment, "events", account), f"ask-{uuid.uuid4()}"
        hub.put_permission(EventBusName=bus, Action="events:PutEvents", Principal=account, StatementId=name)
        allowed.append(name)
        events.put_rule(Name=name, EventPattern=json.dumps({"detail-type": [REQUESTED]}))
        role = f"arn:aws:iam::{account}:role/forward"
        events.put_targets(Rule=name, Targets=[{"Id": "hub", "Arn": environment["EVENT_BUS_ARN"], "RoleArn": role}])
        entry = {"Source": "pipeline.isthmus", "DetailType": REQUESTED, "Detail": json.dumps(detail)}
        answer = events.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        events.remove_targets(Rule=name, Ids=["hub"])
        events.delete_rule(Name=name)
        return answer["Entries"][0]["EventId"]

    yield ask_from
    for statement in allowed:
        hub.remove_permission(EventBusName=bus, StatementId=statement)


def execution_of(machine: Machine, event: str) -> dict[str, Any]:
    wait_until(lambda: bool(machine.executions(event)), f"event {event} started an execution")
    [arn] = machine.executions(event)
    return machine.client.describe_execution(executionArn=arn)


def log_of_refusals(environment: dict[str, str], about: str) -> list[str]:
    pages = client(environment, "logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/isthmus")
    lines = [event["message"] for page in pages for event in page["events"]]
    return [line for line in lines if "a requested peering is not started" in line and about in line]


def is_refused(environment: dict[str, str], machine: Machine, event: str, about: str) -> str:
    """Waits for the warning, after which nothing can start any more, and answers it. It stands there once."""
    wait_until(lambda: bool(log_of_refusals(environment, about)), f"the log says that {about} is not started")
    assert machine.executions(event) == []
    [line] = log_of_refusals(environment, about)
    return line


@pytest.fixture
def pair(world: World) -> tuple[Vpc, Vpc]:
    world.hurry()
    return world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE, account=MEMBER)


def test_the_stack_s_own_account_asks_by_the_script(world: World, environment: dict[str, str], machine: Machine) -> None:
    world.hurry()
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    name = 'a "quoted" \\ name, 日本'
    text = json.dumps(request(vpc, peer, Name=name, Tags={"team": "payments"}), indent=2, ensure_ascii=False)
    asked = Pipeline(environment).run("request-by-event.sh", text)
    assert asked.returncode == 0, asked.stderr
    started = execution_of(machine, asked.stdout.strip())
    output = machine.wait(started["executionArn"]).succeeded().output
    tags = {tag["Key"]: tag["Value"] for tag in vpc.connection(output["VpcPeeringConnectionId"])["Tags"]}
    assert (tags["Name"], tags["team"]) == (name, "payments")
    assert vpc.routes_to(output["VpcPeeringConnectionId"]) == {(vpc.main_table, "10.2.0.0/16", "active")}


def test_a_member_asks_for_its_own_end(machine: Machine, pair: tuple[Vpc, Vpc], ask: Callable[[str, dict[str, Any]], str]) -> None:
    """However the request is written, the sender's end is the one that asks: the other one's owner has to consent."""
    vpc, peer = pair
    event = ask(MEMBER, request(vpc, peer, DryRun=True, Routes={"Tables": "main"}, PeerRoutes={"Tables": "none"}))
    started = json.loads(execution_of(machine, event)["input"])
    assert (started["VpcId"], started["OwnerId"], started["Region"]) == (peer.id, MEMBER, THERE)
    assert (started["PeerVpcId"], started["PeerOwnerId"], started["PeerRegion"]) == (vpc.id, HUB, HERE)
    assert (started["Routes"], started["PeerRoutes"]) == ({"Tables": "none"}, {"Tables": "main"})


def test_a_stranger_starts_nothing(
    world: World,
    environment: dict[str, str],
    machine: Machine,
    pair: tuple[Vpc, Vpc],
    ask: Callable[[str, dict[str, Any]], str],
) -> None:
    """Even one whom the bus lets in, and who knows both ends."""
    with world.untouched(*pair):
        event = ask(STRANGER, request(*pair))
        warning = is_refused(environment, machine, event, pair[0].id)
    assert f"account {STRANGER} owns neither" in warning


def test_a_sender_can_t_write_another_account_into_its_event(
    world: World,
    environment: dict[str, str],
    machine: Machine,
    pair: tuple[Vpc, Vpc],
    ask: Callable[[str, dict[str, Any]], str],
) -> None:
    with world.untouched(*pair):
        event = ask(STRANGER, {**request(*pair), "account": HUB})
        warning = is_refused(environment, machine, event, f"account {STRANGER}: account: unknown field")
    assert "unknown field `account`" in warning


def test_no_field_names_a_role(world: World, environment: dict[str, str], machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    with world.untouched(*pair):
        role = f"arn:aws:iam::{MEMBER}:role/admin-{uuid.uuid4()}"
        asked = Pipeline(environment).run("request-by-event.sh", json.dumps({**request(*pair), role: "RoleArn"}))
        is_refused(environment, machine, asked.stdout.strip(), role)


def test_a_bus_that_refuses_fails_the_script(environment: dict[str, str]) -> None:
    refused = Pipeline(environment).run("request-by-event.sh", "{}", EVENT_SOURCE="aws.tag")
    assert refused.returncode == 1
    assert "NotAuthorizedForSource" in refused.stderr
