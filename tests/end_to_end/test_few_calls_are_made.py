"""The number of AWS calls of an execution, by the local cloud's log: only those that are needed.

A first run with R routes describes VPCs twice, connections once and route tables twice, or each once where both VPCs are in one
place; it creates and accepts the connection and describes it once, when it is active; and it creates R routes. Each further poll,
each side of DNS resolution, each further page and the tags of the other side add one call. The ledger is written three times: when
the pair is taken, before the first route, and at the end.
"""

from collections import Counter
from typing import Any

import pytest

from .calls import Calls
from .executions import Execution, Machine
from .ledger import Writes
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until

READS = Counter(DescribeVpcs=2, DescribeVpcPeeringConnections=1, DescribeRouteTables=2)
READS_IN_ONE_PLACE = Counter(DescribeVpcs=1, DescribeVpcPeeringConnections=1, DescribeRouteTables=1)
SET_UP = Counter(CreateVpcPeeringConnection=1, AcceptVpcPeeringConnection=1, DescribeVpcPeeringConnections=1)


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def reads_of(vpc: Vpc, peer: Vpc) -> Counter[str]:
    """One look at both, where one call sees them."""
    return READS_IN_ONE_PLACE if (vpc.region, vpc.account) == (peer.region, peer.account) else READS


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
    network: Network, machine: Machine, peer_region: str, peer_account: str, other_side: Counter[str]
) -> None:
    vpc = network.vpc("10.1.0.0/16", "10.11.0.0/16")
    peer = network.vpc("10.2.0.0/16", "2600:1f00:2::/56", region=peer_region, account=peer_account)
    vpc.table()
    routes = 2 * 2 + 1 * 2
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer)).succeeded()
    assert execution.actions() == {"Created": routes}
    assert_within(calls, reads_of(vpc, peer) + SET_UP + other_side + Counter(CreateRoute=routes))
    assert len(calls.ec2()) <= (reads_of(vpc, peer) + SET_UP).total() + routes + other_side.total()
    assert len(execution.states) <= 6, execution.states
    assert machine.failed_tries(execution.arn) == [], "nothing was retried"


def test_each_side_s_dns_resolution_takes_one_more(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc_with_dns("10.1.0.0/16"), network.vpc_with_dns("10.2.0.0/16")
    with network.calls() as calls:
        machine.run(request(vpc, peer, DnsResolution=True)).succeeded()
    assert_within(calls, reads_of(vpc, peer) + SET_UP + Counter(CreateRoute=2, ModifyVpcPeeringConnectionOptions=2))


def test_each_further_poll_for_active_takes_one_more(network: Network, machine: Machine) -> None:
    network.control.set(provisioning_for=NEVER)
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    with network.calls() as calls:
        execution = after_polls(network, machine, request(vpc, peer), 2)
    polls = machine.failed_tries(execution.arn)
    assert {error for error, _ in polls} == {"PeeringPending"}
    assert_within(calls, reads_of(vpc, peer) + SET_UP + Counter(CreateRoute=2, DescribeVpcPeeringConnections=len(polls)))


@pytest.mark.parametrize("peer_region", [HERE, THERE], ids=["one Region", "two Regions"])
def test_each_further_attempt_to_accept_takes_one_more_and_from_the_third_on_two(
    network: Network, machine: Machine, peer_region: str
) -> None:
    """From the third attempt on the connection is described too, so that one that has ended fails the execution soon."""
    network.control.set(visible_after=NEVER, pending_after=NEVER)
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region)
    with network.calls() as calls:
        execution = after_polls(network, machine, request(vpc, peer), 4)
    polls = machine.failed_tries(execution.arn)
    assert {error for error, _ in polls} == {"PeeringNotVisible"}
    other_side = 0 if peer_region == HERE else 1
    assert len(calls.ec2()) <= 8 + 2 + other_side + len(polls) + (len(polls) - 2), calls.ec2()


@pytest.mark.parametrize("peer_region", [HERE, THERE], ids=["one Region", "two Regions"])
def test_running_it_again_takes_five_reads(network: Network, machine: Machine, peer_region: str) -> None:
    vpc = network.vpc_with_dns("10.1.0.0/16", "2600:1f00:1::/56")
    peer = network.vpc_with_dns("10.2.0.0/16", region=peer_region)
    vpc.table()
    fields = {"DnsResolution": True, "Tags": {"team": "payments"}}
    machine.run(request(vpc, peer, **fields)).succeeded()
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer, **fields)).succeeded()
    assert execution.actions() == {"Unchanged": 4}
    assert_within(calls, reads_of(vpc, peer))
    assert execution.states == ["CreateRequest", "FollowPlan", "UpdateRoutes", "PeeringActive"]


