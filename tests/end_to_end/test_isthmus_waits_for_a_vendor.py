"""The program where an external account has yet to accept: exit code 6, and who has to do what until when."""

from .network import THERE, Network
from .program import Program
from .vendors import accept, assert_routed, named, our_vpc, pending, vendor_vpc


def test_it_says_who_has_to_accept_and_until_when(isthmus: Program, network: Network) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network, region=THERE)
    said = isthmus("peer", vpc.id, named(vendor)).exited(6)
    [pcx] = pending(vpc)
    until = f"{vpc.connection(pcx)['ExpirationTime']:%Y-%m-%d}"
    assert f"{vpc.id} ⇄ {vendor.id}  pending-acceptance  {pcx}" in said.out
    assert [line for line in said.out.splitlines() if vendor.account in line and until in line], said.out
    command = f"aws ec2 accept-vpc-peering-connection --region {THERE} --vpc-peering-connection-id {pcx}"
    assert command in said.out and said.err.count("✗") == 0

    document = isthmus("--output", "json", "peer", vpc.id, named(vendor)).exited(6).document()
    assert (document["Status"], document["VpcPeeringConnectionId"]) == ("pending-acceptance", pcx)

    accept(vendor, pcx)
    assert f"  active  {pcx}: 1 route created" in isthmus("peer", vpc.id, named(vendor)).exited(0).out
    assert_routed(vpc, vendor, pcx)
    assert f"{pcx} deleted" in isthmus("unpeer", vpc.id, named(vendor), "--yes").exited(0).out


def test_status_counts_it_as_waiting(isthmus: Program, network: Network) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    isthmus("peer", vpc.id, named(vendor)).exited(6)
    said = isthmus("status", vpc.id, vendor.id).exited(0)
    assert "waiting" in said.out and vendor.id in said.out and "failed" not in said.out
    isthmus("status", vpc.id, "--exit-code").exited(0)


def test_a_plan_asks_nobody(isthmus: Program, network: Network) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    with network.untouched(vpc, vendor):
        said = isthmus("plan", vpc.id, named(vendor), "--exit-code").exited(3)
    assert f"  {vendor.region} of {vendor.account}" in said.out and "1 connection" in said.out
