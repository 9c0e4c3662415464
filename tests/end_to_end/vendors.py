"""What the owner of an external account does, and what one of ours sees of it. `conftest.py` holds every test to no call there."""

from typing import Any

import pytest

from .calls import is_by_a_function
from .network import HERE, HUB, MEMBER, THERE, VENDOR, Network, Vpc, wait_until
from .sweeping import Sweep
from .tagging import Peerings

BLOCK, VENDOR_BLOCK = "10.1.0.0/16", "10.200.0.0/16"

OURS = pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, MEMBER)], ids=["of the hub", "of a member"])
"""Where our VPC is; the vendor's is in `HERE`."""


def vendor_vpc(network: Network, *blocks: str, region: str = HERE) -> Vpc:
    return network.vpc(*(blocks or (VENDOR_BLOCK,)), region=region, account=VENDOR, consents=False)


def our_vpc(network: Network, region: str = HERE, account: str = HUB) -> Vpc:
    return network.vpc(BLOCK, region=region, account=account, consents=False)


def named(vpc: Vpc) -> str:
    """As a word of `isthmus:peer` names it."""
    return f"{vpc.id}@{vpc.region}@{vpc.account}"


def accept(vendor: Vpc, pcx: str) -> None:
    """By the vendor."""
    wait_until(lambda: pcx in pending(vendor), f"the vendor sees {pcx}")
    vendor.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    wait_until(lambda: vendor.connection(pcx)["Status"]["Code"] == "active", f"{pcx} is active")


def reject(vendor: Vpc, pcx: str) -> None:
    """By the vendor."""
    wait_until(lambda: pcx in pending(vendor), f"the vendor sees {pcx}")
    vendor.ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=pcx)


def remove_block(vpc: Vpc, block: str) -> None:
    """Takes a secondary block away. Routes to it stay."""
    associations = vpc.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]["CidrBlockAssociationSet"]
    [association] = [each["AssociationId"] for each in associations if each["CidrBlock"] == block]
    vpc.ec2.disassociate_vpc_cidr_block(AssociationId=association)


def pending(vpc: Vpc) -> list[str]:
    return [each["VpcPeeringConnectionId"] for each in vpc.connections("pending-acceptance")]


def live(vpc: Vpc) -> list[str]:
    return [each["VpcPeeringConnectionId"] for each in vpc.connections()]


def asked(vpc: Vpc, vendor: Vpc, peerings: Peerings, also: Vpc | None = None) -> str:
    """Our VPC names the vendor's, and perhaps another, by its tag. Returns the connection that waits for the vendor."""
    vpc.tag(isthmus__peer=" ".join(named(each) for each in (vendor, also) if each))
    wait_until(lambda: vpc.status(vendor).startswith("waiting "), "the status says that the vendor has to accept")
    peerings.wait_for_executions(vpc, vendor)
    waiting = [each for each in vpc.connections("pending-acceptance") if each["AccepterVpcInfo"]["VpcId"] == vendor.id]
    [pcx] = [each["VpcPeeringConnectionId"] for each in waiting]
    return pcx


def swept(sweep: Sweep, peerings: Peerings, vpc: Vpc, vendor: Vpc, **task: Any) -> dict[str, Any]:
    """The sweep's answer, once what it started has ended."""
    summary = sweep(**task)
    peerings.wait_for_executions(vpc, vendor)
    return summary


def peered(vpc: Vpc, vendor: Vpc, peerings: Peerings, sweep: Sweep) -> str:
    """A peering that our tag asked for and the vendor accepted. Returns its connection."""
    pcx = asked(vpc, vendor, peerings)
    accept(vendor, pcx)
    swept(sweep, peerings, vpc, vendor)
    assert_routed(vpc, vendor, pcx)
    return pcx


def assert_routed(vpc: Vpc, vendor: Vpc, pcx: str, *blocks: str) -> None:
    """Our main table, to these blocks and no other, and nothing at the vendor's: no route, no tag."""
    assert vpc.routes_to(pcx) == {(vpc.main_table, block, "active") for block in blocks or (VENDOR_BLOCK,)}
    assert live(vpc) == live(vendor) == [pcx]
    assert_untouched(vendor, pcx)


def assert_untouched(vendor: Vpc, *connections: str) -> None:
    assert vendor.tags() == {}
    for pcx in connections:
        assert vendor.routes_to(pcx) == set() and vendor.connection(pcx)["Tags"] == []


def in_a_vendor_s_account(call: dict[str, Any]) -> bool:
    """Whether a function acts there, or tries to."""
    role = str(call["Parameters"].get("RoleArn", "")) if isinstance(call["Parameters"], dict) else ""
    return is_by_a_function(call) and (call["Account"] == VENDOR or f":{VENDOR}:" in role)
