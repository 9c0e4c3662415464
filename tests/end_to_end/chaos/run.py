"""One run: tags change while everything goes wrong, then it is quiet, then the sweep runs once."""

import json
import random
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from end_to_end.chaos.disturbances import Disturbances, disturbed
from end_to_end.chaos.owner import Owner
from end_to_end.chaos.sizes import Size
from end_to_end.chaos.stack import Stack
from end_to_end.chaos.verdict import differences, expected_pairs
from end_to_end.chaos.world import World
from end_to_end.clients import client
from end_to_end.faults.trial import error_names
from end_to_end.ledger import Ledger
from end_to_end.network import Network
from end_to_end.sweeping import Sweep

LONGER_THAN_A_LANE_WRITES = 320  # seconds
MOST_RELEASES = 5


@dataclass
class Result:
    """What a run was, and what it left."""

    seed: str
    size: Size
    changes: dict[str, int]
    removals: int
    disturbances: Disturbances
    sweeps_meanwhile: int
    """While tags changed."""
    peered: int
    """Pairs that are peered in the end, for the tags ask for them."""
    started_by_sweep: int
    releases: int
    """Sweeps after the one in the end, to release what the brake still held."""
    executions: dict[str, dict[str, int]]
    dead_letters: dict[str, int]
    told_later: int
    """Pairs that can't be peered and that stood until that sweep, of which the next one told their owners."""
    differences: list[str]
    """Between the network and what the tags ask for. None, or something is wrong."""

    def as_document(self) -> dict[str, Any]:
        return asdict(self)


class Run:
    def __init__(self, environment: dict[str, str], network: Network, ledger: Ledger, sweep: Sweep, world: World) -> None:
        self.network, self.ledger, self.sweep, self.world = network, ledger, sweep, world
        self._environment, self._stack = environment, Stack(environment, network)
        self._lambda = client(environment, "lambda")

    def carry_out(self, size: Size, seed: str) -> Result:
        owner = Owner(self.world, size, seed)
        self._stack.forget_dead_letters()
        _say("tags change")
        with disturbed(self.network, self._environment, self._stack, size, seed) as disturbances:
            sweeps = self._change_tags(owner, size, seed)
        _say("nothing goes wrong any more")
        owner.lift_exclusions()
        self._stack.wait_until_idle()
        _say("the sweep")
        # An hour lies between two sweeps: nobody holds a pair any more whose execution is dead.
        self.network.services.advance(LONGER_THAN_A_LANE_WRITES)
        # What failed more than once would wait for an hour or more.
        summary = self.sweep(Retry=True, **size.released)
        self._stack.wait_until_idle()
        releases = self._release_the_rest(size) if size.released else 0
        _say("the network is compared with the tags")
        drift = self._drift()
        found = self.differences(drift)
        told_later = len(refusals(drift))
        if told_later:
            self.sweep(**size.released)
            self._stack.wait_until_idle()
            found += [f"nobody is told of {each}" for each in refusals(self._drift())]
        return Result(
            seed=seed,
            size=size,
            changes=dict(owner.changes),
            removals=owner.removals,
            disturbances=disturbances,
            sweeps_meanwhile=sweeps,
            peered=expected_pairs(self.world),
            started_by_sweep=len(summary["Started"]),
            releases=releases,
            executions=self._stack.executions(),
            dead_letters=self.account_for_dead_letters(),
            told_later=told_later,
            differences=found,
        )

    def differences(self, drift: list[dict[str, str]]) -> list[str]:
        """By our own count, and what the sweep would still change."""
        to_change = [each for each in drift if each not in refusals(drift)]
        return differences(self.network, self.world, self.ledger) + [f"the sweep finds {each}" for each in to_change]

    def _drift(self) -> list[dict[str, str]]:
        return [each for each in self.sweep(DryRun=True)["Drift"] if {each["VpcId"], each["PeerVpcId"]} <= self.world.ids]

    def _change_tags(self, owner: Owner, size: Size, seed: str) -> int:
        """How many sweeps began meanwhile. They are started as the schedule does, which waits for none."""
        chance, began, sweeps = random.Random(seed), time.monotonic(), 0
        while (passed := time.monotonic() - began) < size.seconds:
            if passed > (sweeps + 1) * size.seconds_between_sweeps:
                name, task = self._environment["SWEEP_FUNCTION_NAME"], json.dumps(size.released)
                self._lambda.invoke(FunctionName=name, InvocationType="Event", Payload=task)
                sweeps += 1
            owner.change_something()
            time.sleep(chance.expovariate(1 / size.pause))
        return sweeps

    def _release_the_rest(self, size: Size) -> int:
        """What the first sweep noticed itself is held as well, where the brake is in force: only a later one releases it."""
        for releases in range(MOST_RELEASES):
            if self.sweep(DryRun=True)["Held"] == 0:
                return releases
            self.sweep(**size.released)
            self._stack.wait_until_idle()
        return MOST_RELEASES

    def account_for_dead_letters(self) -> dict[str, int]:
        """How many are about the VPCs of the run, which are as they should be if there are no differences, and about others."""
        letters = self._stack.dead_letters()
        ours = sum(bool(vpcs & self.world.ids) for vpcs in letters)
        return {"about VPCs of the run": ours, "unaccounted for": len(letters) - ours}


def refusals(drift: list[dict[str, str]]) -> list[dict[str, str]]:
    """What can't be peered, and nobody was told yet. An execution that tells it changes nothing but the statuses."""
    return [each for each in drift if each["Differs"] in error_names()]


def _say(what: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {what}", flush=True)
