"""How many calls of AWS an execution takes, by the local cloud's own log: what is needed and not one more.

A first run with R routes: two looks at VPCs, one for connections, two at route tables; create, accept, one look that
finds the connection active; R routes. A further poll, a DNS side, a page and the tags of the other side add one each.
"""

from collections import Counter
from typing import Any

import pytest

from .calls import Calls
from .executions import Execution, Machine
from .world import HERE, HUB, MEMBER, NEVER, THERE, World, request, wait_until

READS = Counter(DescribeVpcs=2, DescribeVpcPeeringConnections=1, DescribeRouteTables=2)
SET_UP = Counter(CreateVpcPeeringConnection=1, AcceptVpcPeeringConnection=1, DescribeVpcPeeringConnections=1)


@pytest.fixture(autouse=True)
def no_waiting(world: World) -> None:
    world.hurry()


@pytest.mark.parametrize(
    ("peer_region", "peer_account", "other_side"),
    [
        (HERE, HUB, Counter()),
        (THERE, HUB, Counter(CreateTags=1)),
        (HERE, MEMBER, Counter(CreateTags=1)),
        (THERE, MEMBER, Counter(CreateTags=1)),
    ],
    ids=["one Region", "two Regions", "two accounts", "two accounts in two Regions"],
)
def test_a_first_run_takes_eight_calls_and_one_for_each_route(
    world: World, machine: Machine, peer_region: str, peer_account: str, other_side: Counter[str]
) -> None:
    vpc = world.vpc("10.1.0.0/16", "10.11.0.0/16")
    peer = world.vpc("10.2.0.0/16", "2600:1f00:2::/56", region=peer_region, account=peer_account)
    vpc.table()
    routes = 2 * 2 + 1 * 2
    with world.calls() as calls:
        execution = machine.run(request(vpc, peer)).succeeded()
    assert execution.actions() == {"Created": routes}
    assert_within(calls, READS + SET_UP + other_side + Counter(CreateRoute=routes))
    assert len(calls.ec2()) <= 8 + routes + other_side.total()
    assert len(execution.states) <= 6, execution.states
    assert machine.failed_tries(execution.arn) == [], "nothing had to be tried again"


def test_each_side_s_dns_resolution_takes_one_more(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc_with_dns("10.1.0.0/16"), world.vpc_with_dns("10.2.0.0/16")
    with world.calls() as calls:
        machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    assert_within(calls, READS + SET_UP + Counter(CreateRoute=2, ModifyVpcPeeringConnectionOptions=2))


def test_each_further_poll_for_active_takes_one_more(world: World, machine: Machine) -> None:
    world.control.set(provisioning_for=NEVER)
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    with world.calls() as calls:
        execution = after_polls(world, machine, request(vpc, peer), 2)
    polls = machine.failed_tries(execution.arn)
    assert {error for error, _ in polls} == {"PeeringPending"}
    assert_within(calls, READS + SET_UP + Counter(CreateRoute=2, DescribeVpcPeeringConnections=len(polls)))


@pytest.mark.parametrize("peer_region", [HERE, THERE], ids=["one Region", "two Regions"])
def test_each_further_try_to_accept_takes_one_more_and_from_the_third_on_a_look(
    world: World, machine: Machine, peer_region: str
) -> None:
    """The look tells "too early" from "no longer", so that a connection that died ends the execution soon."""
    world.control.set(visible_after=NEVER, pending_after=NEVER)
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=peer_region)
    with world.calls() as calls:
        execution = after_polls(world, machine, request(vpc, peer), 4)
    polls = machine.failed_tries(execution.arn)
    assert {error for error, _ in polls} == {"PeeringNotVisible"}
    other_side = 0 if peer_region == HERE else 1
    assert len(calls.ec2()) <= 8 + 2 + other_side + len(polls) + (len(polls) - 2), calls.ec2()


@pytest.mark.parametrize("peer_region", [HERE, THERE], ids=["one Region", "two Regions"])
def test_running_it_again_takes_five_reads(world: World, machine: Machine, peer_region: str) -> None:
    vpc = world.vpc_with_dns("10.1.0.0/16", "2600:1f00:1::/56")
    peer = world.vpc_with_dns("10.2.0.0/16", region=peer_region)
    vpc.table()
    wish = {"DnsResolution": True, "Tags": {"team": "payments"}}
    machine.run(request(vpc, peer, **wish)).succeeded()
    with world.calls() as calls:
        execution = machine.run(request(vpc, peer, **wish)).succeeded()
    assert execution.actions() == {"Unchanged": 4}
    assert_within(calls, READS)
    assert execution.states == ["CreateRequest", "FollowPlan", "UpdateRoutes", "PeeringActive"]


@pytest.mark.parametrize("reverse", [False, True], ids=["its direction", "the other direction"])
def test_adopting_what_is_there_already_takes_five_reads(world: World, machine: Machine, reverse: bool) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    pcx = world.peered_by_hand(vpc, peer)
    for end, block in ((vpc, "10.2.0.0/16"), (peer, "10.1.0.0/16")):
        end.ec2.create_route(RouteTableId=end.main_table, DestinationCidrBlock=block, VpcPeeringConnectionId=pcx)
    with world.calls() as calls:
        output = machine.run(request(*((peer, vpc) if reverse else (vpc, peer)))).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Created"]) == (pcx, False)
    assert_within(calls, READS)


def test_a_refused_request_takes_five_reads_and_two_to_see_whom_to_tell(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.1.128.0/20", region=THERE)
    with world.calls() as calls:
        machine.run(request(vpc, peer)).failed("OverlappingCidrs")
    assert_within(calls, READS + Counter(DescribeVpcs=2))


def test_what_can_be_asked_at_once_is_asked_at_once(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    for _ in range(3):
        vpc.table(), peer.table()
    machine.run(request(vpc, peer, DryRun=True)).succeeded()  # so that the function is warm
    world.control.set_latency(2)
    with world.calls() as calls:
        machine.run(request(vpc, peer)).succeeded()
    reads = calls.made[:5]
    assert Counter(call["Action"] for call in reads) == READS
    routes = [call for call in calls.made if call["Action"] == "CreateRoute"]
    assert len(routes) == 8
    for at_once in (reads, routes):
        assert max(call["Began"] for call in at_once) < min(call["Ended"] for call in at_once)


def after_polls(world: World, machine: Machine, wish: dict[str, Any], polls: int) -> Execution:
    """An execution that AWS lets wait until it has asked that often."""
    arn = machine.start(wish)
    wait_until(lambda: len(machine.failed_tries(arn)) >= polls, "it has asked that often")
    world.control.advance(NEVER)
    return machine.wait(arn).succeeded()


def assert_within(calls: Calls, budget: Counter[str]) -> None:
    """No action is called more often than the budget allows; refused calls count too."""
    made = Counter(calls.ec2())
    assert made <= budget, f"over the budget: {dict(made - budget)}"
