"""EventBridge: events of AWS services, and event buses of other accounts and Regions as targets."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.arn import Arn, ArnParseError, parse_arn
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, request_scope
from ministack.services import eventbridge

from local_cloud.patch_bus_policies import Response, allows

logger = logging.getLogger("local_cloud.events")


def deliver_envelope(account: str, region: str, event: dict[str, Any]) -> None:
    """Deliver an event as an AWS service sends it: to the default bus, with the id, time, account and Region of its envelope.

    This does what MiniStack's ``_put_events(allow_aws_source=True)`` does with one entry, except that the event keeps its
    id and time.
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

    The policy of another account's bus must allow the sender, and the event is not passed on to a third account.
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
        logger.warning("event %s is not delivered to %s: it has been there already", event["EventId"], target)
        return
    crossed = event.get("_CrossedAccounts", False)
    if crossed and target.account_id != here[0]:
        logger.warning("event %s is not passed on to a third account, %s", event["EventId"], target.account_id)
        return
    bus = target.resource.removeprefix("event-bus/")
    with request_scope(*there):
        if target.account_id != here[0] and not allows(bus, here[0], event):
            logger.warning("event %s is rejected by %s: its policy does not allow %s", event["EventId"], target, here[0])
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


def put_on_another_accounts_bus(original: Callable[..., Response], data: dict[str, Any], **options: Any) -> Response:
    """PutEvents on a bus that is named by its ARN in another account, whose policy must allow it.

    The event's account is the sender's. MiniStack finds only buses of the caller's own account.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    sender, entries = get_account_id(), data.get("Entries", [])
    buses = [_bus_of_another_account(entry) for entry in entries]
    answers = []
    for entry, bus in zip(entries, buses, strict=True):
        if bus is None or entry.get("Source", "").startswith("aws."):
            _, _, body = original({"Entries": [{**entry, "EventBusName": "default"} if bus else entry]}, **options)
            answers += json.loads(body)["Entries"]
            continue
        record = {
            **{field: entry.get(field, "") for field in ("Source", "DetailType", "Detail")},
            "EventId": str(uuid.uuid4()),
            "EventBusName": bus.resource.removeprefix("event-bus/"),
            "Time": int(eventbridge._now_ts()),
            "Resources": entry.get("Resources", []),
            "Account": sender,
            "Region": get_region(),
            "_CrossedAccounts": True,
        }
        with request_scope(bus.account_id, bus.region):
            if not allows(record["EventBusName"], sender, record):
                message = f"account {sender} is not authorized to perform: events:PutEvents on resource: {bus}"
                return error_response_json("AccessDeniedException", message, 400)
            _receive(record)
        answers.append({"EventId": record["EventId"]})
    return json_response({"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers})


def _bus_of_another_account(entry: dict[str, Any]) -> Arn | None:
    """The other account's bus that the entry names, in this Region: a call acts only in the Region that it is sent to."""
    try:
        bus = parse_arn(entry.get("EventBusName", ""))
    except ArnParseError:
        return None
    return bus if bus.account_id != get_account_id() and bus.region == get_region() else None


def _receive(record: dict[str, Any]) -> None:
    """Put an event on a bus of the current account and Region, as MiniStack's PutEvents does."""
    eventbridge._ensure_default_bus()
    if record["EventBusName"] not in eventbridge._event_buses:
        logger.warning("event %s: bus %s does not exist", record["EventId"], record["EventBusName"])
        return
    eventbridge._events_log_list().append(record)
    eventbridge._dispatch_event(record)
    eventbridge._archive_event(record)
