"""EventBridge: writing the policy of an event bus, and evaluating it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region, json_response
from ministack.services import eventbridge

Response = tuple[int, dict[str, str], bytes]

# The organization of all local accounts except OUTSIDE_ACCOUNTS.
ORGANIZATION = "o-localcloud"
OUTSIDE_ACCOUNTS = {"999999999999"}


def put_permission(original: Callable[..., Response], data: dict[str, Any]) -> Response:
    """One statement with an IAM principal, or a whole policy. MiniStack stores the bare account, and ignores a policy.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
    """
    if "Policy" in data:
        eventbridge._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
        return json_response({})
    account = data.get("Principal", "*")
    principal = account if account == "*" else {"AWS": f"arn:aws:iam::{account}:root"}
    return original({**data, "Principal": principal})


def allows(bus: str, sender: str, event: dict[str, Any]) -> bool:
    """Whether ``sender`` may put ``event`` on that bus of the current account and Region.

    The condition keys are those of EventBridge:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    context = EvalContext(
        principal_arn=f"arn:aws:iam::{sender}:root",
        principal_type="Root",
        principal_account=sender,
        action="events:PutEvents",
        resource_arn=f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{bus}",
        region=get_region(),
        service_context={"events:source": event["Source"], "events:detail-type": event["DetailType"]},
        principal_keys={} if sender in OUTSIDE_ACCOUNTS else {"aws:principalorgid": ORGANIZATION},
    )
    return evaluate_resource_policy(eventbridge._event_bus_policies.get(bus), context).decision == "Allow"
