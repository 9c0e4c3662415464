"""The lifecycle of a peering connection: which status it has at a given time.

"VPC peering connection lifecycle", https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
"""

from dataclasses import dataclass
from itertools import takewhile

HOUR = 3600.0
DAY = 24 * HOUR
EXPIRES_AFTER = 7 * DAY

WAITING = frozenset({"initiating-request", "pending-acceptance"})
ACCEPTED = frozenset({"provisioning", "active"})
LIVE = WAITING | ACCEPTED
DEAD = frozenset({"failed", "expired", "rejected", "deleted"})

FAILED_MESSAGE = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
"""Wording: https://github.com/hashicorp/terraform-provider-aws/issues/2948."""


@dataclass(frozen=True)
class Status:
    code: str
    message: str
    since: float
    by: str = ""
    """The account that caused it, where it matters."""

    @property
    def is_live(self) -> bool:
        return self.code in LIVE

    @property
    def is_dead(self) -> bool:
        return self.code in DEAD


class Timeline:
    """Past and future statuses, in order. There is no timer: the status of a given time is looked up."""

    def __init__(self, *statuses: Status) -> None:
        self._statuses = list(statuses)

    def at(self, instant: float) -> Status:
        return [self._statuses[0], *self._begun(instant)][-1]

    def redirect(self, instant: float, *statuses: Status) -> None:
        """Replace the statuses after this time."""
        self._statuses = [*self._begun(instant), *statuses]

    def _begun(self, instant: float) -> list[Status]:
        return list(takewhile(lambda status: status.since <= instant, self._statuses))


def requested(now: float, accepter: str, pending_after: float) -> Timeline:
    return Timeline(
        Status("initiating-request", f"Initiating Request to {accepter}", now),
        Status("pending-acceptance", f"Pending Acceptance by {accepter}", now + pending_after),
        Status("expired", "Expired", now + EXPIRES_AFTER),
    )


def failing(now: float, accepter: str, failed_after: float) -> Timeline:
    """A request that AWS accepts and then fails, for one of the reasons in the message."""
    return Timeline(Status("initiating-request", f"Initiating Request to {accepter}", now), failed(now + failed_after))


def failed(instant: float) -> Status:
    return Status("failed", FAILED_MESSAGE, instant)


def accepted(now: float, provisioning_for: float) -> tuple[Status, Status]:
    return Status("provisioning", "Provisioning", now), Status("active", "Active", now + provisioning_for)


def rejected(now: float, by: str) -> Status:
    return Status("rejected", "Inactive", now, by)


def deleted(now: float, deleting_for: float, by: str) -> tuple[Status, Status]:
    message = f"Deleted by {by}"
    return Status("deleting", message, now, by), Status("deleted", message, now + deleting_for, by)
