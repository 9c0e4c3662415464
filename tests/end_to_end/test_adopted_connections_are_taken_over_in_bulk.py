"""`examples/take-over-adopted.sh`: an organization that comes with peerings made by Terraform hands them to the stack."""

import subprocess

import pytest

from .ledger import Ledger
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc
from .pipelines import Pipeline
from .sweeping import Sweep
from .tagging import Peerings

SCRIPT = "take-over-adopted.sh"


def run(environment: dict[str, str], *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    pipeline = Pipeline(environment)
    script = pipeline.examples.parent / SCRIPT
    return subprocess.run([script, *arguments], env=pipeline.variables | variables, capture_output=True, text=True, timeout=300)


@pytest.fixture
def adopted(network: Network, peerings: Peerings, ledger: Ledger) -> list[tuple[Vpc, Vpc]]:
    """Three connections that somebody made and routed, and that tags ask for."""
    ledger.delete_everything()
    network.remove_delays()
    pairs = []
    for number, place in enumerate([{"region": HERE}, {"region": THERE}, {"region": THERE, "account": MEMBER}]):
        vpc, peer = network.vpc(f"10.{number}.0.0/16"), network.vpc(f"10.{number + 100}.0.0/16", **place)
        pcx = network.peer_manually(vpc, peer)
        vpc.ec2.create_route(
            RouteTableId=vpc.main_table, DestinationCidrBlock=f"10.{number + 100}.0.0/16", VpcPeeringConnectionId=pcx
        )
        pairs.append((vpc, peer))
    for vpc, peer in pairs:
        vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")
        peerings.wait_until_active(vpc, peer)
        peerings.wait_for_executions(vpc, peer)
    return pairs


def made(ledger: Ledger, pairs: list[tuple[Vpc, Vpc]]) -> list[bool]:
    return [ledger.item(*pair)["Connection"]["Made"] for pair in pairs]


def test_all_are_taken_over_and_torn_down_later(
    environment: dict[str, str], ledger: Ledger, sweep: Sweep, peerings: Peerings, adopted: list[tuple[Vpc, Vpc]]
) -> None:
    assert made(ledger, adopted) == [False] * 3
    listed = run(environment)
    assert listed.returncode == 0, listed.stderr
    assert {vpc.id for pair in adopted for vpc in pair} == {end.split("@")[0] for end in listed.stdout.replace("|", "\n").split()}
    assert made(ledger, adopted) == [False] * 3, "it only lists them"

    taken = run(environment, "--yes")
    assert (taken.returncode, taken.stderr) == (0, "")
    assert sorted(taken.stdout.splitlines()) == sorted(f"{' '.join(ends(pair))} taken over" for pair in adopted)
    assert made(ledger, adopted) == [True] * 3
    assert run(environment).stdout == "", "none is left"
    assert all("Execution" not in ledger.item(*pair)["AskedBy"] for pair in adopted), "tags alone ask for them"

    for vpc, peer in adopted:
        vpc.untag("isthmus:peer")
        peerings.wait_until_removed(vpc, peer)


def ends(pair: tuple[Vpc, Vpc]) -> list[str]:
    """Both ids, as the ledger orders them."""
    return [vpc.id for vpc in sorted(pair, key=lambda vpc: f"{vpc.id}@{vpc.region}@{vpc.account}")]


def test_one_that_can_t_be_had_is_told_and_the_others_are_taken_over(
    environment: dict[str, str], ledger: Ledger, adopted: list[tuple[Vpc, Vpc]]
) -> None:
    adopted[1][0].tag(isthmus__exclude="true")
    taken = run(environment, "--yes")
    assert taken.returncode == 1 and taken.stderr.strip() == f"{' '.join(ends(adopted[1]))} FAILED Excluded"
    assert made(ledger, adopted) == [True, False, True]


def test_what_an_execution_asked_for_is_left_alone(
    environment: dict[str, str], ledger: Ledger, adopted: list[tuple[Vpc, Vpc]]
) -> None:
    vpc, peer = adopted[0]
    item = ledger.item(vpc, peer)
    ledger.change(vpc, peer, AskedBy={"Execution": {"RoutesA": {"Tables": "all"}, "RoutesB": {"Tables": "all"}}})
    assert vpc.id not in run(environment).stdout and item["AskedBy"]["Tags"] == [HUB]


@pytest.mark.parametrize("arguments", [["--no"], ["-y"], ["yes"]])
def test_an_unknown_argument_is_refused(environment: dict[str, str], arguments: list[str]) -> None:
    refused = run(environment, *arguments)
    assert refused.returncode == 64 and "usage" in refused.stderr
