"""Two hundred route tables a side, five IPv4 blocks and an IPv6 block each: 2,400 routes, from one small plan.

One invocation can't write so many at EC2's rate, so here every call of EC2 is delayed accordingly: the function stops
before its timeout, reports how many routes remain, and is called again. All tests of this file examine one execution.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from .alarms import ROUTES_WRITTEN, Alarms
from .calls import Calls
from .conftest import reset
from .executions import Execution, Machine
from .network import HERE, THERE, Network, Vpc, request

TABLES = 200  # the default quota of route tables per VPC
BLOCKS = tuple(f"10.{second}.0.0/16" for second in (1, 11, 21, 31, 41)) + ("2600:1f00:1::/56",)
PEER_BLOCKS = tuple(f"10.{second}.0.0/16" for second in (2, 12, 22, 32, 42)) + ("2600:1f00:2::/56",)
ROUTES = 2 * TABLES * 6
LATENCY = 0.3  # with eight concurrent calls, 2,400 routes take 90 s; one invocation writes for at most 38 s
FAR_BELOW = 128 * 1024  # Step Functions' limit for the data that passes between states is 256 KiB


@dataclass(frozen=True)
class Largest:
    """The execution, its VPCs, and what was recorded of it."""

    vpc: Vpc
    peer: Vpc
    execution: Execution
    history: list[dict[str, Any]]
    failed_tries: list[tuple[str, dict[str, Any]]]
    calls: Calls
    counted: float


@pytest.fixture(scope="module")
def largest(shared_network: Network, environment: dict[str, str]) -> Largest:
    network, machine = shared_network, Machine(environment, environment["STATE_MACHINE_ARN"])
    reset(network)
    network.remove_delays()
    vpc, peer = network.vpc(*BLOCKS, region=HERE), network.vpc(*PEER_BLOCKS, region=THERE)
    for end in (vpc, peer):
        for _ in range(TABLES - 1):
            end.table()
    network.control.set_latency(LATENCY)
    alarms = Alarms(environment)
    before = alarms.total(ROUTES_WRITTEN)
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer))
    network.control.set_latency(0)
    counted = alarms.total(ROUTES_WRITTEN) - before
    return Largest(vpc, peer, execution, machine.history(execution.arn), machine.failed_tries(execution.arn), calls, counted)


def test_every_table_of_each_side_routes_every_block_of_the_other(largest: Largest) -> None:
    pcx = largest.execution.succeeded().output["VpcPeeringConnectionId"]
    for end, blocks in ((largest.vpc, PEER_BLOCKS), (largest.peer, BLOCKS)):
        tables = set(end.tables())
        assert len(tables) == TABLES
        assert end.routes_to(pcx) == {(table, block, "active") for table in tables for block in blocks}


def test_a_function_stops_before_its_timeout_and_continues_where_it_stopped(largest: Largest) -> None:
    assert {error for error, _ in largest.failed_tries} == {"RoutesRemaining"}, "no call timed out or failed otherwise"
    remaining = [ROUTES, *(int(cause["Message"].split()[0]) for _, cause in largest.failed_tries), 0]
    assert len(remaining) >= 4, "at least three calls"
    assert all(before > after for before, after in zip(remaining, remaining[1:], strict=False)), remaining


def test_every_route_is_counted_though_the_output_lists_500(largest: Largest) -> None:
    assert (largest.counted, len(largest.execution.output["Routes"])) == (ROUTES, 500)


def test_no_route_is_written_twice(largest: Largest) -> None:
    tries = Counter(
        (parameters["RouteTableId"], parameters.get("DestinationCidrBlock") or parameters["DestinationIpv6CidrBlock"])
        for parameters in (call["Parameters"] for call in largest.calls.made if call["Action"] == "CreateRoute")
    )
    assert len(tries) == ROUTES
    assert [route for route, count in tries.items() if count > 1] == []
    assert {call["Error"] for call in largest.calls.made if call["Action"] == "CreateRoute"} == {None}


def test_what_passes_from_state_to_state_stays_far_below_the_limit(largest: Largest) -> None:
    assert largest.history
    assert too_large(largest.history) == {}


def test_so_does_what_a_dry_run_passes_which_is_the_complete_output(machine: Machine, largest: Largest) -> None:
    plan = machine.run(request(largest.vpc, largest.peer, DryRun=True)).succeeded()
    assert plan.output["Status"] == "planned"
    assert too_large(machine.history(plan.arn)) == {}


def test_the_output_lists_a_limited_number_of_routes_and_contains_the_total(largest: Largest) -> None:
    output = largest.execution.succeeded().output
    listed = {(route["RouteTableId"], route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"])
              for route in output["Routes"]}  # fmt: skip
    assert len(listed) == len(output["Routes"]) < ROUTES
    [warning] = output["Warnings"]
    assert f"{ROUTES} routes" in warning and str(len(listed)) in warning


def test_every_description_of_route_tables_is_read_page_by_page(largest: Largest) -> None:
    described = [call["Parameters"] for call in largest.calls.made if call["Action"] == "DescribeRouteTables"]
    # DescribeRouteTables takes 5 to 100: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
    assert all(5 <= int(parameters.get("MaxResults", 0)) <= 100 for parameters in described)
    assert len([parameters for parameters in described if "NextToken" in parameters]) >= 2, "a second page on each side"


def test_the_calls_are_those_of_any_other_run_and_one_for_each_page_and_continuation(largest: Largest) -> None:
    made = Counter(largest.calls.ec2())
    pages = 2 * 8  # two sides of 200 tables, 25 a page
    reads = 1 + len(largest.failed_tries)  # by CreateRequest, and by each call that continues
    assert made["CreateRoute"] == ROUTES
    assert made["DescribeRouteTables"] <= pages * reads
    assert made.total() - made["CreateRoute"] - made["DescribeRouteTables"] <= 6 + 1  # one: tags of the other side


def test_running_it_again_writes_nothing(network: Network, machine: Machine, largest: Largest) -> None:
    with network.calls() as calls:
        execution = machine.run(request(largest.vpc, largest.peer)).succeeded()
    assert calls.writes() == []
    assert set(execution.actions()) == {"Unchanged"}
    assert execution.output["Created"] is False


def too_large(history: list[dict[str, Any]]) -> dict[str, int]:
    """The events that are larger than they should be, with their sizes in bytes."""
    sizes = {
        f"{event['id']} {event['type']}": len(text.encode())
        for event in history
        for details in event.values()
        if isinstance(details, dict)
        for text in details.values()
        if isinstance(text, str)
    }
    return {name: size for name, size in sizes.items() if size > FAR_BELOW}
