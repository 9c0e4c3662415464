"""The status tags: who gets one, what they say, and that they stay what they are from sweep to sweep."""

import pytest

from .executions import Machine
from .network import HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, refused
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)


def statuses(vpc: Vpc) -> dict[str, str]:
    return {key: value for key, value in vpc.tags().items() if key.startswith("isthmus:status:")}


def test_a_peer_named_twice_once_wrongly_has_one_true_status(peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]) -> None:
    """`vpc-a@there vpc-a`: the second doesn't exist. Both are started, under names of their own, and the status doesn't flap."""
    vpc, peer = pair
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE} {peer.id}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    sweep()
    first = statuses(vpc)
    assert first[f"isthmus:status:{peer.id}"].startswith(f"active {pcx}")
    assert f"{peer.id} in {vpc.region} of {HUB} does not exist there" in first["isthmus:status:invalid"]
    vpc.tag(isthmus__dns="off")
    peerings.wait_for_executions(vpc, peer)
    assert refused(sweep(), vpc) == ["VpcNotFound"]
    peerings.wait_for_executions(vpc, peer)
    assert statuses(vpc) == first


def test_a_wrong_word_at_the_other_end_has_one_true_status(peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]) -> None:
    """One end names the other without its Region, the other one rightly."""
    vpc, peer = pair
    vpc.tag(isthmus__peer=peer.id)
    peer.tag(isthmus__peer=f"{vpc.id}@{vpc.region}")
    peerings.wait_until_active(peer, vpc)
    peerings.wait_for_executions(vpc, peer)
    sweep()
    first = [statuses(vpc), statuses(peer)]
    assert [value.split(" ")[0] for value in (vpc.status(peer), peer.status(vpc))] == ["active", "active"]
    assert "does not exist there" in first[0]["isthmus:status:invalid"]
    sweep()
    assert [statuses(vpc), statuses(peer)] == first


def test_a_pipeline_s_mistake_is_no_status(machine: Machine, peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    peer.tag(isthmus__accept=vpc.id)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    wait_until(lambda: peer.status(vpc).startswith("active"), "both ends have a status")
    before = [statuses(vpc), statuses(peer)]
    machine.run(request(vpc, peer, Routes={"Destinations": ["10.99.0.0/16"]})).failed("InvalidRequest")
    sweep()
    assert [statuses(vpc), statuses(peer)] == before


def test_a_selection_that_matches_nothing_says_so(
    machine: Machine, peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes="tag:tier=privat")
    wait_until(lambda: vpc.status(peer).startswith("active"), "it is peered, one side without routes")
    peerings.wait_for_executions(vpc, peer)
    warning = "no route table carries tier=privat (TableTags): no route is written on that side"
    status = vpc.status(peer)
    assert status.endswith(f"; warning: {warning}"), status
    output = machine.run(request(vpc, peer, RequestedBy="tags")).succeeded().output
    assert output["Warnings"] == [warning]
    sweep()
    assert vpc.status(peer) == status
    vpc.tag(isthmus__routes="main")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer, at_least=2)
    assert "warning" not in vpc.status(peer)


def test_a_refusal_says_the_reason_of_today(peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    gateway = vpc.internet_gateway()
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK, GatewayId=gateway)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: f"failed RouteConflict {vpc.main_table}" in vpc.status(peer), "the conflict is told")
    peerings.wait_for_executions(vpc, peer)
    vpc.ec2.delete_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK)
    other = vpc.table()
    vpc.ec2.create_route(RouteTableId=other, DestinationCidrBlock=PEER_BLOCK, GatewayId=gateway)
    assert refused(sweep(), vpc) == ["RouteConflict"]
    assert vpc.status(peer).startswith(f"failed RouteConflict {other}"), "not yesterday's"
    vpc.ec2.delete_route(RouteTableId=other, DestinationCidrBlock=PEER_BLOCK)
    assert drift(sweep(), vpc) == ["Missing"]
    peerings.wait_until_active(vpc, peer)


def test_who_refuses_consent_gets_no_tag_from_every_asker(network: Network, sweep: Sweep) -> None:
    refusing = network.vpc("10.9.0.0/16", account=MEMBER, consents=False)
    askers = [network.vpc(f"10.{number}.0.0/16") for number in (1, 2)]
    for asker in askers:
        asker.tag(isthmus__peer=f"{refusing.id}@{refusing.region}@{MEMBER}")
    for asker in askers:
        wait_until(lambda: asker.status(refusing).startswith("failed PeerNotTrusted"), "the asker is told")  # noqa: B023
    sweep()
    assert statuses(refusing) == {}


def test_a_frozen_peering_says_so_at_its_other_end(peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    peer.tag(isthmus__exclude="true")
    vpc.table()
    assert refused(sweep(), vpc) == ["Excluded"]
    assert vpc.status(peer).startswith(f"active {pcx} "), vpc.status(peer)
    assert f"; warning: {peer.id} is excluded by its tag isthmus:exclude" in vpc.status(peer)
    assert len(vpc.routes_to(pcx)) == 1 and statuses(peer) == {}


def test_a_retry_tries_at_once_what_would_be_tried_later(
    network: Network, peerings: Peerings, sweep: Sweep, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    network.control.plant_faults(
        {"Action": "CreateVpcPeeringConnection", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 1}
    )
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: vpc.status(peer).startswith("failed AccessDenied"), "it was denied")
    peerings.wait_for_executions(vpc, peer)
    summary = sweep()
    assert refused(summary, vpc) == ["AccessDenied"] and drift(summary, vpc) == []
    assert drift(sweep(Retry=True), vpc) == ["Missing"]
    peerings.wait_until_active(vpc, peer)
