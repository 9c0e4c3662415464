"""What can't be asked of an external account is refused by name, and changes nothing."""

from typing import Any

import pytest

from .clients import setting
from .executions import Machine
from .network import HERE, HUB, MEMBER, THERE, VENDOR, Network, Vpc, request, wait_until
from .sweeping import Sweep, refused, started
from .tagging import Peerings
from .vendors import asked, assert_routed, live, our_vpc, peered, pending, swept, vendor_vpc


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def invalid(vpc: Vpc) -> str:
    return vpc.tags().get("isthmus:status:invalid", "")


@pytest.mark.parametrize("dry_run", [False, True], ids=["", "a dry run"])
def test_two_external_ends_are_refused(network: Network, machine: Machine, dry_run: bool) -> None:
    vendor, other = vendor_vpc(network), vendor_vpc(network, "10.210.0.0/16")
    with network.untouched(vendor, other):
        execution = machine.run(request(vendor, other, DryRun=dry_run)).failed("InvalidRequest")
    assert "ExternalAccounts" in execution.cause["Message"], execution.cause


def test_by_a_tag_without_its_account_it_is_not_found(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    before = vendor.everything()
    vpc.tag(isthmus__peer=vendor.id)
    wait_until(lambda: vpc.status(vendor).startswith("failed VpcNotFound ") or vendor.id in invalid(vpc), "its owner is told")
    peerings.wait_for_executions(vpc, vendor)
    summary = swept(sweep, peerings, vpc, vendor)
    assert refused(summary, vpc) == ["VpcNotFound"] and started(summary, vpc) == []
    assert live(vpc) == [] and vendor.everything() == before


@pytest.mark.parametrize("fields", [{"PeerOwnerId": HUB}, {"PeerRegion": HERE}], ids=["the account", "the Region"])
def test_by_an_execution_in_another_place_it_is_not_found_and_the_connection_says_where_it_is(
    network: Network, machine: Machine, teardown: Machine, fields: dict[str, str]
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, region=THERE)
    pcx = machine.run(request(vpc, vendor)).succeeded().output["VpcPeeringConnectionId"]
    given = request(vpc, vendor) | fields
    with network.untouched(vpc, vendor):
        if "PeerOwnerId" in fields:
            cause = machine.run(given).failed("VpcNotFound").cause
            assert cause["VpcId"] == vendor.id and VENDOR in cause["Message"] and "PeerOwnerId" in cause["Message"]
        cause = teardown.run(given).failed("VpcNotFound").cause
        assert cause["VpcId"] == vendor.id and (VENDOR if "PeerOwnerId" in fields else THERE) in cause["Message"]
    assert pending(vpc) == [pcx]


def test_an_id_that_the_vendor_does_not_have_fails_in_ec2(network: Network, machine: Machine) -> None:
    """Nobody can look there: EC2 fails the request, for a reason that it doesn't say."""
    vpc, unknown = our_vpc(network), "vpc-0123456789abcdef0"
    given = {**vpc.end(), "PeerVpcId": unknown, "PeerRegion": HERE, "PeerOwnerId": VENDOR}
    before = vpc.tables()
    cause = machine.run(given).failed("PeeringFailed").cause
    assert cause["VpcPeeringConnectionId"] and vpc.tables() == before and live(vpc) == []


@pytest.mark.parametrize("vendor_first", [False, True], ids=["the vendor's is the peer", "the vendor's is named first"])
@pytest.mark.parametrize("selection", [{"Tables": "main"}, {"Destinations": ["10.1.0.0/24"]}], ids=["tables", "destinations"])
def test_nothing_is_selected_at_the_vendor_s_end(
    network: Network, machine: Machine, vendor_first: bool, selection: dict[str, Any]
) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    field = "Routes" if vendor_first else "PeerRoutes"
    given = request(vendor, vpc) if vendor_first else request(vpc, vendor)
    with network.untouched(vpc, vendor):
        cause = machine.run(given | {field: selection}).failed("InvalidRequest").cause
    assert cause["Field"] == field and VENDOR in cause["Message"]


def test_a_selection_for_a_vpc_that_is_no_peer_is_told(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """The word may be meant for another one: what stands is left as it is."""
    vpc, vendor, other = our_vpc(network), vendor_vpc(network), network.vpc("10.3.0.0/16")
    pcx = peered(vpc, vendor, peerings, sweep)
    vpc.tag(**{f"isthmus__routes__{other.id}": "none"})
    wait_until(lambda: other.id in invalid(vpc), "its owner is told")
    assert "is no peer of this VPC" in invalid(vpc) and f"isthmus:routes:{other.id}" in invalid(vpc)
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx)
    vpc.untag(f"isthmus:routes:{other.id}")
    wait_until(lambda: not invalid(vpc), "the status is cleared with the tag")


def test_a_selection_for_the_vendor_alone(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    vpc, vendor, other = our_vpc(network), vendor_vpc(network), network.vpc("10.3.0.0/16")
    private = vpc.table()
    vpc.tag(isthmus__peer=other.id, **{f"isthmus__routes__{vendor.id}": private})
    first = peerings.wait_until_active(vpc, other)
    pcx = asked(vpc, vendor, peerings, also=other)
    vendor.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    swept(sweep, peerings, vpc, vendor)
    assert {table for table, *_ in vpc.routes_to(pcx)} == {private}
    assert {table for table, *_ in vpc.routes_to(first)} == {private, vpc.main_table} and invalid(vpc) == ""


def test_a_block_that_is_not_the_vpc_s_is_told_and_changes_nothing(network: Network, peerings: Peerings) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    before = vpc.routes_to(pcx), peer.routes_to(pcx)
    peer.tag(isthmus__advertise="10.99.0.0/16")
    wait_until(lambda: "10.99.0.0/16" in " ".join([*vpc.tags().values(), invalid(peer)]), "it is told")
    peerings.wait_for_executions(vpc, peer)
    assert (vpc.routes_to(pcx), peer.routes_to(pcx)) == before


GIVEN_TWICE = {
    "a member": {"EXTERNAL_ACCOUNTS": f"{VENDOR},{MEMBER}"},
    "a trusted account": {"TRUSTED_ACCOUNTS": VENDOR},
    "the stack's own": {"EXTERNAL_ACCOUNTS": HUB},
}


@pytest.mark.parametrize("parameters", GIVEN_TWICE.values(), ids=GIVEN_TWICE.keys())
def test_an_account_that_is_given_twice_is_refused_at_the_first_use(
    environment: dict[str, str], network: Network, machine: Machine, parameters: dict[str, str]
) -> None:
    vpc, peer = our_vpc(network), network.vpc("10.2.0.0/16")
    with setting(environment, **parameters), network.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer)).failed("InvalidRequest").cause
    assert cause["Field"] == "ExternalAccounts"
    account = parameters.get("EXTERNAL_ACCOUNTS", VENDOR).rpartition(",")[2]
    assert account in cause["Message"]


def test_without_the_parameter_a_vendor_is_a_stranger(environment: dict[str, str], network: Network, machine: Machine) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    with setting(environment, EXTERNAL_ACCOUNTS=""), network.untouched(vpc, vendor):
        cause = machine.run(request(vpc, vendor)).failed("PeerNotTrusted").cause
    assert (cause["VpcId"], cause["OwnerId"]) == (vendor.id, VENDOR)


def test_the_vendor_may_not_ask_by_event_or_tag(network: Network, peerings: Peerings, sweep: Sweep) -> None:
    """Its tags are not read, and no rule forwards them."""
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    with network.untouched(vpc, vendor):
        vendor.ec2.create_tags(Resources=[vendor.id], Tags=[{"Key": "isthmus:peer", "Value": f"{vpc.id}@{HERE}@{HUB}"}])
        network.settle()
        summary = swept(sweep, peerings, vpc, vendor)
    assert started(summary, vpc) == [] and vpc.tags() == {}
