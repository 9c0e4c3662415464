"""A dry run returns the complete plan and writes nothing; the real run after it does exactly what was planned."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .executions import Execution, Machine
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request


@contextmanager
def only_reads(network: Network, *vpcs: Vpc) -> Iterator[None]:
    """Asserts that the functions only call Describe actions in this block, and that the VPCs are unchanged after it."""
    with network.untouched(*vpcs), network.calls() as calls:
        yield
    assert calls.ec2(), "a plan needs reads"
    assert [action for action in calls.ec2() if not action.startswith("Describe")] == []


@pytest.mark.parametrize(
    ("peer_region", "peer_account"),
    [(HERE, HUB), (THERE, HUB), (THERE, MEMBER)],
    ids=["one Region", "two Regions", "two accounts"],
)
def test_a_first_run_does_what_its_dry_run_planned(network: Network, machine: Machine, peer_region: str, peer_account: str) -> None:
    vpc = network.vpc("10.1.0.0/16", "2600:1f00:1::/56")
    peer = network.vpc("10.2.0.0/16", "10.12.0.0/16", region=peer_region, account=peer_account)
    vpc.table()
    shadowed = peer.table()
    peer.ec2.create_route(RouteTableId=shadowed, DestinationCidrBlock="10.1.9.0/24", GatewayId=peer.internet_gateway())
    given = request(vpc, peer, Tags={"team": "payments"})

    with only_reads(network, vpc, peer):
        plan = machine.run({**given, "DryRun": True}).succeeded()
    assert plan.states == ["CreateRequest", "FollowPlan", "ReturnOutput"]
    assert (plan.output["VpcPeeringConnectionId"], plan.output["Status"], plan.output["Created"]) == (
        None,
        "planned",
        True,
    )
    assert plan.actions() == {"Created": 2 * 2 + 2 * 2}
    [warning] = plan.output["Warnings"]
    assert shadowed in warning and "10.1.9.0/24" in warning
    assert vpc.connections() == []

    run = machine.run(given).succeeded()
    pcx = run.output["VpcPeeringConnectionId"]
    assert_did_what_was_planned(plan, run, VpcPeeringConnectionId=pcx)
    assert vpc.routes_to(pcx) | peer.routes_to(pcx) == planned_routes(plan)


def test_the_plan_on_an_active_connection_distinguishes_created_unchanged_and_repaired(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    former = network.peer_manually(vpc, peer)
    broken, there, missing = vpc.main_table, vpc.table(), vpc.table()
    vpc.ec2.create_route(RouteTableId=broken, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=former)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=former)
    pcx = network.peer_manually(vpc, peer)
    vpc.ec2.create_route(RouteTableId=there, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=pcx)
    given = request(vpc, peer, PeerRoutes={"Tables": "none"})

    with only_reads(network, vpc, peer):
        plan = machine.run({**given, "DryRun": True}).succeeded()
    assert (plan.output["VpcPeeringConnectionId"], plan.output["Status"], plan.output["Created"]) == (
        pcx,
        "planned",
        False,
    )
    actions = {route["RouteTableId"]: route["Action"] for route in plan.output["Routes"]}
    assert actions == {broken: "Repaired", there: "Unchanged", missing: "Created"}
    assert vpc.routes_to(former) == {(broken, "10.2.0.0/16", "blackhole")}

    run = machine.run(given).succeeded()
    assert_did_what_was_planned(plan, run)
    assert vpc.routes_to(pcx) == planned_routes(plan)
    assert vpc.routes_to(former) == set()

    with only_reads(network, vpc, peer):
        again = machine.run({**given, "DryRun": True}).succeeded()
    assert again.actions() == {"Unchanged": 3}


def test_the_plan_on_a_pending_connection_leaves_it_pending(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    pcx = network.peer_manually(peer, vpc, accept=False)
    with only_reads(network, vpc, peer):
        plan = machine.run(request(vpc, peer, DryRun=True)).succeeded()
    assert (plan.output["VpcPeeringConnectionId"], plan.output["Created"]) == (pcx, False)
    assert (plan.output["Requester"]["VpcId"], plan.output["Accepter"]["VpcId"]) == (peer.id, vpc.id)
    assert vpc.connection(pcx)["Status"]["Code"] == "pending-acceptance"


def test_the_plan_shows_whether_dns_resolution_will_be_on(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    for enabled in (True, False):
        with only_reads(network, vpc, peer):
            plan = machine.run(request(vpc, peer, DryRun=True, DnsResolution=enabled)).succeeded()
        assert plan.output["DnsResolution"] is enabled


def test_overlapping_blocks_are_refused_as_in_a_real_run(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16", "10.2.0.0/24"), network.vpc("10.2.0.0/16", region=THERE)
    cause = assert_refused_alike(network, machine, vpc, peer, "OverlappingCidrs")
    assert cause["Overlaps"] == [{"CidrBlock": "10.2.0.0/24", "PeerCidrBlock": "10.2.0.0/16"}]


def test_a_conflicting_route_is_refused_as_in_a_real_run(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    gateway = peer.internet_gateway()
    peer.ec2.create_route(RouteTableId=peer.main_table, DestinationCidrBlock="10.1.0.0/16", GatewayId=gateway)
    cause = assert_refused_alike(network, machine, vpc, peer, "RouteConflict")
    conflict = {"RouteTableId": peer.main_table, "DestinationCidrBlock": "10.1.0.0/16", "Target": gateway}
    assert cause["Conflicts"] == [conflict]


def test_a_destination_outside_is_refused_as_in_a_real_run(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    cause = assert_refused_alike(network, machine, vpc, peer, "InvalidRequest", Routes={"Destinations": ["10.3.0.0/24"]})
    assert cause["Field"] == "Routes.Destinations"


def assert_refused_alike(network: Network, machine: Machine, vpc: Vpc, peer: Vpc, error: str, **fields: Any) -> dict[str, Any]:
    """Asserts that a dry run and a real run both fail with that error and the same cause, without a write. Returns the cause."""
    given = request(vpc, peer, **fields)
    with only_reads(network, vpc, peer):
        planned, run = (machine.run({**given, "DryRun": dry}).failed(error) for dry in (True, False))
    assert planned.cause == run.cause
    return planned.cause


def assert_did_what_was_planned(plan: Execution, run: Execution, **known_later: Any) -> None:
    """Both outputs have the same fields and differ only in what a plan can not know."""
    assert run.output == {**plan.output, "Status": "active", **known_later}


def planned_routes(plan: Execution) -> set[tuple[str, str, str]]:
    """The planned routes, as they are read once the connection is active."""
    return {
        (route["RouteTableId"], route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"], "active")
        for route in plan.output["Routes"]
    }
