"""A VPC of the run: what its owner has tagged it with, and what that says. Nothing here asks the code under test."""

from dataclasses import dataclass, field
from ipaddress import ip_network

from end_to_end.network import HUB, MEMBER, Vpc

OTHER_MEMBER = "111111111111"
ACCOUNTS = (HUB, MEMBER, OTHER_MEMBER)
EVERYBODY = ("*",)

ADMITTED: tuple[dict[str, tuple[str, ...]], ...] = (
    {"hub": (HUB,), "spoke": EVERYBODY},
    {"mesh": (HUB, MEMBER)},
    {"hub": ACCOUNTS, "mesh": ACCOUNTS, "spoke": EVERYBODY},
)
"""Of each of the three groups, whose VPCs `GroupAccounts` admits in which role."""


@dataclass
class Owned:
    """A VPC, and the tags that its owner wants it to have."""

    vpc: Vpc
    number: int
    tables: list[str]
    """The main one first."""
    blocks: list[str]
    advertised: list[str]
    """Empty for all blocks."""
    name: str
    is_fixed: bool = False
    """It has a connection of somebody else, whose description has its blocks and options: these don't change."""
    peers: dict[str, str] = field(default_factory=dict)
    """By VPC id, the word that names it."""
    accepts: set[str] = field(default_factory=set)
    """Accounts."""
    roles: dict[str, str] = field(default_factory=dict)
    """By group."""
    routes: str = ""
    dns: str = ""
    is_excluded: bool = False

    @property
    def id(self) -> str:
        return self.vpc.id

    @property
    def account(self) -> str:
        return self.vpc.account

    @property
    def word(self) -> str:
        return f"{self.id}@{self.vpc.region}@{self.account}"

    def tags(self) -> dict[str, str]:
        tags = {
            "Name": self.name,
            "isthmus:accept": " ".join(sorted(self.accepts)),
            "isthmus:group": " ".join(f"{name}:{role}" for name, role in sorted(self.roles.items())),
            "isthmus:routes": self.routes,
            "isthmus:dns": self.dns,
            "isthmus:advertise": " ".join(self.advertised),
            "isthmus:exclude": "true" if self.is_excluded else "",
            **{f"isthmus:peer:{peer}": word for peer, word in self.peers.items()},
        }
        return {key: value for key, value in tags.items() if value}

    def consents(self, peer: "Owned") -> bool:
        return self.account == peer.account or peer.id in self.peers or peer.account in self.accepts

    def routed_tables(self) -> list[str]:
        return self.tables[:1] if self.routes == "main" else self.tables


def overlap(one: Owned, other: Owned) -> bool:
    return any(ip_network(block).overlaps(ip_network(peer_block)) for block in one.blocks for peer_block in other.blocks)


def are_asked_for(one: Owned, other: Owned, groups: list[str]) -> bool:
    """Whether tags ask for the pair, and both owners consent."""
    by_peer_tag = (other.id in one.peers and other.consents(one)) or (one.id in other.peers and one.consents(other))
    return by_peer_tag or any(_share(one, other, name, admitted) for name, admitted in zip(groups, ADMITTED, strict=True))


def are_to_peer(one: Owned, other: Owned, groups: list[str]) -> bool:
    is_possible = not (overlap(one, other) or one.is_excluded or other.is_excluded)
    return is_possible and are_asked_for(one, other, groups)


def resolve_names(one: Owned, other: Owned) -> bool:
    """Whether tags turn on DNS resolution. What is on already stays on."""
    said = {one.dns, other.dns}
    return "on" in said and "off" not in said


def routes(one: Owned, other: Owned) -> set[tuple[str, str]]:
    """Table and destination of every route from the one to the other."""
    destinations = other.advertised or other.blocks
    return {(table, block) for table in one.routed_tables() for block in destinations}


def _share(one: Owned, other: Owned, name: str, admitted: dict[str, tuple[str, ...]]) -> bool:
    """Whether that group makes the pair."""
    if name not in one.roles or name not in other.roles:
        return False
    roles = [one.roles[name], other.roles[name]]
    if "hub" not in roles and roles != ["mesh", "mesh"]:
        return False
    are_admitted = all(_admits(admitted, vpc.roles[name], vpc.account) for vpc in (one, other))
    return one.account == other.account or are_admitted or (one.consents(other) and other.consents(one))


def _admits(admitted: dict[str, tuple[str, ...]], role: str, account: str) -> bool:
    accounts = admitted.get(role, ())
    return accounts == EVERYBODY or account in accounts


def group_accounts(groups: list[str]) -> str:
    """The stack's parameter."""
    words = zip(groups, ADMITTED, strict=True)
    return " ".join(f"{name}:{role}={','.join(accounts)}" for name, roles in words for role, accounts in roles.items())
