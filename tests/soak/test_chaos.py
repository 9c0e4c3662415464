"""Chaos for `SECONDS`, an hour by default, seeded by `SEED`; the figures go to docs/RELIABILITY.md."""

import datetime
import os
from collections.abc import Iterator

import pytest
from end_to_end.chaos.owned import group_accounts
from end_to_end.chaos.report import write
from end_to_end.chaos.run import Run
from end_to_end.chaos.sizes import large
from end_to_end.chaos.world import build
from end_to_end.clients import setting
from end_to_end.conftest import reset
from end_to_end.ledger import Ledger
from end_to_end.network import Network
from end_to_end.sweeping import Sweep
from local_cloud.deployed import REPOSITORY, deployed

SEED = os.environ.get("SEED") or datetime.date.today().isoformat()
SIZE = large(seconds=float(os.environ.get("SECONDS") or 3600))
GROUPS = ["one", "two", "three"]


@pytest.fixture
def cloud() -> Iterator[dict[str, str]]:
    """One of its own. The calls of an hour are too many to evaluate the policies for each: the small run does that."""
    with deployed(REPOSITORY / ".local" / "test" / "chaos") as variables, setting(variables, GROUP_ACCOUNTS=group_accounts(GROUPS)):
        yield variables


def test_after_long_chaos_one_sweep_makes_the_network_what_the_tags_ask_for(cloud: dict[str, str]) -> None:
    network, ledger = Network(cloud), Ledger(cloud)
    reset(network)
    world = build(network, SIZE.vpcs, GROUPS)
    result = Run(cloud, network, ledger, Sweep(cloud), world).carry_out(SIZE, SEED)
    write(result)
    assert result.differences == []
    assert result.dead_letters["unaccounted for"] == 0
