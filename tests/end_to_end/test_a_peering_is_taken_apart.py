"""The teardown machine: our routes, then our connection, and nothing else."""

import pytest

from .executions import Machine
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, request, wait_until


def ends(vpc: Vpc, peer: Vpc, **fields: object) -> dict[str, object]:
    return {**vpc.end(), **peer.end("Peer"), **fields}


@pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, MEMBER)], ids=["one Region", "two accounts"])
def test_the_routes_go_and_then_the_connection(
    world: World, machine: Machine, teardown: Machine, region: str, account: str
) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", "2600:1f00:2::/56", region=region, account=account)
    vpc.table()
    before = vpc.tables(), peer.tables()
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]

    with world.calls() as calls:
        output = teardown.run(ends(peer, vpc)).succeeded().output  # from the other end

    assert (vpc.tables(), peer.tables()) == before
    assert vpc.connections() == peer.connections() == []
    assert (output["VpcPeeringConnectionId"], output["Status"]) == (pcx, "deleted")
    assert [route["Action"] for route in output["Routes"]] == ["Deleted"] * (2 * 2 + 1)
    assert calls.writes() == ["DeleteRoute"] * 5 + ["DeleteVpcPeeringConnection"]


def test_a_second_time_there_is_nothing_to_remove(world: World, machine: Machine, teardown: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    machine.run(request(vpc, peer)).succeeded()
    teardown.run(ends(vpc, peer)).succeeded()
    with world.calls() as calls:
        output = teardown.run(ends(vpc, peer)).succeeded().output
    assert output == {"VpcPeeringConnectionId": None, "Status": "absent", "Routes": []}
    assert calls.writes() == []


def test_what_somebody_else_made_is_not_ours(world: World, machine: Machine, teardown: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    pcx = world.peered_by_hand(vpc, peer)
    machine.run(request(vpc, peer)).succeeded()  # adopted, not made
    before = vpc.tables(), peer.tables()
    cause = teardown.run(ends(vpc, peer)).failed("NotOurs").cause
    assert cause["VpcPeeringConnectionId"] == pcx
    assert (vpc.tables(), peer.tables()) == before
    assert [seen["VpcPeeringConnectionId"] for seen in vpc.connections("active")] == [pcx]


def test_routes_to_other_places_stay(world: World, machine: Machine, teardown: Machine) -> None:
    vpc, peer, third = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16"), world.vpc("10.3.0.0/16")
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=vpc.internet_gateway())
    kept = machine.run(request(vpc, third)).succeeded().output["VpcPeeringConnectionId"]
    before = vpc.tables()
    machine.run(request(vpc, peer)).succeeded()
    teardown.run(ends(vpc, peer)).succeeded()
    assert vpc.tables() == before
    assert vpc.routes_to(kept) == {(vpc.main_table, "10.3.0.0/16", "active")}


def test_blackholes_of_a_connection_deleted_by_hand_are_removed(world: World, machine: Machine, teardown: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    wait_until(lambda: {state for *_, state in vpc.routes_to(pcx)} == {"blackhole"}, "the route is a blackhole")
    teardown.run(ends(vpc, peer)).succeeded()
    assert vpc.routes_to(pcx) == peer.routes_to(pcx) == set()


@pytest.mark.parametrize("account", [HUB, MEMBER], ids=["one account", "two accounts"])
def test_a_route_that_a_set_up_wrote_meanwhile_goes_as_well(
    world: World, machine: Machine, teardown: Machine, account: str
) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", account=account)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    world.control.plant_faults({"Action": "DeleteVpcPeeringConnection", "DelaySeconds": 5})
    arn = teardown.start(ends(vpc, peer))
    wait_until(lambda: not vpc.routes_to(pcx) and not peer.routes_to(pcx), "the planned routes are gone")
    for end, block in ((vpc, "10.2.0.0/16"), (peer, "10.1.0.0/16")):
        end.ec2.create_route(RouteTableId=end.main_table, DestinationCidrBlock=block, VpcPeeringConnectionId=pcx)
    teardown.wait(arn).succeeded()
    assert vpc.routes_to(pcx) == peer.routes_to(pcx) == set()


def test_two_at_once_are_no_failure(world: World, machine: Machine, teardown: Machine) -> None:
    """Each has seen the connection alive when the other deletes it."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    world.control.plant_faults({"Action": "DeleteVpcPeeringConnection", "DelaySeconds": 5, "Times": 2})
    arns = [teardown.start(ends(vpc, peer)), teardown.start(ends(peer, vpc))]
    outputs = [teardown.wait(arn).succeeded().output for arn in arns]
    assert {(output["VpcPeeringConnectionId"], output["Status"]) for output in outputs} == {(pcx, "deleted")}
    assert vpc.routes_to(pcx) == peer.routes_to(pcx) == set()
    assert vpc.connections() == peer.connections() == []


def test_a_dry_run_removes_nothing(world: World, machine: Machine, teardown: Machine) -> None:
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    before = vpc.tables(), peer.tables()
    with world.calls() as calls:
        output = teardown.run(ends(vpc, peer, DryRun=True)).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Status"], len(output["Routes"])) == (pcx, "planned", 2)
    assert (vpc.tables(), peer.tables()) == before
    assert calls.writes() == []


def test_input_is_as_strict_as_for_peering(world: World, teardown: Machine) -> None:
    vpc = world.vpc("10.1.0.0/16")
    refused = teardown.run({"VpcId": vpc.id, "PeerVpcId": vpc.id}).failed("InvalidRequest")
    assert refused.cause["Field"] == "PeerVpcId"
    refused = teardown.run({"VpcId": vpc.id, "PeerVpcId": "vpc-0a1b2c3d", "Routes": {}}).failed("InvalidRequest")
    assert refused.cause["Field"] == "Routes"
    elsewhere = teardown.run({"VpcId": vpc.id, "PeerVpcId": "vpc-0a1b2c3d", "PeerRegion": "mars-north-1"})
    assert elsewhere.failed("InvalidRequest").cause["Field"] == "PeerRegion"


def test_what_a_tag_wishes_is_not_taken_apart_by_hand(world: World, machine: Machine, teardown: Machine) -> None:
    """It would only come back: the sweep finds it missing."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE)
    world.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    for dry_run in (True, False):
        cause = teardown.run(ends(peer, vpc, DryRun=dry_run)).failed("StillWished").cause
        assert (cause["VpcId"], cause["OwnerId"]) == (vpc.id, HUB)
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)
