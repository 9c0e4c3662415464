"""A teardown that tags ask for waits, holds no pair meanwhile, and is not made if the pair is asked for again by then.

The local stack's `TeardownDelay` is 0, so the tests give the machine the time themselves, as the trigger would.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .executions import Machine
from .ledger import Ledger
from .network import THERE, Network, Vpc, request, wait_until
from .tagging import Peerings


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def peered(network: Network, peerings: Peerings) -> tuple[Vpc, Vpc]:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    return vpc, peer


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds").replace("+00:00", "Z")


def by_tags(vpc: Vpc, peer: Vpc, **fields: Any) -> dict[str, Any]:
    return vpc.end() | peer.end("Peer") | {"RequestedBy": "tags"} | fields


def drop_the_tag(network: Network, vpc: Vpc) -> None:
    """Without its event, which would start a teardown at once."""
    network.control.disturb_events(drop=1)
    vpc.untag("isthmus:peer")


def test_it_waits_and_holds_nobody_up(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, peered: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = peered
    drop_the_tag(network, vpc)
    arn = teardown.start(by_tags(vpc, peer, NotBefore=in_seconds(15)))
    teardown.reaches(arn, "WaitUntilDue")
    assert ledger.holder(vpc, peer) is None
    assert vpc.connections("active"), "not yet"
    execution = teardown.wait(arn).succeeded()
    assert execution.output["Status"] == "deleted" and vpc.connections() == []
    assert execution.states.count("PlanTeardown") == 2


def test_tags_that_come_back_keep_it(network: Network, teardown: Machine, peered: tuple[Vpc, Vpc]) -> None:
    vpc, peer = peered
    [connection] = vpc.connections("active")
    drop_the_tag(network, vpc)
    arn = teardown.start(by_tags(vpc, peer, NotBefore=in_seconds(12)))
    teardown.reaches(arn, "WaitUntilDue")
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    output = teardown.wait(arn).succeeded().output
    assert output == {"VpcPeeringConnectionId": connection["VpcPeeringConnectionId"], "Status": "kept", "Routes": []}
    assert vpc.routes_to(connection["VpcPeeringConnectionId"])


def test_what_a_pipeline_asks_for_meanwhile_is_kept(
    network: Network, machine: Machine, teardown: Machine, peered: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = peered
    drop_the_tag(network, vpc)
    machine.run(request(vpc, peer)).succeeded()
    assert teardown.run(by_tags(vpc, peer)).succeeded().output["Status"] == "kept"
    assert teardown.run(vpc.end() | peer.end("Peer")).succeeded().output["Status"] == "deleted", "a person may"


@pytest.mark.parametrize("not_before", ["tomorrow", "2026-11-26", "", 5])
def test_a_time_that_is_none_is_refused(teardown: Machine, peered: tuple[Vpc, Vpc], not_before: Any) -> None:
    vpc, peer = peered
    execution = teardown.run(by_tags(vpc, peer, NotBefore=not_before)).failed("InvalidRequest")
    assert execution.cause["Field"] == "NotBefore" and vpc.connections("active")


def test_a_trigger_passes_on_who_asks(teardown: Machine, peerings: Peerings, peered: tuple[Vpc, Vpc]) -> None:
    vpc, peer = peered
    vpc.untag("isthmus:peer")
    wait_until(lambda: bool(teardown.executions(f"{vpc.id}_{peer.id}")), "the teardown has started")
    described = teardown.client.describe_execution(executionArn=teardown.executions(f"{vpc.id}_{peer.id}")[0])
    assert '"RequestedBy":"tags"' in described["input"].replace(" ", "") and "NotBefore" not in described["input"]
    peerings.wait_until_removed(vpc, peer)
