"""The scenarios. Each is in VPCs of its own, of which what is foreign must never change."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from end_to_end.executions import Machine
from end_to_end.faults.worlds import Ending, Facts, Foreign, World, connection_fact, dns_fact, ending, route_fact, told
from end_to_end.grouping import Groups, unused_name
from end_to_end.ledger import Ledger
from end_to_end.network import HERE, HUB, MEMBER, THERE, VENDOR, Network, Vpc, request, wait_until
from end_to_end.sweeping import Sweep, refused

BLOCKS = [f"10.{number}.0.0/16" for number in range(1, 5)]
BLOCK, PEER_BLOCK = BLOCKS[:2]
BY_HAND = "10.2.128.0/17"
"""The destination of a route that somebody else has written to an adopted connection."""
KILLED = "Runtime.ExitError"
"""What Lambda answers to the caller of a function that was killed. Of the sweep, which no machine calls, that is all there is."""


@dataclass(frozen=True)
class Tools:
    """What the scenarios are made of and started with."""

    network: Network
    ledger: Ledger
    machine: Machine
    teardown: Machine
    groups: Groups
    sweep: Sweep


Scenario = Callable[[Tools], World]


def same_region(tools: Tools) -> World:
    return _new_peering(tools, HERE, HUB)


def two_regions(tools: Tools) -> World:
    return _new_peering(tools, THERE, HUB)


def two_accounts(tools: Tools) -> World:
    return _new_peering(tools, THERE, MEMBER)


def external_account(tools: Tools) -> World:
    """The vendor has asked; an execution accepts, and routes our side. Theirs is not ours to undo."""
    vpc, vendor = _pair(tools, HERE, VENDOR)
    foreign = Foreign(tools.network, vpc, vendor)
    _tag(tools, vpc, isthmus__accept=vendor.id)
    tools.network.peer_manually(vendor, vpc, accept=False)
    routes = _routes(vpc, PEER_BLOCK)
    desired = routes | {connection_fact(vpc.id, vendor.id, "active")}
    world = _by_machine(tools, foreign, vpc, vendor, desired, new=[routes])
    world.leave = partial(_untag, tools, vpc, "isthmus:accept")
    return world


def adoption(tools: Tools) -> World:
    """Somebody has peered the two, and written a route."""
    vpc, peer = _pair(tools, THERE, HUB)
    foreign = Foreign(tools.network, vpc, peer)
    pcx = tools.network.peer_manually(vpc, peer)
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=BY_HAND, VpcPeeringConnectionId=pcx)
    vpc.ec2.create_tags(Resources=[pcx], Tags=[{"Key": "owner", "Value": "somebody else"}])
    desired = _peered(vpc, peer)
    world = _by_machine(tools, foreign, vpc, peer, desired | {route_fact(vpc.main_table, BY_HAND)}, new=[desired])
    world.adopted = pcx
    return world


def drift(tools: Tools) -> World:
    """A route was deleted, and each VPC has another table."""
    vpc, peer, foreign = _established(tools)
    vpc.ec2.delete_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK)
    vpc.table(), peer.table()
    return _by_machine(tools, foreign, vpc, peer, _peered(vpc, peer))


def dns_resolution(tools: Tools) -> World:
    vpc, peer = _pair(tools, THERE, HUB)
    for each in (vpc, peer):
        each.change_dns(EnableDnsSupport=True)
        each.change_dns(EnableDnsHostnames=True)
    foreign, desired = Foreign(tools.network, vpc, peer), _peered(vpc, peer) | {dns_fact(each.id) for each in (vpc, peer)}
    return _by_machine(tools, foreign, vpc, peer, desired, new=[desired], DnsResolution=True)


def changed_selection(tools: Tools) -> World:
    """Two of the tables that have routes are no longer selected."""
    vpc, peer, foreign = _established(tools, tables=2)
    desired = _peered(vpc, peer) - _routes(vpc, PEER_BLOCK) | {route_fact(vpc.main_table, PEER_BLOCK)}
    return _by_machine(tools, foreign, vpc, peer, desired, Routes={"Tables": "main"})


def teardown(tools: Tools) -> World:
    vpc, peer, foreign = _established(tools, tables=1)

    def act() -> list[Ending]:
        return [ending(tools.teardown.run(vpc.end() | peer.end("Peer")))]

    return World(tools.ledger, foreign, [(vpc, peer)], set(), act)


def group_of_four(tools: Tools) -> World:
    """A mesh in two Regions."""
    members = _vpcs(tools, [(HERE, HUB), (HERE, HUB), (THERE, HUB), (THERE, HUB)])
    foreign, group = Foreign(tools.network, *members), unused_name()
    tools.groups.join(group, *members)
    pairs = list(itertools.combinations(members, 2))
    block_of = dict(zip([each.id for each in members], BLOCKS, strict=True))
    peerings = [_peered(*pair, block_of[pair[0].id], block_of[pair[1].id]) for pair in pairs]

    def act() -> list[Ending]:
        execution = tools.groups.machine.run({"Groups": [group]})
        refusals = [each for report in execution.output.get("Groups", []) for each in report["Refused"]]
        return [ending(execution), Ending(told=told(execution.output.get("Left"), refusals))]

    return World(tools.ledger, foreign, pairs, set().union(*peerings), act, new=peerings, leave=tools.groups.leave)


def the_sweep(tools: Tools) -> World:
    """It finds a tag whose event was lost, and starts an execution."""
    vpc, peer = _pair(tools, THERE, MEMBER)
    foreign, desired, seen = Foreign(tools.network, vpc, peer), _peered(vpc, peer), set[str]()
    _tag(tools, vpc, isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")

    def act(**task: Any) -> list[Ending]:
        error, answer = tools.sweep.attempt(**task)
        tools.network.settle()
        arns = {arn for one, other in ((vpc, peer), (peer, vpc)) for arn in tools.machine.executions(f"{one.id}_{other.id}")}
        endings = [ending(tools.machine.wait(arn)) for arn in sorted(arns - seen)]
        seen.update(arns)
        answered = told(answer) if error else told(refused(answer, vpc), answer["Unreachable"], answer["Left"])
        return [Ending("" if error == KILLED else error, answered), *endings]

    def again() -> list[Ending]:
        """Where a dead execution holds the pair, one sweep starts the clean-up, and the next one sets up."""
        if tools.ledger.holder(vpc, peer):
            tools.sweep()
            wait_until(lambda: tools.ledger.holder(vpc, peer) is None, "the pair is cleaned up after")
        return act(Retry=True)

    leave = partial(_untag, tools, vpc, "isthmus:peer")
    return World(tools.ledger, foreign, [(vpc, peer)], desired, act, again, new=[desired], leave=leave)


SCENARIOS: dict[str, Scenario] = {
    each.__name__.replace("_", " "): each
    for each in (
        same_region,
        two_regions,
        two_accounts,
        external_account,
        adoption,
        drift,
        dns_resolution,
        changed_selection,
        teardown,
        group_of_four,
        the_sweep,
    )
}


def _pair(tools: Tools, region: str, account: str) -> tuple[Vpc, Vpc]:
    vpc, peer = _vpcs(tools, [(HERE, HUB), (region, account)])
    return vpc, peer


def _vpcs(tools: Tools, places: list[tuple[str, str]]) -> list[Vpc]:
    """One in each of these Regions and accounts, with ids in ascending order: that order decides which end asks the other, and so
    where calls are made.
    """
    share = 16 // len(places)
    return [_vpc(tools, BLOCKS[number], *place, range(number * share, (number + 1) * share)) for number, place in enumerate(places)]


def _vpc(tools: Tools, block: str, region: str, account: str, first_digits: range) -> Vpc:
    """Its id begins with one of these hexadecimal digits."""
    while True:
        vpc = tools.network.vpc(block, region=region, account=account, consents=account == MEMBER)
        if int(vpc.id.removeprefix("vpc-")[0], 16) in first_digits:
            return vpc
        vpc.ec2.delete_vpc(VpcId=vpc.id)


def _tag(tools: Tools, vpc: Vpc, **tags: str) -> None:
    """Sets the tag, and no function hears of it."""
    tools.network.control.disturb_events(drop=1)
    vpc.tag(**tags)


def _untag(tools: Tools, vpc: Vpc, key: str) -> None:
    """Likewise."""
    tools.network.control.disturb_events(drop=1)
    vpc.untag(key)


def _new_peering(tools: Tools, region: str, account: str) -> World:
    vpc, peer = _pair(tools, region, account)
    vpc.table()
    foreign, desired = Foreign(tools.network, vpc, peer), _peered(vpc, peer)
    return _by_machine(tools, foreign, vpc, peer, desired, new=[desired])


def _established(tools: Tools, tables: int = 0) -> tuple[Vpc, Vpc, Foreign]:
    """Two VPCs, each with so many more tables, peered by an execution."""
    vpc, peer = _pair(tools, THERE, HUB)
    for _ in range(tables):
        vpc.table(), peer.table()
    foreign = Foreign(tools.network, vpc, peer)
    tools.machine.run(request(vpc, peer)).succeeded()
    return vpc, peer, foreign


def _by_machine(
    tools: Tools, foreign: Foreign, vpc: Vpc, peer: Vpc, desired: Facts, new: list[Facts] | None = None, **fields: Any
) -> World:
    """An execution of the peering machine asks for it."""

    def act() -> list[Ending]:
        return [ending(tools.machine.run(request(vpc, peer, **fields)))]

    return World(tools.ledger, foreign, [(vpc, peer)], desired, act, new=new or [])


def _peered(vpc: Vpc, peer: Vpc, block: str = BLOCK, peer_block: str = PEER_BLOCK) -> Facts:
    """An active connection, and a route to it in every table of both."""
    return {connection_fact(vpc.id, peer.id, "active")} | _routes(vpc, peer_block) | _routes(peer, block)


def _routes(vpc: Vpc, destination: str) -> Facts:
    return {route_fact(table, destination) for table in vpc.tables()}
