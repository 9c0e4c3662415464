"""Whether the policy of an event bus lets an account put an event there: its principals and conditions, as IAM reads them."""

from __future__ import annotations

from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge

# The organization of every local account but the strangers.
ORGANIZATION = "o-localcloud"
STRANGERS = {"999999999999"}


def allows(bus: str, sender: str, event: dict[str, Any]) -> bool:
    """Whether ``sender`` may put ``event`` on that bus of the current account and Region.

    The condition keys are those that EventBridge gives:
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
        principal_keys={} if sender in STRANGERS else {"aws:principalorgid": ORGANIZATION},
    )
    return evaluate_resource_policy(eventbridge._event_bus_policies.get(bus), context).decision == "Allow"
