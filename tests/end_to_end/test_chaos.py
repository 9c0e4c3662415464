"""Everything at once: events lost, calls throttled and failed, functions killed, and tags that change all the while.

The seed is fixed; `SEED` chooses another one. A run for an hour is in `tests/soak`.
"""

import json
import os
from collections.abc import Iterator
from itertools import combinations

import pytest

from .chaos.owned import are_to_peer, group_accounts, overlap, routes
from .chaos.run import Run
from .chaos.sizes import SMALL
from .chaos.verdict import differences
from .chaos.world import ROUTED_TO_THE_INTERNET, World, build
from .clients import client, setting
from .grouping import unused_name
from .ledger import Ledger
from .network import HERE, HUB, Network
from .sweeping import Sweep

SEED = os.environ.get("SEED") or "21"


@pytest.fixture
def world(environment: dict[str, str], network: Network, ledger: Ledger) -> Iterator[World]:
    groups = [unused_name() for _ in range(3)]
    with setting(environment, GROUP_ACCOUNTS=group_accounts(groups)):
        world = build(network, SMALL.vpcs, groups)
        yield world
        forget(network, ledger, world)


def forget(network: Network, ledger: Ledger, world: World) -> None:
    """The VPCs of this run mean no work for the sweeps and the groups of later tests."""
    network.control.set_event_rates(Dropped=1)
    for vpc in world.vpcs:
        vpc.vpc.untag(*vpc.vpc.tags())
    network.control.set_event_rates()
    for item in ledger.items():
        if any(id_ in item["Pair"] for id_ in world.ids):
            ledger.table.delete_item(Key={"Pair": item["Pair"]})


def spoil(network: Network, ledger: Ledger, world: World) -> None:
    """What a run must not leave, of each kind one thing."""
    pairs = [(one, other) for one, other in combinations(world.vpcs, 2) if not (one.is_fixed or other.is_fixed)]
    one, other = next(pair for pair in pairs if are_to_peer(*pair, world.groups))
    table, block = min(routes(one, other))
    one.vpc.ec2.delete_route(RouteTableId=table, DestinationCidrBlock=block)
    one.vpc.ec2.create_tags(Resources=[table, one.id], Tags=[{"Key": "team", "Value": "another"}])
    ledger.change(one.vpc, other.vpc, Holder=f"arn:aws:states:{HERE}:{HUB}:execution:isthmus-peering:another")
    routed = world.vpcs[ROUTED_TO_THE_INTERNET].vpc
    routed.ec2.delete_route(RouteTableId=routed.main_table, DestinationCidrBlock="0.0.0.0/0")
    world.bystander.ec2.create_tags(Resources=list(world.connections), Tags=[{"Key": "Name", "Value": "ours"}])
    one, other = next(pair for pair in pairs if not are_to_peer(*pair, world.groups) and not overlap(*pair))
    network.peer_manually(one.vpc, other.vpc)


def test_after_a_small_chaos_one_sweep_makes_the_network_what_the_tags_ask_for(
    environment: dict[str, str], network: Network, ledger: Ledger, sweep: Sweep, world: World
) -> None:
    run = Run(environment, network, ledger, sweep, world)
    result = run.carry_out(SMALL, SEED)
    print(json.dumps(result.as_document(), indent=2))
    assert result.differences == []
    assert result.dead_letters["unaccounted for"] == 0
    disturbances = result.disturbances
    assert result.peered and disturbances.killed and disturbances.stopped
    assert all(disturbances.events[each] for each in ("Dropped", "Doubled", "Late"))
    assert all(disturbances.ec2_calls.values()), "each kind of fault has struck"

    spoil(network, ledger, world)
    poison = json.dumps({"requestPayload": {"resources": ["of nobody"]}})
    client(environment, "sqs").send_message(QueueUrl=environment["DEAD_LETTER_QUEUE_URL"], MessageBody=poison)
    assert run.account_for_dead_letters()["unaccounted for"] == 1
    found = differences(network, world, ledger)
    for wrong in ("lacks", "has lost", "nothing asks for it", "had the tags", "in place of", "somebody else's", "has Holder"):
        assert any(wrong in sentence for sentence in found), f"{wrong!r} would have been seen"
