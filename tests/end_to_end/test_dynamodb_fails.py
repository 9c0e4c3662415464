"""DynamoDB throttled or unreachable: retried, for a while; then `ServiceFault`, and nothing is half made."""

from typing import Any

import pytest

from .clients import change_wait_scale
from .executions import Machine
from .ledger import Ledger, Writes, key
from .network import MEMBER, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
THROTTLED = {"Code": "ThrottlingException", "HttpStatus": 400}
EXCEEDED = {"Code": "ProvisionedThroughputExceededException", "HttpStatus": 400}
BROKEN = {"Code": "InternalServerError", "HttpStatus": 500}
UNREACHABLE = {"Effect": "disconnect"}
LOST = {"Effect": "execute-then-disconnect"}
ATTEMPTS = 6
"""The SDK's for one call."""


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)


def ends(pair: tuple[Vpc, Vpc]) -> dict[str, str]:
    return pair[0].end() | pair[1].end("Peer")


def assert_peered(ledger: Ledger, pair: tuple[Vpc, Vpc]) -> str:
    vpc, peer = pair
    [connection] = vpc.everything()["connections"]
    pcx = connection["VpcPeeringConnectionId"]
    assert connection["Status"]["Code"] == "active"
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCK, "active")}
    item = ledger.assert_free(vpc, peer)
    assert item["Connection"] == {"Id": pcx, "Made": True}
    assert ledger.routes(vpc, peer) == {(vpc.main_table, PEER_BLOCK), (peer.main_table, BLOCK)}
    return pcx


@pytest.mark.parametrize("action", ["GetItem", "UpdateItem"])
@pytest.mark.parametrize(
    "fault", [THROTTLED, EXCEEDED, BROKEN, UNREACHABLE], ids=["throttled", "exceeded", "broken", "unreachable"]
)
@pytest.mark.parametrize("times", [2, ATTEMPTS + 1], ids=["within a call", "over several invocations"])
def test_for_a_while_it_is_retried(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc],
    action: str, fault: dict[str, Any], times: int,
) -> None:  # fmt: skip
    network.services.plant_faults({"Action": action, "Times": times, **fault})
    execution = machine.run(request(*pair)).succeeded()
    assert execution.output["Created"] and network.services.faults()["Struck"] == times
    assert_peered(ledger, pair)
    network.services.clear_faults()
    network.services.plant_faults({"Action": action, "Times": times, **fault})
    assert teardown.run(ends(pair)).succeeded().output["Status"] == "deleted"
    assert "Removed" in ledger.assert_free(*pair)


@pytest.mark.parametrize("after", range(3), ids=["taken", "intended", "completed"])
@pytest.mark.parametrize("times", [1, ATTEMPTS], ids=["once", "in every attempt"])
def test_an_update_whose_answer_is_lost_is_not_made_twice(
    network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], after: int, times: int
) -> None:
    network.services.plant_faults({"Action": "UpdateItem", "AfterCalls": after, "Times": times, **LOST})
    execution = machine.run(request(*pair)).succeeded()
    assert network.services.faults()["Struck"] == times
    pcx = assert_peered(ledger, pair)
    assert execution.output["VpcPeeringConnectionId"] == pcx and execution.output["Created"]
    assert execution.actions() == {"Created": 2}


@pytest.mark.parametrize("after", range(2), ids=["taken", "removed"])
def test_a_teardown_s_update_whose_answer_is_lost_is_not_made_twice(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], after: int
) -> None:
    pcx = machine.run(request(*pair)).succeeded().output["VpcPeeringConnectionId"]
    network.services.plant_faults({"Action": "UpdateItem", "AfterCalls": after, "Times": ATTEMPTS, **LOST})
    output = teardown.run(ends(pair)).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Status"]) == (pcx, "deleted")
    assert "Removed" in ledger.assert_free(*pair) and pair[0].connections() == []


@pytest.mark.parametrize("fault", [THROTTLED, UNREACHABLE], ids=["throttled", "unreachable"])
def test_for_ever_it_is_a_service_fault_before_anything_is_read_or_made(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, ledger: Ledger,
    pair: tuple[Vpc, Vpc], fault: dict[str, Any],
) -> None:  # fmt: skip
    network.services.plant_faults(*({"Action": action, "Times": 9999, **fault} for action in ("GetItem", "UpdateItem")))
    with network.untouched(*pair), change_wait_scale(environment, 0.1), network.calls() as calls:
        arns = [machine.start(request(*pair)), teardown.start(ends(pair))]
        executions = [machine.wait(arns[0]), teardown.wait(arns[1])]
    for execution in executions:
        cause = execution.failed("ServiceFault").cause
        assert cause["Action"].startswith("dynamodb:"), cause
        assert cause["Code"] == fault.get("Code", "NoAnswer"), cause
    assert set(calls.ec2()) <= {"DescribeRegions"}, calls.ec2()
    network.services.clear_faults()
    assert ledger.item(*pair) == {}
    machine.run(request(*pair)).succeeded()


