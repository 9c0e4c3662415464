"""A dry run answers with the whole plan and writes nothing; the real run after it does exactly what the plan said."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .executions import Execution, Machine
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, request


@contextmanager
def nothing_but_reading(world: World, *vpcs: Vpc) -> Iterator[None]:
    """The call log holds no call that is not a Describe, and EC2 is afterwards what it was."""
    with world.untouched(*vpcs), world.calls() as calls:
        yield
    assert calls.ec2(), "a plan is made of what is there"
    assert [action for action in calls.ec2() if not action.startswith("Describe")] == []


@pytest.mark.parametrize(
    ("peer_region", "peer_account"),
    [(HERE, HUB), (THERE, HUB), (THERE, MEMBER)],
    ids=["one Region", "two Regions", "two accounts"],
)
def test_the_plan_of_a_first_run_is_what_the_run_then_does(
    world: World, machine: Machine, peer_region: str, peer_account: str
) -> None:
    vpc = world.vpc("10.1.0.0/16", "2600:1f00:1::/56")
    peer = world.vpc("10.2.0.0/16", "10.12.0.0/16", region=peer_region, account=peer_account)
    vpc.table()
    shadowed = peer.table()
    peer.ec2.create_route(RouteTableId=shadowed, DestinationCidrBlock="10.1.9.0/24", GatewayId=peer.internet_gateway())
    wish = request(vpc, peer, Tags={"team": "payments"})

    with nothing_but_reading(world, vpc, peer):
        plan = machine.run({**wish, "DryRun": True}).succeeded()
    assert plan.states == ["CreateRequest", "FollowPlan", "PeeringPlanned"]
    assert (plan.output["VpcPeeringConnectionId"], plan.output["Status"], plan.output["Created"]) == (
        None,
        "planned",
        True,
    )
    assert plan.actions() == {"Created": 2 * 2 + 2 * 2}
    [warning] = plan.output["Warnings"]
    assert shadowed in warning and "10.1.9.0/24" in warning
    assert vpc.connections() == []

    run = machine.run(wish).succeeded()
    pcx = run.output["VpcPeeringConnectionId"]
    assert_did_what_was_planned(plan, run, VpcPeeringConnectionId=pcx)
    assert vpc.routes_to(pcx) | peer.routes_to(pcx) == planned_routes(plan)


def test_the_plan_on_an_active_connection_tells_created_from_unchanged_and_repaired(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    dead = world.peered_by_hand(vpc, peer)
    broken, there, missing = vpc.main_table, vpc.table(), vpc.table()
    vpc.ec2.create_route(RouteTableId=broken, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=dead)
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=dead)
    pcx = world.peered_by_hand(vpc, peer)
    vpc.ec2.create_route(RouteTableId=there, DestinationCidrBlock="10.2.0.0/16", VpcPeeringConnectionId=pcx)
    wish = request(vpc, peer, PeerRoutes={"Tables": "none"})

    with nothing_but_reading(world, vpc, peer):
        plan = machine.run({**wish, "DryRun": True}).succeeded()
    assert (plan.output["VpcPeeringConnectionId"], plan.output["Status"], plan.output["Created"]) == (
        pcx,
        "planned",
        False,
    )
    actions = {route["RouteTableId"]: route["Action"] for route in plan.output["Routes"]}
    assert actions == {broken: "Repaired", there: "Unchanged", missing: "Created"}
    assert vpc.routes_to(dead) == {(broken, "10.2.0.0/16", "blackhole")}

    run = machine.run(wish).succeeded()
    assert_did_what_was_planned(plan, run)
    assert vpc.routes_to(pcx) == planned_routes(plan)
    assert vpc.routes_to(dead) == set()

    with nothing_but_reading(world, vpc, peer):
        again = machine.run({**wish, "DryRun": True}).succeeded()
    assert again.actions() == {"Unchanged": 3}


def test_the_plan_on_a_pending_connection_leaves_it_pending(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    pcx = world.peered_by_hand(peer, vpc, accept=False)
    with nothing_but_reading(world, vpc, peer):
        plan = machine.run(request(vpc, peer, DryRun=True)).succeeded()
    assert (plan.output["VpcPeeringConnectionId"], plan.output["Created"]) == (pcx, False)
    assert (plan.output["Requester"]["VpcId"], plan.output["Accepter"]["VpcId"]) == (peer.id, vpc.id)
    assert vpc.connection(pcx)["Status"]["Code"] == "pending-acceptance"


def test_the_plan_says_whether_dns_resolution_will_be_on(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    for wished in (True, False):
        with nothing_but_reading(world, vpc, peer):
            plan = machine.run(request(vpc, peer, DryRun=True, DnsResolution=wished)).succeeded()
        assert plan.output["DnsResolution"] is wished


def test_overlapping_blocks_are_refused_as_in_a_real_run(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16", "10.2.0.0/24"), world.vpc("10.2.0.0/16", region=THERE)
    refusal = refused_alike(world, machine, vpc, peer, "OverlappingCidrs")
    assert refusal["Overlaps"] == [{"CidrBlock": "10.2.0.0/24", "PeerCidrBlock": "10.2.0.0/16"}]


def test_a_route_in_the_way_is_refused_as_in_a_real_run(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    gateway = peer.internet_gateway()
    peer.ec2.create_route(RouteTableId=peer.main_table, DestinationCidrBlock="10.1.0.0/16", GatewayId=gateway)
    refusal = refused_alike(world, machine, vpc, peer, "RouteConflict")
    conflict = {"RouteTableId": peer.main_table, "DestinationCidrBlock": "10.1.0.0/16", "Target": gateway}
    assert refusal["Conflicts"] == [conflict]


def test_a_destination_outside_is_refused_as_in_a_real_run(world: World, machine: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    refusal = refused_alike(world, machine, vpc, peer, "InvalidRequest", Routes={"Destinations": ["10.3.0.0/24"]})
    assert refusal["Field"] == "Routes.Destinations"


def refused_alike(world: World, machine: Machine, vpc: Vpc, peer: Vpc, error: str, **fields: Any) -> dict[str, Any]:
    """The cause, once a dry run and a real one have both been refused by that name, without a write, for the same cause."""
    wish = request(vpc, peer, **fields)
    with nothing_but_reading(world, vpc, peer):
        planned, run = (machine.run({**wish, "DryRun": dry}).failed(error) for dry in (True, False))
    assert planned.cause == run.cause
    return planned.cause


def assert_did_what_was_planned(plan: Execution, run: Execution, **known_since: Any) -> None:
    """The outputs have one form and differ in nothing but what could not be known before."""
    assert run.output == {**plan.output, "Status": "active", **known_since}


def planned_routes(plan: Execution) -> set[tuple[str, str, str]]:
    """The plan's routes as they read once the connection is active."""
    return {
        (route["RouteTableId"], route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"], "active")
        for route in plan.output["Routes"]
    }
