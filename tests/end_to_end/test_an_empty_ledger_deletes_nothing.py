"""A table that is new, lost or restored: what exists counts as adopted, until somebody says `TakeOver`."""

import pytest

from .executions import Machine
from .ledger import Ledger, routes_in
from .network import HUB, MEMBER, THERE, Network, Vpc, request
from .places import PLACES
from .sweeping import Sweep, drift
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def ends(vpc: Vpc, peer: Vpc) -> dict[str, str]:
    return vpc.end() | peer.end("Peer")


@pytest.fixture
def forgotten(network: Network, machine: Machine, ledger: Ledger) -> tuple[Vpc, Vpc, str]:
    """A peering of ours that the ledger knows nothing of any more."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    ledger.delete_everything()
    return vpc, peer, pcx


def test_its_teardown_is_not_ours_and_deletes_nothing(
    network: Network, teardown: Machine, ledger: Ledger, forgotten: tuple[Vpc, Vpc, str]
) -> None:
    vpc, peer, pcx = forgotten
    with network.untouched(vpc, peer):
        cause = teardown.run(ends(vpc, peer)).failed("NotOurs").cause
    assert cause["VpcPeeringConnectionId"] == pcx
    ledger.assert_free(vpc, peer)


def test_a_run_adopts_it(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, forgotten: tuple[Vpc, Vpc, str]
) -> None:
    vpc, peer, pcx = forgotten
    with network.untouched(vpc, peer):
        execution = machine.run(request(vpc, peer)).succeeded()
    assert (execution.output["VpcPeeringConnectionId"], execution.output["Created"]) == (pcx, False)
    assert execution.actions() == {"Unchanged": 2}
    item = ledger.assert_free(vpc, peer)
    assert item["Connection"] == {"Id": pcx, "Made": False} and routes_in(item) == set()
    with network.untouched(vpc, peer):
        output = teardown.run(ends(vpc, peer)).succeeded().output
    assert output == {"VpcPeeringConnectionId": pcx, "Status": "released", "Routes": []}


def test_tags_that_asked_for_it_are_obeyed_and_their_removal_deletes_nothing(
    network: Network, peerings: Peerings, ledger: Ledger, sweep: Sweep
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    ledger.delete_everything()
    assert drift(sweep(DryRun=True), vpc) == ["Unrecorded"]
    sweep()
    peerings.wait_for_executions(vpc, peer, at_least=2)
    assert ledger.assert_free(vpc, peer)["Connection"] == {"Id": pcx, "Made": False}
    assert drift(sweep(DryRun=True), vpc) == []

    before = vpc.tables(), peer.tables()
    network.control.disturb_events(drop=1)
    vpc.untag("isthmus:peer")
    assert drift(sweep(), vpc) == ["NotRequested"]
    peerings.wait_for_executions(vpc, peer)
    assert (vpc.tables(), peer.tables()) == before
    assert vpc.connection(pcx)["Status"]["Code"] == "active"
    assert vpc.tags() == peer.tags() == {}, "the status tags are removed all the same"


def test_untagged_while_the_ledger_is_empty_it_stays(network: Network, peerings: Peerings, ledger: Ledger, sweep: Sweep) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    ledger.delete_everything()
    before = vpc.tables(), peer.tables()
    vpc.untag("isthmus:peer")
    sweep()
    peerings.wait_for_executions(vpc, peer)
    assert (vpc.tables(), peer.tables()) == before
    assert vpc.connection(pcx)["Status"]["Code"] == "active"
    assert peerings.teardown.executions(vpc.id) == []


def test_take_over_hands_it_back(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, forgotten: tuple[Vpc, Vpc, str]
) -> None:
    vpc, peer, pcx = forgotten
    output = machine.run(request(peer, vpc, TakeOver=True)).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Created"]) == (pcx, False)
    assert ledger.assert_free(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}
    assert teardown.run(ends(vpc, peer)).succeeded().output["Status"] == "deleted"
    assert vpc.connections() == peer.connections() == []


def test_take_over_routes_are_its_own(network: Network, machine: Machine, teardown: Machine, ledger: Ledger) -> None:
    """A route to the connection that was there before is somebody's own, so it goes with the connection, not before it."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    pcx = network.peer_manually(vpc, peer)
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="10.2.9.0/24", VpcPeeringConnectionId=pcx)
    machine.run(request(vpc, peer, TakeOver=True)).succeeded()
    assert ledger.routes(vpc, peer) == {(vpc.main_table, PEER_BLOCK), (peer.main_table, BLOCK)}
    teardown.run(ends(vpc, peer)).succeeded()
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.9.0/24", "blackhole")} and peer.routes_to(pcx) == set()


@pytest.mark.parametrize("swapped", [False, True], ids=["requested from here", "requested from there"])
@PLACES
def test_take_over_of_a_connection_made_by_hand(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, peer_region: str, peer_account: str, swapped: bool
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=peer_region, account=peer_account)
    before = vpc.tables(), peer.tables()
    pcx = network.peer_manually(*((peer, vpc) if swapped else (vpc, peer)))
    execution = machine.run(request(vpc, peer, TakeOver=True, Tags={"team": "payments"})).succeeded()
    assert execution.output["Created"] is False
    assert ledger.assert_free(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}
    for end in (vpc, peer):
        tags = {tag["Key"]: tag["Value"] for tag in end.connection(pcx)["Tags"]}
        assert tags["isthmus:stack"].startswith("isthmus.") and ("team" in tags) == (end.account == vpc.account)
    assert teardown.run(ends(vpc, peer)).succeeded().output["Status"] == "deleted"
    assert (vpc.tables(), peer.tables()) == before
    assert vpc.connections() == peer.connections() == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_take_over_needs_the_other_owner_s_consent(network: Network, machine: Machine, ledger: Ledger, dry_run: bool) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER, consents=False)
    network.peer_manually(vpc, peer)
    with network.untouched(vpc, peer):
        for end, other in ((vpc, peer), (peer, vpc)):
            cause = machine.run(request(end, other, TakeOver=True, DryRun=dry_run)).failed("PeerNotTrusted").cause
            assert (cause["VpcId"], cause["OwnerId"]) == (other.id, other.account)
    assert "Connection" not in ledger.assert_free(vpc, peer)


def test_take_over_of_nothing_is_a_set_up_like_any_other(network: Network, machine: Machine, ledger: Ledger) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, account=HUB)
    output = machine.run(request(vpc, peer, TakeOver=True)).succeeded().output
    assert output["Created"] is True
    assert ledger.item(vpc, peer)["Connection"] == {"Id": output["VpcPeeringConnectionId"], "Made": True}


@pytest.mark.parametrize("value", ["true", 1, None, {}])
def test_take_over_is_a_boolean(network: Network, machine: Machine, value: object) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    assert machine.run(request(vpc, peer, TakeOver=value)).failed("InvalidRequest").cause["Field"] == "TakeOver"
