"""The brake: what tags take away is held once it is too much in an hour, told once, and released by the sweep.

A hub of its own, so that the pairs of other tests don't count.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from iam.evaluator import Evaluator

from .alarms import Alarms
from .installations import Installation, second
from .listening import Listener
from .network import HUB, MEMBER, THERE, Network, Vpc, wait_until

SPOKES = 12
HELD = "VPC Peering Teardowns Held"


@pytest.fixture(scope="module")
def hub(environment: dict[str, str], evaluator: Evaluator) -> Iterator[Installation]:
    with second(environment, "brake") as installation:
        evaluator.add(installation.evaluator)
        yield installation


class Star:
    """A VPC whose tags name twelve others."""

    def __init__(self, network: Network, hub: Installation) -> None:
        self.hub = hub
        self.vpc = network.vpc("10.255.0.0/16", region=THERE)
        self.spokes = [network.vpc(f"10.{number}.0.0/16", region=THERE) for number in range(SPOKES)]

    def ask(self, *spokes: Vpc) -> None:
        """Names these, or all."""
        self.vpc.tag(**{f"brake:peer:{self.spokes.index(spoke)}": spoke.id for spoke in spokes or self.spokes})

    def withdraw(self, *spokes: Vpc) -> None:
        self.vpc.untag(*(f"brake:peer:{self.spokes.index(spoke)}" for spoke in spokes or self.spokes))

    def live(self) -> int:
        return len(self.vpc.connections("active"))

    def routes(self) -> int:
        """The routes of the VPC's own table to connections."""
        return sum("VpcPeeringConnectionId" in route for routes in self.vpc.tables().values() for route in routes)

    def outcomes(self) -> list[str]:
        """The errors of the last executions of its pairs."""
        items = [self.hub.ledger.item(self.vpc, spoke) for spoke in self.spokes]
        return [item["Outcome"].get("Error", "") for item in items if "Holder" not in item and "Outcome" in item]


@pytest.fixture
def star(network: Network, hub: Installation) -> Star:
    network.remove_delays()
    hub.ledger.delete_everything()
    star = Star(network, hub)
    star.ask()
    wait_until(lambda: star.live() == star.routes() == SPOKES and star.outcomes() == [""] * SPOKES, "all are peered")
    return star


@pytest.fixture
def held_events(environment: dict[str, str], hub: Installation) -> Iterator[Listener]:
    bus = {**environment, "EVENT_BUS_ARN": f"arn:aws:events:{THERE}:{HUB}:event-bus/isthmus"}
    listener = Listener(bus, {"source": ["isthmus"], "detail-type": [HELD, "VPC Peering Failed"]}, THERE)
    yield listener
    listener.stop()


def pairs(event: dict[str, Any]) -> set[str]:
    assert all(set(pair) == {"VpcId", "PeerVpcId"} for pair in event["detail"]["Pairs"])
    return {vpc for pair in event["detail"]["Pairs"] for vpc in pair.values()}


def test_it_is_held_told_once_and_released(star: Star, hub: Installation, held_events: Listener) -> None:
    star.withdraw()
    wait_until(lambda: star.outcomes() == ["TeardownHeld"] * SPOKES, "all are held")
    assert star.live() == SPOKES and star.routes() == SPOKES
    [event] = held_events.receive_all(HELD, star.vpc)
    assert {key: event["detail"][key] for key in ("Account", "Held", "Limit")} == {"Account": HUB, "Held": SPOKES, "Limit": 10}
    assert pairs(event) == {star.vpc.id, *(spoke.id for spoke in star.spokes)}
    failed = [event for event in held_events.received() if event["detail-type"] == "VPC Peering Failed"]
    assert {event["detail"]["error"] for event in failed} == {"TeardownHeld"}
    cause = failed[0]["detail"]["cause"]
    assert (cause["Held"], cause["Limit"], cause["Account"]) == (SPOKES, 10, HUB) and "Pairs" not in json.dumps(failed)

    with Alarms(hub.environment, THERE).moves("TeardownsHeld"):
        assert hub.sweep()["Held"] == SPOKES, "another look changes nothing"
    answer = hub.sweep(Release=2, DryRun=True)
    assert (answer["Held"], star.live()) == (SPOKES, SPOKES)
    answer = hub.sweep(Release=2)
    assert (answer["Held"], len(answer["Started"])) == (SPOKES - 2, 2)
    wait_until(lambda: star.live() == SPOKES - 2, "two are released")
    star.ask()
    wait_until(lambda: star.live() == star.routes() == SPOKES and star.outcomes() == [""] * SPOKES, "all are back")
    assert hub.sweep()["Held"] == 0
    star.withdraw(star.spokes[0])
    wait_until(lambda: star.live() == SPOKES - 1, "one alone is not too much")
    assert len(held_events.receive_all(HELD, star.vpc)) == 1


