"""`RequestedBy` grants nothing: `tags` and `event` are checked against the tags, and a false claim is treated as `execution`."""

from typing import Any

import pytest

from .executions import Machine
from .network import MEMBER, THERE, Network, Vpc, request

CLAIMS = pytest.mark.parametrize("claim", ["tags", "event"])
ONE_ROUTE = {"Routes": {"Tables": "main"}, "PeerRoutes": {"Tables": "none"}}


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.mark.parametrize("requested_by", ["tags", "event", "execution"])
def test_without_a_tag_the_routes_of_the_input_are_written(network: Network, machine: Machine, requested_by: str) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.table(), peer.table()
    given = request(vpc, peer, RequestedBy=requested_by, **ONE_ROUTE)
    planned = machine.run({**given, "DryRun": True}).succeeded()
    execution = machine.run(given).succeeded()
    for output in (planned.output, execution.output):
        assert [(route["RouteTableId"], route["Action"]) for route in output["Routes"]] == [(vpc.main_table, "Created")]


@CLAIMS
def test_across_accounts_a_false_claim_needs_the_same_consent_as_an_execution(
    network: Network, machine: Machine, claim: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)
    with network.untouched(vpc, peer):
        for end, other in ((vpc, peer), (peer, vpc)):
            causes = [refused(machine, end, other, **by) for by in ({}, {"RequestedBy": "execution"}, {"RequestedBy": claim})]
            assert causes == [causes[0]] * 3
            assert (causes[0]["VpcId"], causes[0]["OwnerId"]) == (other.id, other.account)


@CLAIMS
def test_with_that_consent_a_false_claim_succeeds_as_an_execution_does(network: Network, machine: Machine, claim: str) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)
    peer.tag(isthmus__accept=vpc.id)
    vpc.table()
    execution = machine.run(request(vpc, peer, RequestedBy=claim, **ONE_ROUTE)).succeeded()
    assert execution.actions() == {"Created": 1}


@CLAIMS
def test_a_tag_of_another_pair_supports_no_claim(network: Network, machine: Machine, claim: str) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"vpc-0a1b2c3d@{THERE}@{MEMBER}", isthmus__accept=MEMBER)
    with network.untouched(vpc, peer):
        assert refused(machine, vpc, peer, RequestedBy=claim) == refused(machine, vpc, peer)


def refused(machine: Machine, end: Vpc, peer: Vpc, **fields: Any) -> dict[str, Any]:
    """The cause of an execution for want of consent."""
    return machine.run(request(end, peer, **fields)).failed("PeerNotTrusted").cause
