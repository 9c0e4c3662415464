"""The principals and conditions in the policy of an event bus."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.environment import REGION
from local_cloud.ministack_test.cloud import Cloud, unique
from local_cloud.ministack_test.test_events import MEMBER, THIRD, Inbox, add_rule, tag_event
from local_cloud.patch_bus_policies import ORGANIZATION, OUTSIDE_ACCOUNTS

[OUTSIDER] = OUTSIDE_ACCOUNTS
PINNED = {"events:source": "aws.tag", "events:detail-type": "Tag Change on Resource"}


def bus_that_allows(cloud: Cloud, principal: str, **condition: str) -> tuple[str, str]:
    """A bus's name and ARN."""
    events, name = cloud.client("events"), unique("bus")
    arn = events.create_event_bus(Name=name)["EventBusArn"]
    statement = {
        "Sid": "it",
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Action": "events:PutEvents",
        "Resource": arn,
        "Condition": {"StringEquals": condition},
    }
    events.put_permission(EventBusName=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return name, arn


def put(cloud: Cloud, account: str, bus: str, **fields: Any) -> str:
    """The id of the event, or the error."""
    entry = {"Source": "ours", "DetailType": "Any", "Detail": "{}", "EventBusName": bus} | fields
    try:
        [answer] = cloud.client("events", account).put_events(Entries=[entry])["Entries"]
    except ClientError as refused:
        return refused.response["Error"]["Code"]
    return answer.get("EventId") or answer["ErrorCode"]


@pytest.mark.parametrize(
    ("condition", "arrives"),
    [
        (PINNED, True),
        ({**PINNED, "events:source": "aws.ec2"}, False),
        ({**PINNED, "events:detail-type": "Any"}, False),
        ({**PINNED, "aws:PrincipalOrgID": ORGANIZATION}, True),
        ({**PINNED, "aws:PrincipalOrgID": "o-another000"}, False),
    ],
)
def test_a_forwarded_event_must_meet_the_conditions(cloud: Cloud, condition: dict[str, str], arrives: bool) -> None:
    bus, arn = bus_that_allows(cloud, MEMBER, **condition)
    inbox, event = Inbox(cloud, bus=bus), tag_event(MEMBER)
    add_rule(cloud, MEMBER, REGION, "default", arn)
    cloud.send_event(event, MEMBER)
    if arrives:
        assert inbox.receive(event) == event
    else:
        assert inbox.holds_nothing_of(event)


def test_an_outside_account_belongs_to_no_organization(cloud: Cloud) -> None:
    _, arn = bus_that_allows(cloud, "*", **{"aws:PrincipalOrgID": ORGANIZATION})
    assert put(cloud, OUTSIDER, arn) == "AccessDeniedException"
    assert put(cloud, THIRD, arn) != "AccessDeniedException"


def test_an_event_put_by_another_account_has_that_account(cloud: Cloud) -> None:
    bus, arn = bus_that_allows(cloud, MEMBER, **{"events:source": "ours"})
    inbox = Inbox(cloud, bus=bus, source="ours")
    received = inbox.receive({"id": put(cloud, MEMBER, arn, Detail='{"account": "forged"}')})
    assert (received["account"], received["region"], received["detail"]) == (MEMBER, REGION, {"account": "forged"})


def test_an_event_put_by_another_account_must_be_allowed(cloud: Cloud) -> None:
    _, arn = bus_that_allows(cloud, MEMBER, **{"events:source": "ours"})
    assert put(cloud, THIRD, arn) == "AccessDeniedException"
    assert put(cloud, MEMBER, arn, Source="theirs") == "AccessDeniedException"
    assert put(cloud, MEMBER, arn, Source="aws.tag") == "NotAuthorizedForSourceException"
    assert put(cloud, MEMBER, arn.replace(REGION, "eu-west-1")) == "ResourceNotFoundException"