def from_the(update: int) -> dict[str, Any]:
    """Every update of the ledger from that one on fails."""
    return {"Action": "UpdateItem", "AfterCalls": update, "Times": 9999, **BROKEN}


def test_unable_to_record_its_intent_it_writes_no_route_and_leaves_no_connection(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    before = [vpc.tables() for vpc in pair]
    network.services.plant_faults(from_the(1))
    with network.calls() as calls, change_wait_scale(environment, 0.1):
        execution = machine.run(request(*pair)).failed("ServiceFault")
    assert calls.count("CreateRoute") == 0
    assert [vpc.tables() for vpc in pair] == before
    assert pair[0].connections() == pair[1].connections() == []
    assert execution.cause["Action"] == "dynamodb:UpdateItem"
    assert_recovers(network, machine, ledger, pair, execution.arn)


def test_unable_to_record_its_end_it_takes_back_what_it_wrote(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]
) -> None:
    before = [vpc.tables() for vpc in pair]
    network.services.plant_faults(from_the(2))
    with change_wait_scale(environment, 0.1):
        execution = machine.run(request(*pair)).failed("ServiceFault")
    assert [vpc.tables() for vpc in pair] == before
    assert pair[0].connections() == pair[1].connections() == []
    assert_recovers(network, machine, ledger, pair, execution.arn)


def assert_recovers(network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], dead: str) -> None:
    """It could not give the pair back; who comes 75 seconds after its end takes over, and what was recorded harms nobody."""
    assert ledger.holder(*pair) == dead
    network.services.clear_faults()
    network.services.advance(75)
    assert machine.run(request(*pair)).succeeded().output["Created"]
    pcx = ledger.assert_free(*pair)["Connection"]["Id"]
    assert [found["VpcPeeringConnectionId"] for found in pair[0].connections("active")] == [pcx]


def test_a_pair_that_nobody_could_give_back_is_cleaned_up_after_by_a_sweep(
    environment: dict[str, str], network: Network, machine: Machine, ledger: Ledger, sweep: Sweep, pair: tuple[Vpc, Vpc]
) -> None:
    network.services.plant_faults(from_the(1))
    with change_wait_scale(environment, 0.1):
        execution = machine.run(request(*pair)).failed("ServiceFault")
    network.services.clear_faults()
    assert ledger.holder(*pair) == execution.arn
    network.services.advance(75)
    sweep()
    wait_until(lambda: ledger.holder(*pair) is None, "the pair is given back", 60)
    ledger.assert_free(*pair)


def test_a_tag_event_during_an_outage_is_delivered_again_or_found_by_the_sweep(
    network: Network, peerings: Peerings, ledger: Ledger, sweep: Sweep
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    network.services.plant_faults({"Action": "GetItem", "Times": 9999, **BROKEN})
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: network.services.faults()["Struck"] >= ATTEMPTS, "the function could not read the ledger")
    network.services.clear_faults()
    if not peerings.set_up.executions(vpc.id):
        assert drift(sweep(), vpc) == ["Missing"]
    peerings.wait_until_active(vpc, peer)


def test_a_sweep_that_can_t_read_the_ledger_fails_and_does_nothing(
    network: Network, peerings: Peerings, sweep: Sweep, environment: dict[str, str]
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    network.services.plant_faults({"Action": "Scan", "Times": 9999, **THROTTLED})
    writes = Writes(environment)
    with network.untouched(vpc, peer), pytest.raises(AssertionError, match="ServiceFault"):
        sweep()
    assert {call["Action"] for call in writes.made()} <= {"Scan", "GetItem"}, "an event may still be read, nothing is written"
    network.services.clear_faults()
    assert drift(sweep(DryRun=True), vpc) == []


def test_one_pair_s_item_that_can_t_be_read_affects_no_other(
    environment: dict[str, str], network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    of_pair = {"Match": {"Key": {"Pair": {"S": key(*pair)}}}}
    network.services.plant_faults(*({"Action": action, "Times": 9999, **BROKEN, **of_pair} for action in ("GetItem", "UpdateItem")))
    third = network.vpc("10.3.0.0/16")
    with change_wait_scale(environment, 0.1):
        arn = machine.start(request(*pair))
        machine.run(request(pair[0], third)).succeeded()
        machine.wait(arn).failed("ServiceFault")


@pytest.mark.parametrize("fault", [THROTTLED, BROKEN], ids=["throttled", "broken"])
def test_a_holder_that_can_t_be_looked_up_counts_as_alive(
    network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], fault: dict[str, Any]
) -> None:
    """States is asked whether it is dead. Without an answer nobody takes its pair."""
    holder = machine.run(request(*pair, DryRun=True)).succeeded().arn
    ledger.put(*pair, V=1, Holder=holder)
    network.services.advance(75)
    network.services.plant_faults({"Action": "DescribeExecution", "Times": ATTEMPTS, **fault})
    arn = machine.start(request(*pair))
    wait_until(lambda: bool(machine.failed_tries(arn)), "it has asked for the pair")
    assert machine.failed_tries(arn)[0][0] == "ServiceFault"
    machine.wait(arn).succeeded()
    assert_peered(ledger, pair)
