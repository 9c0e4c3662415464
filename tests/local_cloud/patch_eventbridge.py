"""EventBridge: events of AWS services, and event buses of other accounts and Regions as targets."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.arn import Arn
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge

logger = logging.getLogger("local_cloud.events")


def deliver_envelope(account: str, region: str, event: dict[str, Any]) -> None:
    """Deliver an event as an AWS service sends it: to the default bus, with the envelope's own id, time and origin.

    This does what MiniStack's ``_put_events(allow_aws_source=True)`` does with one entry. That function itself would
    give the event a new id and time.
    https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    """
    record = {
        "EventId": event.get("id") or str(uuid.uuid4()),
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "EventBusName": "default",
        "Time": event.get("time") or int(eventbridge._now_ts()),
        "Resources": event.get("resources", []),
        "Account": event.get("account", account),
        "Region": event.get("region", region),
    }
    with request_scope(account, region):
        _receive(record)


def deliver_to_any_bus(
    original: Callable[..., None], target: Arn, event: dict[str, Any], rule: dict[str, Any], *arguments: Any
) -> None:
    """A rule's target may be a bus of another account or Region. The event keeps the account and Region it came from.

    Another account's bus must allow the sender by its policy, and passes the event on to no third account.
    MiniStack delivers within one account and Region only.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-region.html
    """
    here = (get_account_id(), get_region())
    there = (target.account_id, target.region)
    if there == here:
        original(target, event, rule, *arguments)
        return
    path = [*event.get("_Path", []), here]
    if there in path:
        logger.warning("event %s is not delivered to %s: it came from there", event["EventId"], target)
        return
    crossed = event.get("_CrossedAccounts", False)
    if crossed and target.account_id != here[0]:
        logger.warning("event %s is not passed on to a third account, %s", event["EventId"], target.account_id)
        return
    bus = target.resource.removeprefix("event-bus/")
    with request_scope(*there):
        if target.account_id != here[0] and not _allows(bus, here[0]):
            logger.warning("event %s is refused by %s: its policy does not allow %s", event["EventId"], target, here[0])
            return
        _receive(
            {
                **event,
                "EventBusName": bus,
                "_Path": path,
                "_DispatchPath": [],
                "_CrossedAccounts": crossed or target.account_id != here[0],
            }
        )


def _receive(record: dict[str, Any]) -> None:
    """Take an event in on a bus of the current account and Region, as MiniStack's PutEvents does."""
    eventbridge._ensure_default_bus()
    if record["EventBusName"] not in eventbridge._event_buses:
        logger.warning("event %s: there is no bus %s", record["EventId"], record["EventBusName"])
        return
    eventbridge._events_log_list().append(record)
    eventbridge._dispatch_event(record)
    eventbridge._archive_event(record)


def _allows(bus: str, sender: str) -> bool:
    """Whether the bus's policy lets ``sender`` put events. All local accounts count as one organization."""
    statements = eventbridge._event_bus_policies.get(bus, {}).get("Statement", [])
    return any(statement.get("Effect") == "Allow" and _names(statement.get("Principal"), sender) for statement in statements)


def _names(principal: Any, account: str) -> bool:
    accounts = principal.get("AWS", []) if isinstance(principal, dict) else principal
    accounts = [accounts] if isinstance(accounts, str) else accounts or []
    return any(name in ("*", account, f"arn:aws:iam::{account}:root") for name in accounts)
