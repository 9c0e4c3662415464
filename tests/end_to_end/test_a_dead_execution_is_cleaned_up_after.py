"""An execution that is aborted or times out half-way runs no Catch. `<stack>-clean-up` undoes what it did, and reports it.

A function that the execution invoked may go on for a minute, so nothing happens for 75 seconds, which the local cloud shortens
as soon as no function is running any more. The cases wait for that together.
"""

from collections.abc import Callable, Iterator

import pytest

from .conftest import reset
from .executions import Machine
from .interrupted import (
    BLOCK,
    FIELDS,
    PEER_BLOCK,
    Interrupted,
    Interrupter,
    before_it_is_accepted,
    during_a_teardown,
    started_by_a_tag,
    timed_out,
    while_its_connection_is_made,
    while_its_routes_are_written,
    while_more_routes_are_written,
    while_waiting,
    whose_event_is_lost,
)
from .ledger import Ledger, routes_in
from .listening import Listener
from .network import HUB, NEVER, Network, request, wait_until
from .sweeping import Sweep, drift, started

PATIENCE = 75
"""Seconds for which the functions of a dead execution may still write."""

CASES: dict[str, Callable[[Interrupter], Interrupted]] = {
    case.__name__.replace("_", " "): case
    for case in (
        while_waiting,
        started_by_a_tag,
        before_it_is_accepted,
        while_its_connection_is_made,
        while_its_routes_are_written,
        while_more_routes_are_written,
        during_a_teardown,
        timed_out,
    )
}
NEW_PEERINGS = [name for name in CASES if name not in ("while more routes are written", "during a teardown")]


@pytest.fixture(scope="module")
def interrupter(environment: dict[str, str], shared_network: Network, ledger: Ledger) -> Interrupter:
    return Interrupter(environment, shared_network, ledger)


@pytest.fixture(scope="module")
def failures(environment: dict[str, str]) -> Iterator[Listener]:
    listener = Listener(environment, {"source": ["isthmus"], "detail-type": ["VPC Peering Failed"]})
    yield listener
    listener.stop()


@pytest.fixture(scope="module")
def interrupted(interrupter: Interrupter, failures: Listener) -> dict[str, Interrupted]:
    """Every case, each cleaned up after."""
    reset(interrupter.network)
    interrupter.network.remove_delays()
    found = {name: case(interrupter) for name, case in CASES.items()}
    interrupter.network.control.set(provisioning_for=0)
    interrupter.network.control.advance(NEVER)
    for name, one in found.items():
        wait_until(lambda: any(each["status"] != "RUNNING" for each in interrupter.clean_ups(one)), f"{name}: cleaned up")  # noqa: B023
    interrupter.network.control.clear_faults()
    with interrupter.without_events():
        taken_over = while_waiting(interrupter)
    successor = interrupter.machine.start(request(taken_over.peer, taken_over.vpc))
    wait_until(lambda: bool(interrupter.machine.failed_tries(successor)), "the successor waits")
    interrupter.network.control.set(provisioning_for=0)
    interrupter.network.control.advance(NEVER)
    interrupter.network.services.advance(PATIENCE)
    return found | {"taken over": Interrupted(taken_over.vpc, taken_over.peer, taken_over.before, successor, taken_over.held)}


@pytest.mark.parametrize("case", CASES)
def test_it_held_the_pair_when_it_died_and_does_not_now(interrupted: dict[str, Interrupted], ledger: Ledger, case: str) -> None:
    one = interrupted[case]
    assert one.held["Holder"] == one.arn and one.arn in one.held["Makers"]
    item = ledger.assert_free(one.vpc, one.peer)
    assert item["Outcome"]["Error"] == "ServiceFault"


@pytest.mark.parametrize("case", NEW_PEERINGS)
def test_nothing_is_left_of_a_new_peering(interrupted: dict[str, Interrupted], ledger: Ledger, case: str) -> None:
    one = interrupted[case]
    assert [one.vpc.tables(), one.peer.tables()] == one.before
    assert one.vpc.connections() == one.peer.connections() == []
    assert len(one.vpc.connections("deleted")) == 1, "there was a connection"
    assert "Connection" not in ledger.item(one.vpc, one.peer)


def test_what_stood_before_it_stays(interrupted: dict[str, Interrupted], ledger: Ledger) -> None:
    one = interrupted["while more routes are written"]
    assert [one.vpc.tables(), one.peer.tables()] == one.before
    [connection] = one.vpc.connections("active")
    item = ledger.item(one.vpc, one.peer)
    assert item["Connection"] == {"Id": connection["VpcPeeringConnectionId"], "Made": True}
    assert routes_in(item) == {(one.vpc.main_table, PEER_BLOCK), (one.peer.main_table, BLOCK)}


def test_a_teardown_can_be_run_again(interrupted: dict[str, Interrupted], teardown: Machine, ledger: Ledger) -> None:
    one = interrupted["during a teardown"]
    [connection] = one.vpc.connections("active")
    assert ledger.item(one.vpc, one.peer)["Connection"] == {"Id": connection["VpcPeeringConnectionId"], "Made": True}
    assert teardown.run(one.vpc.end() | one.peer.end("Peer")).succeeded().output["Status"] == "deleted"
    assert one.vpc.connections() == []


