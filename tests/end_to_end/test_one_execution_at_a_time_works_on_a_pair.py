"""Executions for one pair run in turn: each takes the pair, plans what is there by then, and gives the pair back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .clients import change_wait_scale
from .executions import Execution, Machine
from .ledger import Ledger, Writes, routes_in
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until
from .places import PLACES
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
DENIED = {"Code": "UnauthorizedOperation", "HttpStatus": 403}


def held_in_wait_active(network: Network, machine: Machine, ledger: Ledger, vpc: Vpc, peer: Vpc) -> str:
    """An execution that holds the pair until the clock is advanced."""
    network.control.set(provisioning_for=NEVER)
    arn = machine.start(request(vpc, peer))
    machine.reaches(arn, "WaitActive")
    assert ledger.holder(vpc, peer) == arn
    return arn


def waits(machine: Machine, arn: str, for_execution: str) -> None:
    """Returns once that execution has been told that the other one holds the pair."""
    wait_until(lambda: bool(machine.failed_tries(arn)), f"{arn} asked for the pair")
    assert {error for error, _ in machine.failed_tries(arn)} == {"PairBusy"}
    assert {cause["Execution"] for _, cause in machine.failed_tries(arn)} == {for_execution}


@PLACES
def test_eight_starts_from_both_directions_make_one_connection_in_turn(
    network: Network, machine: Machine, ledger: Ledger, peer_region: str, peer_account: str
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=peer_region, account=peer_account)
    ends = [(vpc, peer), (peer, vpc)] * 4
    with ThreadPoolExecutor(8) as threads:
        arns = list(threads.map(lambda pair: machine.start(request(*pair)), ends))
    executions = [machine.wait(arn).succeeded() for arn in arns]

    [connection] = vpc.everything()["connections"]
    pcx = connection["VpcPeeringConnectionId"]
    assert connection["Status"]["Code"] == "active", "one was made, and it is live"
    assert {execution.output["VpcPeeringConnectionId"] for execution in executions} == {pcx}
    assert sorted(execution.output["Created"] for execution in executions) == [False] * 7 + [True]
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    assert_in_turn(machine, executions)

    item = ledger.assert_free(vpc, peer)
    assert item["Connection"] == {"Id": pcx, "Made": True}
    assert routes_in(item) == {(vpc.main_table, PEER_BLOCK), (peer.main_table, BLOCK)}
    assert item["Outcome"]["By"] in arns and "Error" not in item["Outcome"]


def assert_in_turn(machine: Machine, executions: list[Execution]) -> None:
    """An execution has the pair from the end of CreateRequest, at the latest, to the start of UpdateRoutes, at the earliest."""

    def held(execution: Execution) -> tuple[Any, Any]:
        history = machine.history(execution.arn)
        exited = {e["stateExitedEventDetails"]["name"]: e["timestamp"] for e in history if "stateExitedEventDetails" in e}
        entered = {e["stateEnteredEventDetails"]["name"]: e["timestamp"] for e in history if "stateEnteredEventDetails" in e}
        return exited["CreateRequest"], entered["UpdateRoutes"]

    in_order = sorted(map(held, executions))
    for (_, until), (since, _) in zip(in_order, in_order[1:], strict=False):
        assert until <= since, in_order


def test_one_that_waits_plans_anew(network: Network, machine: Machine, ledger: Ledger) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    first = held_in_wait_active(network, machine, ledger, vpc, peer)
    second = machine.start(request(peer, vpc))
    waits(machine, second, first)
    peer.add_block("10.12.0.0/16")
    table = vpc.table()
    network.control.advance(NEVER)

    pcx = machine.wait(first).succeeded().output["VpcPeeringConnectionId"]
    later = machine.wait(second).succeeded()
    assert (later.output["VpcPeeringConnectionId"], later.output["Created"]) == (pcx, False)
    assert vpc.routes_to(pcx) == {(t, block, "active") for t in (vpc.main_table, table) for block in (PEER_BLOCK, "10.12.0.0/16")}
    assert "AcceptInPeerRegion" not in later.states, "the connection was active when it planned"
    ledger.assert_free(vpc, peer)


def test_one_that_fails_takes_nothing_away_from_the_next(network: Network, machine: Machine, ledger: Ledger) -> None:
    """Both would have worked on the first one's connection, and the roll-back of the first would have deleted it."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    first = held_in_wait_active(network, machine, ledger, vpc, peer)
    second = machine.start(request(peer, vpc))
    waits(machine, second, first)
    network.control.plant_faults({"Action": "CreateRoute", **DENIED})
    network.control.set(provisioning_for=0)
    network.control.advance(NEVER)

    [deleted] = machine.wait(first).failed("AccessDenied").cause["RolledBack"]["ConnectionsDeleted"]
    pcx = machine.wait(second).succeeded().output["VpcPeeringConnectionId"]
    assert pcx != deleted
    assert [found["VpcPeeringConnectionId"] for found in vpc.connections("active")] == [pcx]
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    assert ledger.assert_free(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}


def test_one_that_fails_does_not_undo_an_earlier_success(network: Network, machine: Machine, ledger: Ledger) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    before = vpc.routes_to(pcx), peer.routes_to(pcx), ledger.routes(vpc, peer)
    vpc.table(), peer.table()
    network.control.plant_faults({"Action": "CreateRoute", "AfterCalls": 1, **DENIED})
    machine.run(request(peer, vpc)).failed("AccessDenied")
    assert (vpc.routes_to(pcx), peer.routes_to(pcx), ledger.routes(vpc, peer)) == before
    assert ledger.assert_free(vpc, peer)["Connection"] == {"Id": pcx, "Made": True}


