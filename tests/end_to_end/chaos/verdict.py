"""The network as EC2 describes it, beside what the tags ask for: every difference, as a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from end_to_end.chaos.owned import Owned, are_to_peer, resolve_names, routes
from end_to_end.chaos.world import (
    Described,
    World,
    as_json,
    described_connections,
    described_tables,
    described_vpcs,
    descriptions,
    without_local_ones,
)
from end_to_end.ledger import Item, Ledger
from end_to_end.network import Network
from end_to_end.vpc import LIVE

LEASE = ("Holder", "Since", "Makers", "PendingA", "PendingB", "Again")
"""Attributes of a pair that an execution works on, or has left half done."""


@dataclass(frozen=True)
class Between:
    """A pair, and the live connections between the two."""

    one: Owned
    other: Owned
    are_to_peer: bool
    connections: list[Described]

    @property
    def name(self) -> str:
        return f"{self.one.name} ({self.one.word}) and {self.other.name} ({self.other.word})"


def differences(network: Network, world: World, ledger: Ledger) -> list[str]:
    """None where the network is what the tags ask for, and nothing of somebody else's has changed."""
    live = _live(network)
    pairs = list(_pairs(world, live))
    found = [sentence for pair in pairs for sentence in _connected(world, pair)]
    found += [f"{sorted(ends)} have {sorted(made)}" for ends, made in live.items() if _is_unknown(world, ends, set(made))]
    found += _routed(network, world, pairs)
    found += _tagged(network, world)
    found += _foreign_connections(network, world)
    return found + leases(ledger, world)


def expected_pairs(world: World) -> int:
    return sum(are_to_peer(one, other, world.groups) for one, other in combinations(world.vpcs, 2))


def leases(ledger: Ledger, world: World) -> list[str]:
    """What is held, or left half done, of the pairs of the run; and the groups, if a run holds them."""
    concerned = [item for item in ledger.items() if item["Pair"] == "groups" or any(id_ in item["Pair"] for id_ in world.ids)]
    return [f"the ledger's item {item['Pair']} has {left}: {item}" for item in concerned if (left := _left(item))]


def _left(item: Item) -> str:
    return ", ".join(name for name in LEASE if name in item)


def _live(network: Network) -> dict[frozenset[str], dict[str, Described]]:
    """The live connections by their two VPCs and their ids."""
    live: dict[frozenset[str], dict[str, Described]] = {}
    for each in described_connections(network):
        if each["Status"]["Code"] in LIVE:
            ends = frozenset(each[side]["VpcId"] for side in ("RequesterVpcInfo", "AccepterVpcInfo"))
            live.setdefault(ends, {})[each["VpcPeeringConnectionId"]] = each
    return live


def _is_unknown(world: World, ends: frozenset[str], made: set[str]) -> bool:
    """Whether they are connections of a VPC of the run with another one, and nobody had made them."""
    vpcs = {*world.ids, world.bystander.id}
    return bool(ends & vpcs) and not ends <= world.ids and not made <= set(world.connections)


def _pairs(world: World, live: dict[frozenset[str], dict[str, Described]]) -> Iterator[Between]:
    for one, other in combinations(world.vpcs, 2):
        found = list(live.get(frozenset((one.id, other.id)), {}).values())
        yield Between(one, other, are_to_peer(one, other, world.groups), found)


def _connected(world: World, pair: Between) -> Iterator[str]:
    """Exactly one connection where there is to be one, and it is active; else none but somebody else's."""
    ours = [each for each in pair.connections if each["VpcPeeringConnectionId"] not in world.connections]
    if not pair.are_to_peer:
        yield from (f"{pair.name} have {as_json(each)}, and nothing asks for it" for each in ours)
        return
    if len(pair.connections) != 1:
        yield f"{pair.name} have {len(pair.connections)} connections: {as_json(pair.connections)}"
        return
    [connection] = pair.connections
    if (code := connection["Status"]["Code"]) != "active":
        yield f"the connection of {pair.name} is {code}: {as_json(connection)}"
    sides = [connection[side].get("PeeringOptions", {}) for side in ("RequesterVpcInfo", "AccepterVpcInfo")]
    if resolve_names(pair.one, pair.other) and not all(side.get("AllowDnsResolutionFromRemoteVpc") for side in sides):
        yield f"DNS names of {pair.name} are not resolved: {as_json(connection)}"


def _routed(network: Network, world: World, pairs: list[Between]) -> Iterator[str]:
    """Every table has the routes that it is to have, each of them active, and those of somebody else as they were."""
    wanted: dict[str, set[tuple[str, str, str]]] = {}
    for pair in pairs:
        if not pair.are_to_peer or len(pair.connections) != 1:
            continue
        connection = pair.connections[0]["VpcPeeringConnectionId"]
        for table, block in routes(pair.one, pair.other) | routes(pair.other, pair.one):
            wanted.setdefault(table, set()).add((block, connection, "active"))
    for each in described_tables(network, world):
        table, described = each["RouteTableId"], without_local_ones(each)
        if (tags := as_json(each["Tags"])) != world.table_tags[table]:
            yield f"table {table} had the tags {world.table_tags[table]} and has {tags}"
        foreign = {as_json(route) for route in described} & world.routes[table]
        if lost := world.routes[table] - foreign:
            yield f"table {table} has lost what somebody else wrote: {sorted(lost)}"
        rest = {_short(route) for route in described if as_json(route) not in foreign}
        if missing := wanted.get(table, set()) - rest:
            yield f"table {table} lacks {sorted(missing)}"
        if surplus := rest - wanted.get(table, set()):
            yield f"table {table} has {sorted(surplus)}, and nothing asks for it"


def _short(route: Described) -> tuple[str, str, str]:
    """Destination, target and state."""
    target = route.get("VpcPeeringConnectionId") or route.get("GatewayId") or as_json(route)
    return (route.get("DestinationCidrBlock", ""), target, route["State"])


def _tagged(network: Network, world: World) -> Iterator[str]:
    """Of the tags of a VPC only the statuses aren't its owner's."""
    described = {vpc["VpcId"]: vpc.get("Tags", []) for vpc in described_vpcs(network)}
    for vpc in world.vpcs:
        found = {tag["Key"]: tag["Value"] for tag in described[vpc.id] if not tag["Key"].startswith("isthmus:status:")}
        if found != vpc.tags():
            yield f"{vpc.name} has the tags {found} in place of {vpc.tags()}"
    if described[world.bystander.id]:
        yield f"a VPC of nobody has the tags {described[world.bystander.id]}"


def _foreign_connections(network: Network, world: World) -> Iterator[str]:
    for connection, now in descriptions(network, world.connections).items():
        if now != world.connections[connection]:
            yield f"somebody else's {connection} was {sorted(world.connections[connection])} and is {sorted(now)}"
