"""From CreateTags to routes and back: one end, both ends at once, several peers, a changed selection, a removed tag."""

import json
import threading

import pytest

from .clients import deliver
from .ledger import Ledger
from .network import HERE, HUB, NEVER, THERE, Network, Vpc, request, wait_until
from .tagging import Peerings


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def test_one_tag_peers_and_writes_a_status_and_its_removal_leaves_nothing(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    before = vpc.tables(), peer.tables()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}
    status, connection, time = vpc.status(peer).split(" ")
    assert (status, connection, time[:2], time[-1]) == ("active", pcx, "20", "Z")
    assert peer.tags() == {}, "its own tags ask for nothing"

    vpc.untag("isthmus:peer")
    peerings.wait_until_removed(vpc, peer)
    assert (vpc.tables(), peer.tables()) == before
    assert vpc.tags() == peer.tags() == {}


def test_an_execution_that_a_tag_starts_has_the_two_ends_as_its_input(network: Network, peerings: Peerings) -> None:
    """CreateRequest reads the selection and DNS resolution from the tags."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes="main")
    peerings.wait_until_active(vpc, peer)
    [arn] = peerings.set_up.executions(f"{vpc.id}_{peer.id}")
    started = json.loads(peerings.set_up.client.describe_execution(executionArn=arn)["input"])
    assert started == request(vpc, peer, RequestedBy="tags")


@pytest.mark.parametrize("run", range(20))
def test_both_ends_tagged_at_once_make_one_connection(network: Network, peerings: Peerings, run: int) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    together = threading.Barrier(2)

    def tag(end: Vpc, other: Vpc) -> None:
        together.wait()
        end.tag(isthmus__peer=f"{other.id}@{other.region}")

    threads = [threading.Thread(target=tag, args=pair) for pair in ((vpc, peer), (peer, vpc))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer, at_least=2)
    made = {found["VpcPeeringConnectionId"] for found in vpc.everything()["connections"]}
    assert made == {pcx}, "exactly one, those that ended included"
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}


def test_the_removal_of_one_of_two_tags_changes_nothing(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    peer.tag(isthmus__peer=f"{vpc.id}@{HERE}")
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer, at_least=2)
    vpc.untag("isthmus:peer")
    peerings.wait_for_executions(vpc, peer, at_least=3)
    assert [found["VpcPeeringConnectionId"] for found in vpc.connections("active")] == [pcx]
    peer.untag("isthmus:peer")
    peerings.wait_until_removed(vpc, peer)


def test_duplicate_and_reordered_events_make_one_connection(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    network.control.disturb_events(duplicate=8)
    for value in ("vpc-0a1b2c3d", f"{peer.id}@{THERE}", "", f"{peer.id}@{THERE}"):
        vpc.tag(isthmus__peer=value)
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer, at_least=1)
    network.control.disturb_events()
    assert [found["VpcPeeringConnectionId"] for found in vpc.connections("active")] == [pcx]
    assert len(peerings.set_up.executions(vpc.id)) <= 4 + 4, "a duplicate event starts nothing new"
    assert vpc.routes_to(pcx) and peer.routes_to(pcx)


def test_a_late_event_tears_nothing_down(network: Network, peerings: Peerings, environment: dict[str, str]) -> None:
    """It describes the tags before the peering was requested. The current tags decide."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    for outdated in ({}, {"isthmus:peer": ""}, {"isthmus:peer": "vpc-0a1b2c3d"}):
        deliver(environment, HUB, HERE, f"arn:aws:ec2:{HERE}:{HUB}:vpc/{vpc.id}", {"isthmus:peer": "", **outdated})
    peerings.wait_for_executions(vpc, peer, at_least=4)
    assert peerings.teardown.executions(vpc.id) == []
    assert [found["VpcPeeringConnectionId"] for found in vpc.connections("active")] == [pcx]


def test_an_invalid_peer_is_reported_and_does_not_affect_the_others(network: Network, peerings: Peerings) -> None:
    vpc, near, far = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), network.vpc("10.3.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{near.id} vpc-oops@{THERE} {far.id}@{THERE} {vpc.id}")
    pcx, other_pcx = peerings.wait_until_active(vpc, near), peerings.wait_until_active(vpc, far)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert vpc.routes_to(other_pcx) == {(vpc.main_table, "10.3.0.0/16", "active")}
    status = vpc.tags()["isthmus:status:invalid"]
    assert status.startswith('invalid isthmus:peer: "vpc-oops" is not a VPC id'), status
    assert "this VPC itself" in status, status
    vpc.tag(isthmus__peer=f"{near.id} {far.id}@{THERE}")
    wait_until(lambda: "isthmus:status:invalid" not in vpc.tags(), "the status of invalid tags is cleared")