@pytest.mark.parametrize("case", CASES)
def test_it_is_reported_once(interrupted: dict[str, Interrupted], failures: Listener, case: str) -> None:
    one = interrupted[case]
    event = failures.receive("VPC Peering Failed", one.vpc)
    detail = event["detail"]
    assert detail["error"] == "ServiceFault"
    assert detail["cause"]["Code"] == ("States.Timeout" if case == "timed out" else "Aborted")
    assert detail["cause"]["Message"]
    assert detail["input"]["VpcId"] == one.vpc.id and detail["input"]["PeerVpcId"] == one.peer.id
    of_tags = [f"arn:aws:ec2:{end.region}:{end.account}:vpc/{end.id}" for end in (one.vpc, one.peer)]
    about = [arn for arn in event["resources"] if arn.startswith("arn:aws:ec2:")]
    assert sorted(about) == (sorted(of_tags) if case == "started by a tag" else [])
    if case in NEW_PEERINGS:
        assert len(detail["cause"]["RolledBack"]["ConnectionsDeleted"]) == 1
    if case == "timed out":
        assert detail["input"]["Tags"] == FIELDS["Tags"]


@pytest.mark.parametrize("case", CASES)
def test_the_status_says_so_where_tags_concern_the_pair(interrupted: dict[str, Interrupted], case: str) -> None:
    one = interrupted[case]
    statuses = [one.vpc.status(one.peer), one.peer.status(one.vpc)]
    if case == "started by a tag":
        assert all(status.startswith("failed ServiceFault") for status in statuses), statuses
    else:
        assert statuses == ["", ""]


def test_a_new_execution_takes_over_by_itself(
    interrupter: Interrupter, interrupted: dict[str, Interrupted], teardown: Machine, ledger: Ledger
) -> None:
    """It waits for as long as a function of the dead one may write, and adopts the connection, which counts as ours."""
    one = interrupted["taken over"]
    execution = interrupter.machine.wait(one.arn).succeeded()
    assert "PairBusy" in {error for error, _ in interrupter.machine.failed_tries(one.arn)}
    [connection] = one.vpc.everything()["connections"]
    pcx = connection["VpcPeeringConnectionId"]
    assert connection["Status"]["Code"] == "active" and execution.output["VpcPeeringConnectionId"] == pcx
    assert ledger.assert_free(one.vpc, one.peer)["Connection"] == {"Id": pcx, "Made": True}
    assert one.vpc.routes_to(pcx) == {(one.vpc.main_table, PEER_BLOCK, "active")}
    assert teardown.run(one.vpc.end() | one.peer.end("Peer")).succeeded().output["Status"] == "deleted"


def test_one_whose_event_was_lost_is_cleaned_up_after_by_a_sweep(
    interrupter: Interrupter, interrupted: dict[str, Interrupted], failures: Listener, sweep: Sweep
) -> None:
    """But by none within 75 seconds. It peers a pair that tags ask for, which a clean-up has set free."""
    one, by_tag = whose_event_is_lost(interrupter), interrupted["started by a tag"]
    interrupter.network.control.set(provisioning_for=0)
    interrupter.network.control.advance(NEVER)
    summary = sweep()
    assert drift(summary, by_tag.vpc) == ["Missing"] and started(summary, by_tag.vpc)
    assert interrupter.clean_ups(one) == [] and interrupter.ledger.holder(one.vpc, one.peer) == one.arn

    interrupter.network.services.advance(PATIENCE)
    sweep()
    sweep()
    wait_until(lambda: bool(interrupter.clean_ups(one)), "a clean-up has started")
    wait_until(lambda: interrupter.clean_ups(one)[0]["status"] != "RUNNING", "it has ended", 120)
    [clean_up] = interrupter.clean_ups(one)
    assert clean_up["status"] == "SUCCEEDED"
    of_it = {"event lost": one}
    test_it_held_the_pair_when_it_died_and_does_not_now(of_it, interrupter.ledger, "event lost")
    test_nothing_is_left_of_a_new_peering(of_it, interrupter.ledger, "event lost")
    test_it_is_reported_once(of_it, failures, "event lost")
    wait_until(lambda: bool(by_tag.vpc.connections("active")), "the pair that tags ask for is peered")
    assert by_tag.peer.account != HUB


def test_one_whose_last_function_finishes_after_it_is_whole_or_gone(
    interrupter: Interrupter, interrupted: dict[str, Interrupted], failures: Listener, ledger: Ledger
) -> None:
    """The function writes the rest of the routes and gives the pair back. What stands then is whole."""
    reset(interrupter.network)
    interrupter.network.remove_delays()
    vpc, peer, before = interrupter.pair(tables=4)
    interrupter.network.control.plant_faults({"Action": "CreateRoute", "AfterCalls": 2, "Times": 9, "DelaySeconds": 3})
    arn = interrupter.machine.start(request(vpc, peer))
    wait_until(lambda: [vpc.tables(), peer.tables()] != before, "a route is written")
    one = interrupter.abort(arn, vpc, peer, before)
    wait_until(lambda: any(each["status"] != "RUNNING" for each in interrupter.clean_ups(one)), "cleaned up after", 120)
    item, connections = ledger.assert_free(vpc, peer), vpc.connections()
    if connections:
        pcx = connections[0]["VpcPeeringConnectionId"]
        assert item["Connection"] == {"Id": pcx, "Made": True} and "Error" not in item["Outcome"]
        assert len(routes_in(item)) == 10 == len(vpc.routes_to(pcx) | peer.routes_to(pcx))
    else:
        test_nothing_is_left_of_a_new_peering({"": one}, ledger, "")
    test_it_is_reported_once({"": one}, failures, "")