@pytest.mark.parametrize("reverse", [False, True], ids=["its direction", "the other direction"])
def test_adopting_a_connection_with_its_routes_takes_five_reads(network: Network, machine: Machine, reverse: bool) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    pcx = network.peer_manually(vpc, peer)
    for end, block in ((vpc, "10.2.0.0/16"), (peer, "10.1.0.0/16")):
        end.ec2.create_route(RouteTableId=end.main_table, DestinationCidrBlock=block, VpcPeeringConnectionId=pcx)
    with network.calls() as calls:
        output = machine.run(request(*((peer, vpc) if reverse else (vpc, peer)))).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Created"]) == (pcx, False)
    assert_within(calls, READS)


def test_a_refused_request_takes_five_reads_and_two_of_the_status_tags(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.1.128.0/20", region=THERE)
    with network.calls() as calls:
        machine.run(request(vpc, peer)).failed("OverlappingCidrs")
    assert_within(calls, READS + Counter(DescribeVpcs=2))


TAKE, INTEND, END = "Known0", "PendingA", "Outcome"


def written(made: list[dict[str, Any]]) -> list[str]:
    """What each write of the ledger was for, by what only that one mentions."""
    writes = [call["Parameters"] for call in made if call["Action"] not in ("GetItem", "Query", "Scan")]
    values = [{name.lstrip(":") for name in write["ExpressionAttributeValues"]} for write in writes]
    return [next(purpose for purpose in (TAKE, INTEND, END) if purpose in names) for names in values]


@pytest.mark.parametrize(("peer_region", "peer_account"), [(HERE, HUB), (THERE, MEMBER)])
def test_the_ledger_is_written_three_times_a_run(
    environment: dict[str, str], network: Network, machine: Machine, teardown: Machine, peer_region: str, peer_account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    ends, writes = vpc.end() | peer.end("Peer"), Writes(environment)
    assert machine.run(request(vpc, peer)).succeeded().output["Created"]
    made = writes.made()
    assert written(made) == [TAKE, INTEND, END]
    assert Counter(call["Action"] for call in made) <= Counter(UpdateItem=3, GetItem=2)

    machine.run(request(vpc, peer)).succeeded()
    assert written(writes.made()) == [TAKE, END], "nothing is written in EC2, so nothing is recorded before that"

    vpc.table()
    machine.run(request(vpc, peer)).succeeded()
    assert written(writes.made()) == [TAKE, INTEND, END]

    teardown.run(ends).succeeded()
    assert written(writes.made()) == [TAKE, END]
    teardown.run(ends).succeeded()
    assert [call["Action"] for call in writes.made()] == ["UpdateItem"] * 2, "taken and given back"


@pytest.mark.parametrize("action", ["CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "CreateRoute"])
def test_the_ledger_is_written_three_times_by_a_run_that_fails(
    environment: dict[str, str], network: Network, machine: Machine, action: str
) -> None:
    vpc, peer, writes = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE), Writes(environment)
    network.control.plant_faults({"Action": action, "Code": "UnauthorizedOperation", "HttpStatus": 403})
    machine.run(request(vpc, peer)).failed("AccessDenied")
    assert written(writes.made()) == ([TAKE, INTEND, END] if action == "CreateRoute" else [TAKE, END])


def test_routes_over_several_calls_are_recorded_once(environment: dict[str, str], network: Network, machine: Machine) -> None:
    vpc, peer, writes = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE), Writes(environment)
    throttled = {"Code": "RequestLimitExceeded", "HttpStatus": 503, "Match": {"RouteTableId": peer.main_table}}
    network.control.plant_faults({"Action": "CreateRoute", "Times": 6, **throttled})
    execution = machine.run(request(vpc, peer)).succeeded()
    assert "RoutesRemaining" in {error for error, _ in machine.failed_tries(execution.arn)}
    assert written(writes.made()) == [TAKE, INTEND, END]


def test_independent_calls_are_made_concurrently(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    for _ in range(3):
        vpc.table(), peer.table()
    machine.run(request(vpc, peer, DryRun=True)).succeeded()  # a warm function
    network.control.set_latency(2)
    with network.calls() as calls:
        machine.run(request(vpc, peer)).succeeded()
    reads = calls.made[:5]
    assert Counter(call["Action"] for call in reads) == READS
    routes = [call for call in calls.made if call["Action"] == "CreateRoute"]
    assert len(routes) == 8
    for at_once in (reads, routes):
        assert max(call["Began"] for call in at_once) < min(call["Ended"] for call in at_once)


def after_polls(network: Network, machine: Machine, given: dict[str, Any], polls: int) -> Execution:
    """Runs an execution whose connection does not progress until it has been polled that often."""
    arn = machine.start(given)
    wait_until(lambda: len(machine.failed_tries(arn)) >= polls, f"{polls} polls")
    network.control.advance(NEVER)
    return machine.wait(arn).succeeded()


def assert_within(calls: Calls, budget: Counter[str]) -> None:
    """Asserts that no action is called more often than the budget allows. Refused calls count too."""
    made = Counter(calls.ec2())
    assert made <= budget, f"over the budget: {dict(made - budget)}"