def test_a_region_that_aws_does_not_have_is_reported_and_does_not_affect_the_others(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    vpc.tag(isthmus__peer=f"{peer.id}@mars-north-1 {peer.id}")
    peerings.wait_until_active(vpc, peer)
    assert f'"{peer.id}@mars-north-1" is in a Region that AWS does not have' in vpc.tags()["isthmus:status:invalid"]


def test_a_changed_selection_replaces_the_routes_and_leaves_foreign_ones(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    private = vpc.table()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes="main")
    pcx = peerings.wait_until_active(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    manual = {"RouteTableId": vpc.main_table, "DestinationCidrBlock": "10.2.9.0/24", "VpcPeeringConnectionId": pcx}
    vpc.ec2.create_route(**manual)
    gateway = vpc.internet_gateway()
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)

    with network.calls() as calls:
        vpc.tag(isthmus__routes=private)
        expected = {(private, "10.2.0.0/16", "active"), (vpc.main_table, "10.2.9.0/24", "active")}
        wait_until(lambda: vpc.routes_to(pcx) == expected, "the stale route is deleted, the manual one kept")
        peerings.wait_for_executions(vpc, peer, at_least=2)
    writes = [call for call in calls.writes() if call.endswith("Route")]
    assert writes == ["CreateRoute", "DeleteRoute"], "the new route first"
    targets = {route.get("GatewayId") for route in vpc.tables()[vpc.main_table]}
    assert gateway in targets


def test_an_excluded_table_gets_no_route(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.table(**{"isthmus:exclude": "true"})
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}


def test_a_status_tag_starts_nothing(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.1.0.0/20")
    vpc.tag(isthmus__peer=peer.id)
    wait_until(lambda: vpc.status(peer).startswith("failed OverlappingCidrs"), "the status contains the error")
    peerings.wait_for_executions(vpc, peer, at_least=1)
    vpc.untag("isthmus:peer")
    wait_until(lambda: not vpc.status(peer), "the status is cleared with the tag")
    assert len(peerings.set_up.executions(f"{vpc.id}_{peer.id}")) == 1


def test_a_vpc_without_room_for_a_status_tag_is_peered_all_the_same(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    peer.tag(isthmus__accept=vpc.id)
    vpc.tag(**{f"tag{number}": "mine" for number in range(39)}, isthmus__peer=f"{peer.id}@{THERE}")
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer, at_least=1)
    assert vpc.status(peer) == ""
    assert peer.status(vpc).startswith("active pcx-")


def test_tagged_again_during_its_teardown_it_is_peered_in_the_end(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    for _ in range(4):
        vpc.table()
    value = f"{peer.id}@{THERE}"
    vpc.tag(isthmus__peer=value)
    peerings.wait_until_active(vpc, peer)
    network.control.set_latency(0.2)
    for round in range(2):
        vpc.untag("isthmus:peer")
        wait_until(lambda: len(peerings.teardown.executions(vpc.id)) > round, "a teardown has started")  # noqa: B023
        vpc.tag(isthmus__peer=value)
        wait_until(lambda: not peerings.running(peerings.teardown, vpc), "the teardown has ended")
    network.control.set_latency(0)
    wait_until(lambda: peerings.is_complete(vpc, peer), "the last tag has taken effect")


def test_untagged_during_its_set_up_it_is_removed_in_the_end(network: Network, peerings: Peerings, ledger: Ledger) -> None:
    """Not before the set-up has ended: one execution at a time works on a pair."""
    network.control.set(provisioning_for=NEVER)
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    before = vpc.tables(), peer.tables()
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: bool(vpc.connections("provisioning")), "the set-up has started")
    vpc.untag("isthmus:peer")
    [arn] = peerings.set_up.executions(f"{vpc.id}_{peer.id}")
    peerings.set_up.reaches(arn, "WaitActive")
    assert ledger.holder(vpc, peer) == arn
    network.control.advance(NEVER)
    wait_until(lambda: bool(vpc.everything()["connections"]) and not vpc.connections(), "the connection is removed")
    peerings.wait_for_executions(vpc, peer, at_least=1)
    wait_until(lambda: (vpc.tables(), peer.tables()) == before, "no route is left")
    assert not vpc.connections()
    assert vpc.tags() == peer.tags() == {}
    assert "Removed" in ledger.assert_free(vpc, peer)


def test_untagged_before_its_set_up_it_is_removed_in_the_end(network: Network, peerings: Peerings) -> None:
    """The execution that the tag started finds no tag. When the tag was removed, there was no connection to tear down yet."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    before = vpc.tables(), peer.tables()
    late = peerings.set_up.start(request(vpc, peer, RequestedBy="tags"), name=f"{vpc.id}_{peer.id}_late")
    peerings.set_up.wait(late).succeeded()
    peerings.wait_until_removed(vpc, peer)
    wait_until(lambda: vpc.tags() == peer.tags() == {}, "no status tag is left")
    assert (vpc.tables(), peer.tables()) == before
