"""Somebody who changes the tags of all VPCs at random, by a seed. What is changed doesn't depend on how the network stands."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple

from end_to_end.chaos.owned import ACCOUNTS, ADMITTED, Owned, are_asked_for, overlap
from end_to_end.chaos.sizes import Size
from end_to_end.chaos.world import ADOPTED, EXCLUDED, World

ATTEMPTS = 1000
"""Until a change is found that takes away no more than may be."""


class Change(NamedTuple):
    vpc: Owned
    field: str
    value: Any


class Owner:
    def __init__(self, world: World, size: Size, seed: str) -> None:
        self._world, self._size, self._random = world, size, random.Random(seed)
        self._written = {vpc.id: vpc.tags() for vpc in world.vpcs}
        self.changes: Counter[str] = Counter()
        """By what was changed."""
        self.removals = 0
        """How many times tags ceased to ask for a pair."""
        every = [(one, other) for one, other in combinations(world.vpcs, 2) if (one.number, other.number) != ADOPTED]
        adopted = (world.vpcs[ADOPTED[0]], world.vpcs[ADOPTED[1]])
        self._pairs = [adopted, *self._random.sample(every, size.pairs - 1)]
        self._kinds: dict[str, tuple[int, Callable[[], Change]]] = {
            "peer": (50, self._peer),
            "accept": (15, self._accept),
            "group": (15, self._group),
            "routes": (7, self._routes),
            "dns": (5, self._dns),
            "exclude": (4, self._exclude),
            "block": (4, self._block),
        }

    def change_something(self) -> None:
        """By one call of EC2 about one VPC."""
        weights = [weight for weight, _ in self._kinds.values()]
        for _ in range(ATTEMPTS):
            [kind] = self._random.choices(list(self._kinds), weights)
            change = self._kinds[kind][1]()
            before, asked_for = getattr(change.vpc, change.field), self._asked_for()
            if change.value == before:
                continue
            setattr(change.vpc, change.field, change.value)
            removed = len(asked_for - self._asked_for())
            if self._size.removals is None or self.removals + removed <= self._size.removals:
                self.removals += removed
                self.changes[kind] += 1
                self._write(change)
                return
            setattr(change.vpc, change.field, before)
        raise AssertionError("every change takes away too much")

    def lift_exclusions(self) -> None:
        """But for the one that there was from the beginning: what is excluded now may stand or not."""
        for vpc in self._world.vpcs:
            if vpc.is_excluded and vpc.number != EXCLUDED:
                vpc.is_excluded = False
                self._write(Change(vpc, "is_excluded", False))

    def _asked_for(self) -> set[tuple[str, str]]:
        """The pairs that tags ask for and EC2 allows."""
        pairs = combinations(self._world.vpcs, 2)
        groups = self._world.groups
        return {(a.id, b.id) for a, b in pairs if are_asked_for(a, b, groups) and not overlap(a, b)}

    def _write(self, change: Change) -> None:
        vpc = change.vpc.vpc
        if change.field == "blocks":
            vpc.add_block(change.value[-1])
        before, tags = self._written[vpc.id], change.vpc.tags()
        if gone := [{"Key": key} for key in before.keys() - tags.keys()]:
            vpc.ec2.delete_tags(Resources=[vpc.id], Tags=gone)
        if new := [{"Key": key, "Value": value} for key, value in tags.items() if before.get(key) != value]:
            vpc.ec2.create_tags(Resources=[vpc.id], Tags=new)
        self._written[vpc.id] = tags

    def _any(self) -> Owned:
        return self._random.choice(self._world.vpcs)

    def _peer(self) -> Change:
        """One of the pairs begins to be asked for, by either end, or an end no longer asks."""
        ends = list(self._random.choice(self._pairs))
        self._random.shuffle(ends)
        asking = [(end, peer) for end, peer in (ends, ends[::-1]) if peer.id in end.peers]
        if asking and self._random.random() < 0.5:
            end, peer = asking[0]
            return Change(end, "peers", {id_: word for id_, word in end.peers.items() if id_ != peer.id})
        end, peer = ends
        return Change(end, "peers", {**end.peers, peer.id: peer.word})

    def _accept(self) -> Change:
        vpc = self._any()
        account = self._random.choice([each for each in ACCOUNTS if each != vpc.account])
        is_to_accept = self._random.random() < 0.7
        return Change(vpc, "accepts", vpc.accepts | {account} if is_to_accept else vpc.accepts - {account})

    def _group(self) -> Change:
        """A VPC joins a group, gets another role there, or leaves it."""
        vpc, number = self._any(), self._random.randrange(len(ADMITTED))
        name, roles = self._world.groups[number], vpc.roles
        if name in roles and self._random.random() < 0.4:
            return Change(vpc, "roles", {group: role for group, role in roles.items() if group != name})
        return Change(vpc, "roles", {**roles, name: self._random.choice([*ADMITTED[number], "spoke"])})

    def _routes(self) -> Change:
        return Change(self._any(), "routes", self._random.choice(["", "all", "main"]))

    def _dns(self) -> Change:
        vpc = self._random.choice([vpc for vpc in self._world.vpcs if not vpc.is_fixed])
        return Change(vpc, "dns", self._random.choice(["", "on", "off"]))

    def _exclude(self) -> Change:
        excluded = [vpc for vpc in self._world.vpcs if vpc.is_excluded and vpc.number != EXCLUDED]
        if excluded and self._random.random() < 0.6:
            return Change(self._random.choice(excluded), "is_excluded", False)
        return Change(self._random.choice([vpc for vpc in self._world.vpcs if not vpc.is_excluded]), "is_excluded", True)

    def _block(self) -> Change:
        """A VPC gets one more block, once; without an event."""
        vpc = self._random.choice([vpc for vpc in self._world.vpcs if not vpc.is_fixed])
        block = f"10.{100 + vpc.number}.0.0/16"
        return Change(vpc, "blocks", vpc.blocks) if block in vpc.blocks else Change(vpc, "blocks", [*vpc.blocks, block])
