"""Two hubs of the same stack name in two Regions, with the same members: neither touches what the other one made."""

from collections.abc import Iterator

import pytest
from iam.evaluator import Evaluator

from .executions import Machine
from .installations import Installation, second
from .ledger import Ledger, end_key
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, started

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(scope="module")
def other(environment: dict[str, str], evaluator: Evaluator) -> Iterator[Installation]:
    """The hub in the other Region."""
    with second(environment, "other") as installation:
        evaluator.add(installation.evaluator)
        yield installation


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def ends(vpc: Vpc, peer: Vpc) -> dict[str, str]:
    return vpc.end() | peer.end("Peer")


def tags(vpc: Vpc, pcx: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in vpc.connection(pcx)["Tags"]}


def pair(network: Network) -> tuple[Vpc, Vpc]:
    """A VPC of the hubs' account and one of a member that both may peer."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    peer.tag(**{"other:accept": HUB})
    network.settle()
    return vpc, peer


def test_both_are_deployed_and_differ_in_their_ids(other: Installation) -> None:
    assert other.id == f"isthmus.{THERE}.{HUB}"
    assert other.ledger.table.name and other.ledger.items() == []


def test_each_tears_down_its_own_alone(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, other: Installation
) -> None:
    vpc, peer = pair(network)
    third, fourth = pair(network)
    ours = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    theirs = other.machine.run(request(third, fourth)).succeeded().output["VpcPeeringConnectionId"]
    for end, pcx, installation in ((vpc, ours, f"isthmus.{HERE}.{HUB}"), (peer, ours, f"isthmus.{HERE}.{HUB}")):
        assert tags(end, pcx)["isthmus:stack"] == installation
    for end in (third, fourth):
        assert tags(end, theirs)["isthmus:stack"] == other.id
    assert other.ledger.item(vpc, peer) == {} == ledger.item(third, fourth)

    with network.untouched(vpc, peer, third, fourth):
        assert other.teardown.run(ends(vpc, peer)).failed("NotOurs").cause["VpcPeeringConnectionId"] == ours
        assert teardown.run(ends(third, fourth)).failed("NotOurs").cause["VpcPeeringConnectionId"] == theirs
    assert other.teardown.run(ends(third, fourth)).succeeded().output["Status"] == "deleted"
    assert teardown.run(ends(vpc, peer)).succeeded().output["Status"] == "deleted"
    assert vpc.connections() == third.connections() == []


def test_what_the_other_one_made_is_adopted_and_released(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, other: Installation
) -> None:
    vpc, peer = pair(network)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    before = tags(vpc, pcx), tags(peer, pcx)
    table = vpc.table()
    output = other.machine.run(request(vpc, peer, Tags={"team": "theirs"})).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Created"]) == (pcx, False)
    assert (tags(vpc, pcx), tags(peer, pcx)) == before
    assert other.ledger.routes(vpc, peer) == {(table, PEER_BLOCK)}
    assert other.teardown.run(ends(vpc, peer)).succeeded().output["Status"] == "released"
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert ledger.item(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}
    assert teardown.run(ends(vpc, peer)).succeeded().output["Status"] == "deleted"


def test_take_over_of_the_other_one_s_connection_is_denied(network: Network, machine: Machine, other: Installation) -> None:
    """IAM never lets one installation's tag be replaced by another's."""
    vpc, peer = pair(network)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    before = tags(vpc, pcx), tags(peer, pcx)
    network.control.plant_faults({"Action": "CreateTags", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 9})
    other.machine.run(request(vpc, peer, TakeOver=True)).failed("AccessDenied")
    assert (tags(vpc, pcx), tags(peer, pcx)) == before
    assert "Connection" not in other.ledger.assert_free(vpc, peer)


def test_neither_s_tags_and_sweeps_touch_the_other_one_s(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, sweep: Sweep, other: Installation
) -> None:
    """The one asks by `isthmus:peer`, the other by `other:peer`. Each takes its own tag away, and nothing else goes."""
    vpc, peer = pair(network)
    third, fourth = pair(network)
    vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")
    third.tag(other__peer=f"{fourth.id}@{fourth.region}@{fourth.account}")
    wait_until(lambda: vpc.status(peer).startswith("active"), "the one has peered its pair")
    wait_until(lambda: third.tags().get(f"other:status:{fourth.id}", "").startswith("active"), "the other one has peered its pair")
    assert machine.executions(third.id) == [] == other.machine.executions(vpc.id)
    with network.untouched(vpc, peer, third, fourth):
        assert drift(sweep(), vpc) == [] and drift(sweep(), third) == []
        assert drift(other.sweep(), vpc) == [] and drift(other.sweep(), third) == []
        assert started(sweep(), third) == [] == started(other.sweep(), vpc)

    third.untag("other:peer")
    wait_until(lambda: not third.connections(), "the other one tears down its own")
    vpc.tag(isthmus__dns="off")
    sweep(), other.sweep()
    assert vpc.connections("active") and vpc.status(peer).startswith("active")
    vpc.untag("isthmus:peer")
    wait_until(lambda: not vpc.connections(), "the one tears down its own")
    assert set(vpc.tags()) == {"isthmus:dns"} and third.tags() == {}


def test_a_pair_that_both_ask_for_goes_when_its_maker_s_tag_goes(
    network: Network, ledger: Ledger, sweep: Sweep, other: Installation
) -> None:
    vpc, peer = pair(network)
    vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")
    wait_until(lambda: vpc.status(peer).startswith("active"), "the one has peered it")
    [pcx] = [found["VpcPeeringConnectionId"] for found in vpc.connections("active")]
    vpc.tag(other__peer=f"{peer.id}@{peer.region}@{peer.account}")
    wait_until(lambda: vpc.tags().get(f"other:status:{peer.id}", "").startswith(f"active {pcx}"), "the other one has adopted it")
    assert other.ledger.item(vpc, peer)["Connection"] == {"Id": pcx, "Made": False}
    vpc.untag("other:peer")
    wait_until(lambda: "Removed" in other.ledger.item(vpc, peer), "the other one has released it")
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert vpc.connection(pcx)["Status"]["Code"] == "active" and end_key(vpc) in ledger.item(vpc, peer)["Pair"]
    vpc.untag("isthmus:peer")
    wait_until(lambda: not vpc.connections(), "the one tears it down")
