"""Who lacked a consent is in the ledger: giving it takes one query, not a search of every Region of every account."""

from typing import Any

import pytest
from iam.recorded import Record

from .executions import Machine
from .ledger import Ledger, Writes, end_key
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, wait_until
from .tagging import Peerings

OTHER_MEMBER = "111111111111"
PLACES_OF_ASKERS = [(HERE, HUB), (THERE, HUB), ("us-west-2", OTHER_MEMBER)]


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def refused(network: Network, peerings: Peerings, ledger: Ledger) -> tuple[Vpc, list[Vpc]]:
    """A member's VPC that has not consented, and three that asked for it, in other accounts and Regions."""
    peer = network.vpc("10.9.0.0/16", region=THERE, account=MEMBER, consents=False)
    askers = []
    for number, (region, account) in enumerate(PLACES_OF_ASKERS):
        asker = network.vpc(f"10.{number + 1}.0.0/16", region=region, account=account)
        asker.tag(isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
        askers.append(asker)
    for asker in askers:
        wait_until(lambda: asker.status(peer).startswith("failed PeerNotTrusted"), "the consent is missing")  # noqa: B023
        peerings.wait_for_executions(asker, peer)
        assert ledger.assert_free(asker, peer)["Owes"] == end_key(peer)
    return peer, askers


def consent(network: Network, peer: Vpc, **tags: str) -> list[dict[str, Any]]:
    """Sets those tags. Returns what the function that the event starts then asks EC2."""
    record = network.record()
    peer.tag(**tags)
    wait_until(lambda: bool(by_start_peering(record)), "the event has arrived")
    network.settle()
    return by_start_peering(record)


def by_start_peering(record: Record) -> list[dict[str, Any]]:
    calls = record.calls()
    return [call for call in calls if "StartPeering" in (call["SessionName"] or call["Caller"]) and call["Service"] == "ec2"]


def is_search(call: dict[str, Any]) -> bool:
    """Whether it lists the VPCs of a Region, and reads more than those of known ids."""
    return call["Action"] == "DescribeVpcs" and not any(name.startswith("VpcId.") for name in call["Parameters"])


@pytest.mark.parametrize("value", [HUB, "everyone"])
def test_it_takes_one_query(
    network: Network, peerings: Peerings, ledger: Ledger, environment: dict[str, str], refused: tuple[Vpc, list[Vpc]], value: str
) -> None:
    peer, askers = refused
    ledger_calls = Writes(environment)
    accepted = f"{HUB} {askers[2].id}" if value == "everyone" else HUB
    calls = consent(network, peer, isthmus__accept=accepted)
    for asker in askers if value == "everyone" else askers[:2]:
        peerings.wait_until_active(asker, peer)
        peerings.wait_for_executions(asker, peer, at_least=2)
        assert "Owes" not in ledger.assert_free(asker, peer)
    assert [call for call in calls if is_search(call)] == []
    read = [call for call in calls if call["Action"] == "DescribeVpcs"]
    assert {(call["Region"], call["Account"]) for call in read} <= {(end.region, end.account) for end in (peer, *askers)}
    first = [call for call in read if peer.id in str(call["Parameters"])]
    assert len(read) <= 2 * len(first) + len(askers) * len(first), "each asker once an event"
    queries = [call for call in ledger_calls.made() if call["Action"] == "Query"]
    assert queries and {call["Parameters"]["IndexName"] for call in queries} == {"Owes"}
    if value == HUB:
        assert ledger.item(askers[2], peer)["Owes"] == end_key(peer)


def test_a_forged_status_tag_starts_no_search(network: Network, environment: dict[str, str]) -> None:
    """Whoever may tag a VPC could otherwise cause a call to every Region of every account by each change."""
    vpc = network.vpc("10.1.0.0/16", region=THERE, account=MEMBER, consents=False)
    vpc.tag(**{"isthmus__status__vpc-ffffffff": "failed PeerNotTrusted 2026-01-02T03:04:05Z"})
    calls = consent(network, vpc, isthmus__accept=HUB)
    places = {(call["Region"], call["Account"]) for call in calls}
    assert len(places) <= 2, sorted(places)


def test_an_unasked_for_consent_starts_nothing(network: Network, machine: Machine, environment: dict[str, str]) -> None:
    vpc = network.vpc("10.1.0.0/16", region=THERE, account=MEMBER, consents=False)
    ledger_calls = Writes(environment)
    consent(network, vpc, isthmus__accept=HUB)
    assert [call["Action"] for call in ledger_calls.made()] == ["Query"]
    assert machine.executions(vpc.id) == []


def test_a_withdrawn_request_is_not_asked_for_any_more(
    network: Network, peerings: Peerings, refused: tuple[Vpc, list[Vpc]]
) -> None:
    peer, (asker, *_) = refused
    before = len(peerings.set_up.executions(asker.id))
    asker.untag("isthmus:peer")
    wait_until(lambda: not asker.status(peer), "the status is cleared")
    consent(network, peer, isthmus__accept=HUB)
    assert len(peerings.set_up.executions(asker.id)) == before
    assert not asker.connections()
