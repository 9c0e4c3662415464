"""Address blocks: which a VPC has, and whether two overlap."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from moto.ec2.models.vpcs import VPC

Network = IPv4Network | IPv6Network


def blocks_of(vpc: VPC) -> list[Network]:
    """Every block, primary and secondary, IPv4 and IPv6, that is associated with the VPC now."""
    return [canonical(block) for ipv6 in (False, True) for block in associated_blocks(vpc, ipv6)]


def associated_blocks(vpc: VPC, ipv6: bool) -> list[str]:
    associations = vpc.get_cidr_block_association_set(ipv6=ipv6)
    return [each["cidr_block"] for each in associations if each["cidr_block_state"]["state"] == "associated"]


def overlap(some: Iterable[Network], others: Iterable[Network]) -> bool:
    others = list(others)
    return any(a.version == b.version and a.overlaps(b) for a in some for b in others)


def canonical(block: str) -> Network:
    """CreateRoute: "if you specify 100.68.0.18/18, we modify it to 100.68.0.0/18"."""
    return ip_network(block, strict=False)


def is_more_specific(block: Network, than: Network) -> bool:
    return block.version == than.version and block.prefixlen > than.prefixlen and block.subnet_of(than)  # type: ignore[arg-type]
