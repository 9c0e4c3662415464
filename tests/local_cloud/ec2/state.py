"""The clock and the settings for all rules: module globals, because moto creates its backends itself."""

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


class Clock:
    """Wall-clock time plus what a test has advanced it by. Every rule about time uses this clock."""

    def __init__(self) -> None:
        self._advanced = 0.0

    def now(self) -> float:
        return time.time() + self._advanced

    def advance(self, seconds: float) -> None:
        self._advanced += seconds

    def reset(self) -> None:
        self._advanced = 0.0


@dataclass
class Quotas:
    """Defaults of "Amazon VPC quotas", https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html."""

    peerings_per_vpc: int = 50
    outstanding_requests: int = 25
    routes_per_table: int = 500


@dataclass
class Settings:
    """How long AWS takes, in seconds. The defaults are short enough for tests and long enough to have an effect.

    A new connection is visible to neither side at once, because EC2's API is eventually consistent. The answer to its
    creation contains it; Describe does not list it, and calls with its id don't find it. In one account and Region there is
    one side only: the requester's.
    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    https://github.com/hashicorp/terraform-provider-aws/issues/30423
    """

    pending_after: float = 0.3
    provisioning_for: float = 0.3
    deleting_for: float = 0.0
    visible_after: float = 0.3
    """For the accepter's side."""
    requester_visible_after: float = 0.2
    """For the requester's side."""
    quotas: Quotas = field(default_factory=Quotas)
    throttling: float = 0.0
    """How many times faster than AWS the buckets of tokens are refilled; 0 for no throttling."""

    # What AWS does not document. The functions have to manage with either.
    denied_while_invisible: bool = False
    """A call about a connection that its side does not see yet is denied, in place of not found."""
    hides_other_options: bool = False
    """The peering options of the other side are not shown across accounts and Regions."""
    hides_requester_blocks: bool = False
    """The requester's blocks appear once the connection is active, too, as the API reference has it ("CIDR block information is
    only returned when describing an active VPC peering connection"); the examples of the AWS CLI show them while it waits.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html
    https://docs.aws.amazon.com/cli/latest/reference/ec2/create-vpc-peering-connection.html
    """
    deletes_while_provisioning: bool = True
    """A connection may be deleted in ``initiating-request`` and ``provisioning``."""
    regions_off: dict[str, list[str]] = field(default_factory=dict)
    """By account, the Regions that it has not enabled: STS makes no session for it there."""

    def update(self, changes: Mapping[str, Any]) -> None:
        changes = dict(changes)
        quotas = dataclasses.replace(self.quotas, **changes.pop("quotas", {}))
        self._assign(dataclasses.replace(self, quotas=quotas, **changes))

    def reset(self) -> None:
        self._assign(Settings())

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def _assign(self, other: "Settings") -> None:
        self.__dict__.update(other.__dict__)


_DEFAULTS = Settings()
UNDOCUMENTED = {
    name: getattr(_DEFAULTS, name)
    for name in (
        "throttling",
        "denied_while_invisible",
        "hides_other_options",
        "hides_requester_blocks",
        "deletes_while_provisioning",
        "regions_off",
    )
}
"""What tests change of these, as it is by default."""

clock = Clock()
settings = Settings()


def iso(instant: float) -> str:
    """An instant as EC2 writes it: 2026-01-31T12:00:00.000Z."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
