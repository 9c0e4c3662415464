"""The teardown machine deletes our routes, then our connection, and nothing else."""

import pytest

from .executions import Machine
from .ledger import Ledger
from .listening import Listener
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .places import PLACES
from .tagging import Peerings


def ends(vpc: Vpc, peer: Vpc, **fields: object) -> dict[str, object]:
    return {**vpc.end(), **peer.end("Peer"), **fields}


@pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, MEMBER)], ids=["one Region", "two accounts"])
def test_the_routes_are_deleted_and_then_the_connection(
    network: Network, machine: Machine, teardown: Machine, region: str, account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", "2600:1f00:2::/56", region=region, account=account)
    vpc.table()
    before = vpc.tables(), peer.tables()
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]

    with network.calls() as calls:
        output = teardown.run(ends(peer, vpc)).succeeded().output  # from the other end

    assert (vpc.tables(), peer.tables()) == before
    assert vpc.connections() == peer.connections() == []
    assert (output["VpcPeeringConnectionId"], output["Status"]) == (pcx, "deleted")
    assert [route["Action"] for route in output["Routes"]] == ["Deleted"] * (2 * 2 + 1)
    assert calls.writes() == ["DeleteRoute"] * 5 + ["DeleteVpcPeeringConnection"]


def test_a_second_time_there_is_nothing_to_remove(network: Network, machine: Machine, teardown: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    machine.run(request(vpc, peer)).succeeded()
    teardown.run(ends(vpc, peer)).succeeded()
    with network.calls() as calls:
        output = teardown.run(ends(vpc, peer)).succeeded().output
    assert output == {"VpcPeeringConnectionId": None, "Status": "absent", "Routes": []}
    assert calls.writes() == []


def test_a_connection_that_somebody_else_made_is_not_ours(network: Network, teardown: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    pcx = network.peer_manually(vpc, peer)
    for dry_run in (True, False):
        with network.untouched(vpc, peer):
            cause = teardown.run(ends(vpc, peer, DryRun=dry_run)).failed("NotOurs").cause
        assert cause["VpcPeeringConnectionId"] == pcx


@pytest.mark.parametrize("status", ["pending-acceptance", "active"])
@PLACES
def test_an_adopted_connection_stays_and_what_we_wrote_goes(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, peer_region: str, peer_account: str, status: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    pcx = network.peer_manually(vpc, peer, accept=status == "active")
    own = {"DestinationCidrBlock": "10.2.9.0/24", "VpcPeeringConnectionId": pcx}
    vpc.ec2.create_route(RouteTableId=vpc.main_table, **own)
    machine.run(request(vpc, peer)).succeeded()
    planned = teardown.run(ends(vpc, peer, DryRun=True)).succeeded().output
    assert (planned["Status"], len(planned["Routes"])) == ("planned", 2)

    with network.calls() as calls:
        output = teardown.run(ends(peer, vpc)).succeeded().output

    assert (output["VpcPeeringConnectionId"], output["Status"]) == (pcx, "released")
    assert sorted(route["Action"] for route in output["Routes"]) == ["Deleted"] * 2
    assert calls.writes() == ["DeleteRoute"] * 2
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.9.0/24", "active")} and peer.routes_to(pcx) == set()
    assert [found["VpcPeeringConnectionId"] for found in vpc.connections("active")] == [pcx]
    assert "Connection" not in ledger.assert_free(vpc, peer)
    teardown.run(ends(vpc, peer)).failed("NotOurs")  # the ledger knows nothing of it any more


def test_an_adopted_connection_whose_tag_is_removed_is_released(
    network: Network, peerings: Peerings, ledger: Ledger, environment: dict[str, str]
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    pcx = network.peer_manually(vpc, peer)
    peer.ec2.create_route(RouteTableId=peer.main_table, DestinationCidrBlock="10.1.0.0/16", VpcPeeringConnectionId=pcx)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    assert ledger.routes(vpc, peer) == {(vpc.main_table, "10.2.0.0/16")}
    listener = Listener(environment, {"source": ["isthmus"], "detail-type": ["VPC Peering Removed"]})
    vpc.untag("isthmus:peer")
    detail = listener.receive("VPC Peering Removed", vpc)["detail"]
    listener.stop()
    assert (detail["VpcPeeringConnectionId"], detail["Status"]) == (pcx, "released")
    assert vpc.routes_to(pcx) == set() and peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}
    assert vpc.connection(pcx)["Status"]["Code"] == "active"
    peerings.wait_for_executions(vpc, peer)
    assert vpc.tags() == peer.tags() == {}


def test_routes_to_other_places_stay(network: Network, machine: Machine, teardown: Machine) -> None:
    vpc, peer, third = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), network.vpc("10.3.0.0/16")
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=vpc.internet_gateway())
    kept = machine.run(request(vpc, third)).succeeded().output["VpcPeeringConnectionId"]
    before = vpc.tables()
    machine.run(request(vpc, peer)).succeeded()
    teardown.run(ends(vpc, peer)).succeeded()
    assert vpc.tables() == before
    assert vpc.routes_to(kept) == {(vpc.main_table, "10.3.0.0/16", "active")}


def test_blackholes_of_a_connection_deleted_manually_are_removed(network: Network, machine: Machine, teardown: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    vpc.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    wait_until(lambda: {state for *_, state in vpc.routes_to(pcx)} == {"blackhole"}, "the route is a blackhole")
    teardown.run(ends(vpc, peer)).succeeded()
    assert vpc.routes_to(pcx) == peer.routes_to(pcx) == set()


@pytest.mark.parametrize("account", [HUB, MEMBER], ids=["one account", "two accounts"])
def test_a_route_that_somebody_writes_meanwhile_is_not_ours(
    network: Network, machine: Machine, teardown: Machine, account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", account=account)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    network.control.plant_faults({"Action": "DeleteVpcPeeringConnection", "DelaySeconds": 5})
    arn = teardown.start(ends(vpc, peer))
    wait_until(lambda: not vpc.routes_to(pcx) and not peer.routes_to(pcx), "the planned routes are deleted")
    for end, block in ((vpc, "10.2.0.0/17"), (peer, "10.1.0.0/17")):
        end.ec2.create_route(RouteTableId=end.main_table, DestinationCidrBlock=block, VpcPeeringConnectionId=pcx)
    teardown.wait(arn).succeeded()
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/17", "blackhole")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/17", "blackhole")}


def test_two_at_once_are_no_failure(network: Network, machine: Machine, teardown: Machine) -> None:
    """The second one waits until the pair is free, and finds nothing to remove."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    network.control.plant_faults({"Action": "DeleteVpcPeeringConnection", "DelaySeconds": 5, "Times": 2})
    arns = [teardown.start(ends(vpc, peer)), teardown.start(ends(peer, vpc))]
    outputs = [teardown.wait(arn).succeeded().output for arn in arns]
    found = sorted((output["VpcPeeringConnectionId"] or "", output["Status"]) for output in outputs)
    assert found == [("", "absent"), (pcx, "deleted")]
    assert vpc.routes_to(pcx) == peer.routes_to(pcx) == set()
    assert vpc.connections() == peer.connections() == []


def test_a_dry_run_removes_nothing(network: Network, machine: Machine, teardown: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    before = vpc.tables(), peer.tables()
    with network.calls() as calls:
        output = teardown.run(ends(vpc, peer, DryRun=True)).succeeded().output
    assert (output["VpcPeeringConnectionId"], output["Status"], len(output["Routes"])) == (pcx, "planned", 2)
    assert (vpc.tables(), peer.tables()) == before
    assert calls.writes() == []


def test_input_is_as_strict_as_for_peering(network: Network, teardown: Machine) -> None:
    vpc = network.vpc("10.1.0.0/16")
    failed = teardown.run({"VpcId": vpc.id, "PeerVpcId": vpc.id}).failed("InvalidRequest")
    assert failed.cause["Field"] == "PeerVpcId"
    failed = teardown.run({"VpcId": vpc.id, "PeerVpcId": "vpc-0a1b2c3d", "Routes": {}}).failed("InvalidRequest")
    assert failed.cause["Field"] == "Routes"
    elsewhere = teardown.run({"VpcId": vpc.id, "PeerVpcId": "vpc-0a1b2c3d", "PeerRegion": "mars-north-1"})
    assert elsewhere.failed("InvalidRequest").cause["Field"] == "PeerRegion"


def test_a_peering_that_a_tag_requests_is_not_torn_down_by_an_execution(
    network: Network, machine: Machine, teardown: Machine
) -> None:
    """The sweep would find it missing and create it again."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    for dry_run in (True, False):
        cause = teardown.run(ends(peer, vpc, DryRun=dry_run)).failed("StillTagged").cause
        assert (cause["VpcId"], cause["OwnerId"]) == (vpc.id, HUB)
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)