def test_a_teardown_waits_for_a_set_up_and_a_set_up_for_a_teardown(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    before = vpc.tables(), peer.tables()
    first = held_in_wait_active(network, machine, ledger, vpc, peer)
    removal = teardown.start(peer.end() | vpc.end("Peer"))
    waits(teardown, removal, first)
    network.control.set(provisioning_for=0)
    network.control.advance(NEVER)
    pcx = machine.wait(first).succeeded().output["VpcPeeringConnectionId"]
    network.control.plant_faults({"Action": "DeleteVpcPeeringConnection", "DelaySeconds": 5})
    wait_until(lambda: network.control.faults()["Struck"] == 1, "the connection is being deleted")
    again = machine.start(request(vpc, peer))
    waits(machine, again, removal)
    assert teardown.wait(removal).succeeded().output["VpcPeeringConnectionId"] == pcx
    second = machine.wait(again).succeeded().output
    assert second["VpcPeeringConnectionId"] != pcx and second["Created"]
    assert vpc.routes_to(pcx) == peer.routes_to(pcx) == set()
    teardown.run(vpc.end() | peer.end("Peer")).succeeded()
    assert (vpc.tables(), peer.tables()) == before


def test_a_dry_run_takes_no_lease_and_needs_none(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, environment: dict[str, str]
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    writes = Writes(environment)
    assert machine.run(request(vpc, peer, DryRun=True)).succeeded().output["Status"] == "planned"
    assert [call["Action"] for call in writes.made() if call["Action"] != "GetItem"] == []
    assert ledger.item(vpc, peer) == {}

    arn = held_in_wait_active(network, machine, ledger, vpc, peer)
    before = ledger.item(vpc, peer)
    assert machine.run(request(peer, vpc, DryRun=True)).succeeded().output["Status"] == "planned"
    teardown.run(vpc.end() | peer.end("Peer") | {"DryRun": True})
    assert ledger.item(vpc, peer) == before
    network.control.advance(NEVER)
    machine.wait(arn).succeeded()


@pytest.mark.parametrize("others", [HUB, MEMBER], ids=["one account", "two accounts"])
def test_pairs_that_share_a_vpc_don_t_wait_for_each_other(network: Network, machine: Machine, ledger: Ledger, others: str) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    arn = held_in_wait_active(network, machine, ledger, vpc, peer)
    network.control.set(provisioning_for=0)
    third = network.vpc("10.3.0.0/16", account=others)
    output = machine.run(request(vpc, third)).succeeded()
    assert machine.failed_tries(output.arn) == [] or "PairBusy" not in dict(machine.failed_tries(output.arn))
    network.control.advance(NEVER)
    machine.wait(arn).succeeded()


@pytest.fixture
def busy(network: Network, machine: Machine, ledger: Ledger) -> tuple[Vpc, Vpc, str]:
    """A pair whose holder has ended only now, so that a function of it may still write."""
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    holder = machine.run(request(vpc, peer, DryRun=True)).succeeded().arn
    ledger.put(vpc, peer, V=1, Holder=holder, Since="2026-01-02T03:04:05Z")
    return vpc, peer, holder


def test_one_that_has_waited_for_long_enough_ends_in_pair_busy_and_touches_nothing(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger, busy: tuple[Vpc, Vpc, str]
) -> None:
    vpc, peer, holder = busy
    before = ledger.item(vpc, peer)
    with network.untouched(vpc, peer), change_wait_scale(environment, 0.001):
        arns = [machine.start(request(vpc, peer)), teardown.start(vpc.end() | peer.end("Peer"))]
        executions = [machine.wait(arns[0]).failed("PairBusy"), teardown.wait(arns[1]).failed("PairBusy")]
    for execution in executions:
        assert execution.cause["Execution"] == holder
        assert "RollBack" not in execution.states and "RolledBack" not in execution.cause
    assert len(machine.failed_tries(arns[0])) == 1 + 85
    assert ledger.item(vpc, peer) == before, "nothing was written there either"


def test_one_of_tags_that_gives_up_is_started_anew_when_the_holder_ends(
    environment: dict[str, str], network: Network, machine: Machine, peerings: Peerings, ledger: Ledger
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    vpc.table()
    network.services.scale_retry_delays(1)
    first = held_in_wait_active(network, machine, ledger, vpc, peer)
    wait_until(lambda: len(machine.failed_tries(first)) >= 8, "the holder waits for a quarter of a minute")
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes="main")
    with change_wait_scale(environment, 0.001):
        machine.run(request(vpc, peer, RequestedBy="tags")).failed("PairBusy")
    assert ledger.item(vpc, peer)["Again"] is True
    assert vpc.status(peer) == peer.status(vpc) == "", "who doesn't hold the pair writes no status"
    network.control.advance(NEVER)
    pcx = machine.wait(first).succeeded().output["VpcPeeringConnectionId"]
    peerings.wait_for_executions(vpc, peer, at_least=1)
    peerings.wait_until_active(vpc, peer)
    item = ledger.assert_free(vpc, peer)
    assert item["AskedBy"]["Tags"] == [HUB] and item["Connection"]["Id"] == pcx
    assert vpc.connection(pcx)["Status"]["Code"] == "active" and HERE == vpc.region
