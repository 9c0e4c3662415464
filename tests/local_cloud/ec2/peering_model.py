"""A VPC peering connection: its two sides, its timeline, and who may see it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models.vpcs import VPC

from . import cidrs, timeline
from .state import iso, settings
from .timeline import Status, Timeline

Place = tuple[str, str]
"""An account and a Region. Every call of EC2 is made in one place; tags and visibility belong to a place."""


def no_options() -> dict[str, bool]:
    return {
        "AllowDnsResolutionFromRemoteVpc": False,
        "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
        "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    }


@dataclass
class Side:
    """One end. ``vpc`` is None where the VPC does not exist: AWS accepts such a request, and then fails it."""

    owner_id: str
    region: str
    vpc_id: str
    vpc: VPC | None
    options: dict[str, bool] = field(default_factory=no_options)

    @property
    def place(self) -> Place:
        return self.owner_id, self.region

    @property
    def key(self) -> tuple[str, str, str]:
        return self.owner_id, self.region, self.vpc_id

    def blocks(self) -> list[cidrs.Network]:
        return cidrs.blocks_of(self.vpc) if self.vpc else []

    def identity(self) -> dict[str, Any]:
        return {"OwnerId": self.owner_id, "Region": self.region, "VpcId": self.vpc_id}

    def addresses(self) -> dict[str, Any]:
        if self.vpc is None:
            return {}
        ipv4, ipv6 = (cidrs.associated_blocks(self.vpc, ipv6) for ipv6 in (False, True))
        return {
            "CidrBlock": self.vpc.cidr_block,
            "CidrBlockSet": [{"CidrBlock": block} for block in ipv4],
            "Ipv6CidrBlockSet": [{"Ipv6CidrBlock": block} for block in ipv6],
        }


@dataclass
class PeeringConnection:
    id: str
    requester: Side
    accepter: Side
    created_at: float
    visible_to_requester_at: float
    visible_to_accepter_at: float
    timeline: Timeline

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.requester, self.accepter

    @property
    def within_one_account(self) -> bool:
        return self.requester.owner_id == self.accepter.owner_id

    def joins(self, requester: Side, accepter: Side) -> bool:
        """The same two VPCs in the same direction."""
        return (self.requester.key, self.accepter.key) == (requester.key, accepter.key)

    def reverses(self, other: "PeeringConnection") -> bool:
        return self.joins(other.accepter, other.requester)

    def has_vpc(self, vpc_id: str) -> bool:
        return vpc_id in (self.requester.vpc_id, self.accepter.vpc_id)

    def other_side(self, vpc_id: str) -> Side:
        return self.accepter if vpc_id == self.requester.vpc_id else self.requester

    def overlaps(self) -> bool:
        """IPv4 blocks, primary or secondary, must not overlap, nor may IPv6 blocks.

        "VPC peering limitations", https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
        """
        return cidrs.overlap(self.requester.blocks(), self.accepter.blocks())

    def status(self, now: float) -> Status:
        return self.timeline.at(now)

    def is_visible_in(self, place: Place, now: float) -> bool:
        """A new connection becomes visible to each side at a time of its own, and a dead one is hidden again."""
        if place == self.requester.place:
            return now >= self.visible_to_requester_at and not self._is_hidden_again(place, now)
        if place == self.accepter.place:
            return now >= self.visible_to_accepter_at and not self._is_hidden_again(place, now)
        return False

    def _is_hidden_again(self, place: Place, now: float) -> bool:
        status = self.status(now)
        return status.is_dead and now >= status.since + self._visible_for(status, place)

    def _visible_for(self, status: Status, place: Place) -> float:
        """How long a dead connection stays visible: "VPC peering connection lifecycle" in the VPC Peering Guide."""
        if status.code == "failed":
            return 2 * timeline.HOUR if place == self.requester.place else 0
        if status.code == "expired":
            return 2 * timeline.DAY
        if self.within_one_account or place[0] == status.by:
            return 2 * timeline.HOUR
        return 2 * timeline.DAY

    def describe(self, now: float, tags: dict[str, str]) -> dict[str, Any]:
        """As EC2 returns it. The accepter's addresses and all options appear only once the connection is active:
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html
        """
        status = self.status(now)
        requester, accepter = self.requester.identity(), self.accepter.identity()
        if status.code == "active" or not settings.hides_requester_blocks:
            requester |= self.requester.addresses()
        if status.code == "active":
            requester |= {"PeeringOptions": self.requester.options}
            accepter |= self.accepter.addresses() | {"PeeringOptions": self.accepter.options}
        description = {
            "VpcPeeringConnectionId": self.id,
            "Status": {"Code": status.code, "Message": status.message},
            "RequesterVpcInfo": requester,
            "AccepterVpcInfo": accepter,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        if status.code in timeline.WAITING:
            description["ExpirationTime"] = iso(self.created_at + timeline.EXPIRES_AFTER)
        return description


def filter_values(description: dict[str, Any], name: str) -> Iterator[str] | None:
    """The values that the named filter compares, or None where EC2 has no such filter.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcPeeringConnections.html
    """
    tags = {tag["Key"]: tag["Value"] for tag in description["Tags"]}
    if name.startswith("tag:"):
        return _present(tags.get(name.removeprefix("tag:")))
    if name == "tag-key":
        return iter(tags)
    path = _FILTERS.get(name)
    if path is None:
        return None
    value: Any = description
    for step in path:
        value = value.get(step, {})
    return _present(value)


def _present(value: Any) -> Iterator[str]:
    return iter([value] if isinstance(value, str) else [])


_FILTERS = {
    f"{side}-vpc-info.{name}": (f"{side.capitalize()}VpcInfo", key)
    for side in ("requester", "accepter")
    for name, key in (("cidr-block", "CidrBlock"), ("owner-id", "OwnerId"), ("vpc-id", "VpcId"))
} | {
    "expiration-time": ("ExpirationTime",),
    "status-code": ("Status", "Code"),
    "status-message": ("Status", "Message"),
    "vpc-peering-connection-id": ("VpcPeeringConnectionId",),
}