def test_a_selection_that_leaves_no_route_is_held_too(star: Star, hub: Installation, held_events: Listener) -> None:
    star.vpc.tag(brake__routes="none")
    wait_until(lambda: len(star.outcomes()) == SPOKES and star.routes() < SPOKES, "the executions have ended")
    wait_until(lambda: star.outcomes().count("TeardownHeld") >= 2, "what is too much is held")
    assert star.routes() >= 2 and star.live() == SPOKES
    held = hub.sweep()["Held"]
    assert held == star.outcomes().count("TeardownHeld") == star.routes()
    [spoke] = [spoke for spoke in star.spokes if hub.ledger.item(star.vpc, spoke)["Outcome"].get("Error")][:1]
    status = star.vpc.tags()[f"brake:status:{spoke.id}"]
    assert status.startswith(f"waiting {held} removals that tags of account {HUB} ask for are held"), status
    assert len(held_events.receive_all(HELD, star.vpc)) == 1
    assert hub.sweep(Release=held)["Held"] == 0
    wait_until(lambda: star.routes() == 0, "a person released them")
    star.vpc.untag("brake:routes")
    wait_until(lambda: star.routes() == SPOKES, "the routes return")


def test_a_person_s_teardown_is_not_held(star: Star, hub: Installation) -> None:
    star.withdraw()
    wait_until(lambda: star.outcomes() == ["TeardownHeld"] * SPOKES, "all are held")
    output = hub.teardown.run(star.vpc.end() | star.spokes[0].end("Peer")).succeeded().output
    assert output["Status"] == "deleted" and star.live() == SPOKES - 1
    execution = hub.teardown.run(star.vpc.end() | star.spokes[1].end("Peer") | {"RequestedBy": "tags"}).failed("TeardownHeld")
    assert execution.cause["Held"] == SPOKES - 1


@pytest.mark.parametrize("task", [{"Release": -1}, {"Release": "all"}, {"Release": 1.5}, {"release": 1}])
def test_a_release_that_is_no_number_is_refused(hub: Installation, task: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="InvalidRequest"):
        hub.sweep(**task)


def test_of_many_pairs_three_in_ten_are_the_limit(star: Star, hub: Installation) -> None:
    """Of 39. Pairs of other accounts don't count, nor those that have no connection."""
    others = [(HUB, HUB, True)] * (39 - SPOKES) + [(HUB, MEMBER, False)] * 10 + [(MEMBER, "333333333333", True)] * 30
    for number, (owner, peer_owner, is_peered) in enumerate(others):
        pair = f"vpc-{number:08x}a@{THERE}@{owner}|vpc-{number:08x}b@{THERE}@{peer_owner}"
        connection = {"Connection": {"Id": f"pcx-{number:08x}", "Made": False}} if is_peered else {}
        hub.ledger.table.put_item(Item={"Pair": pair, "V": 1, **connection})
    star.withdraw()
    wait_until(lambda: star.outcomes() == ["TeardownHeld"] * SPOKES, "all are held")
    execution = hub.teardown.run(star.vpc.end() | star.spokes[0].end("Peer") | {"RequestedBy": "tags"}).failed("TeardownHeld")
    assert execution.cause["Limit"] == 11
    assert hub.ledger.table.get_item(Key={"Pair": f"brake@{HUB}"})["Item"]["Limit"] == 11
