"""An item of a newer version, or one that can't be parsed: that pair is refused by name, and the others are served."""

from typing import Any

import pytest

from .clients import change_wait_scale
from .executions import Machine
from .ledger import Ledger, key
from .network import THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, unreachable
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
NEWER = {"V": 2, "Connections": [{"Id": "pcx-1"}]}
HELD_NEWER = {"V": 2, "Holder": "arn:aws:states:us-east-1:123456789012:execution:isthmus-peering:of-a-newer-version"}
UNUSABLE = [
    ({"V": 1, "Connection": "pcx-0123456789abcdef0"}, "InvalidItem"),
    ({"V": 1, "Connection": {"Id": "pcx-oops", "Made": True}}, "InvalidItem"),
    ({"V": 1, "RoutesA": [{"Destinations": ["10.2.0.0/99"], "RouteTableIds": []}]}, "InvalidItem"),
    (NEWER, "NewerItem"),
    (HELD_NEWER, "NewerItem"),
    ({"V": 2, "Connection": 7}, "NewerItem"),
]
EACH = pytest.mark.parametrize(("item", "code"), UNUSABLE, ids=lambda value: value if isinstance(value, str) else str(value)[:40])


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)


@EACH
def test_both_machines_refuse_the_pair_by_name(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger,
    pair: tuple[Vpc, Vpc], item: dict[str, Any], code: str,
) -> None:  # fmt: skip
    vpc, peer = pair
    ledger.put(vpc, peer, **item)
    before = ledger.item(vpc, peer)
    with network.untouched(vpc, peer), change_wait_scale(environment, 0.1):
        arns = [machine.start(request(vpc, peer)), teardown.start(vpc.end() | peer.end("Peer"))]
        executions = [machine.wait(arns[0]), teardown.wait(arns[1])]
        planned = machine.run(request(vpc, peer, DryRun=True))
    for execution in (*executions, planned):
        cause = execution.failed("ServiceFault").cause
        assert cause["Code"] == code, cause
        assert cause["Action"] in ("dynamodb:UpdateItem", "dynamodb:GetItem"), cause
    # An item is taken by the same call that reads it, so who can't parse it has taken it.
    taken = {"Holder", "Since", "Makers"} if code == "InvalidItem" else set()
    now = ledger.item(vpc, peer)
    assert {name: value for name, value in now.items() if name not in taken} == before
    ledger.change(vpc, peer, V=1)
    ledger.remove(vpc, peer, *(set(now) - {"Pair", "V", *taken}))
    network.services.advance(75)
    assert machine.run(request(vpc, peer)).succeeded().output["Created"], "once it is repaired, the pair is served"
    ledger.assert_free(vpc, peer)


@EACH
def test_the_others_are_served(
    environment: dict[str, str], network: Network, machine: Machine, peerings: Peerings, ledger: Ledger, sweep: Sweep,
    pair: tuple[Vpc, Vpc], item: dict[str, Any], code: str,
) -> None:  # fmt: skip
    """By the same VPC's tags, too, and by a sweep, which names the pair."""
    (vpc, peer), other = pair, network.vpc("10.3.0.0/16")
    ledger.put(vpc, peer, **item)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE} {other.id}")
    peerings.wait_until_active(vpc, other)
    summary = sweep()
    [named] = unreachable(summary, vpc)
    assert key(vpc, peer) in named and code in named
    assert drift(summary, vpc) == []
    assert machine.run(request(vpc, other)).succeeded().output["Created"] is False
    assert vpc.connections() == other.connections()
    ledger.delete(vpc, peer)
    sweep()
    peerings.wait_until_active(vpc, peer)


def test_an_item_that_is_repaired_is_used_again(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    ledger.change(vpc, peer, V=2)
    with change_wait_scale(environment, 0.1):
        teardown.run(vpc.end() | peer.end("Peer")).failed("ServiceFault")
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)
    ledger.change(vpc, peer, V=1)
    teardown.run(vpc.end() | peer.end("Peer")).succeeded()
    wait_until(lambda: not vpc.connections(), "the connection is deleted")
    ledger.assert_free(vpc, peer)
