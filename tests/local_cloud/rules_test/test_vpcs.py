"""Address blocks and DNS options of peered VPCs."""

from typing import Any

import pytest

from .cloud import HERE, MEMBER, THERE, Cloud, refused

ON = {"AllowDnsResolutionFromRemoteVpc": True}


def enable_hostnames(cloud: Cloud, vpc: str, region: str = HERE, account: str = "123456789012") -> None:
    cloud.ec2(region, account).modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})


def set_options(cloud: Cloud, connection: str, region: str = HERE, account: str = "123456789012", **sides: Any) -> Any:
    options = {f"{side.capitalize()}PeeringConnectionOptions": value for side, value in sides.items()}
    return cloud.ec2(region, account).modify_vpc_peering_connection_options(VpcPeeringConnectionId=connection, **options)


@pytest.mark.parametrize("grown", ["requester", "accepter"])
def test_an_overlapping_block_added_to_either_vpc_fails_a_request_that_waits(cloud: Cloud, grown: str) -> None:
    vpcs = {"requester": cloud.vpc(), "accepter": cloud.vpc()}
    connection = cloud.request(vpcs["requester"], vpcs["accepter"])
    other = next(vpc for side, vpc in vpcs.items() if side != grown)
    block = cloud.ec2().describe_vpcs(VpcIds=[other])["Vpcs"][0]["CidrBlock"]
    cloud.ec2().associate_vpc_cidr_block(VpcId=vpcs[grown], CidrBlock=block)
    assert cloud.status(connection) == "failed"


def test_an_overlapping_block_is_refused_while_the_peering_is_active(cloud: Cloud) -> None:
    vpc, peer, connection = cloud.peering()
    block = cloud.ec2().describe_vpcs(VpcIds=[peer])["Vpcs"][0]["CidrBlock"]
    with refused("InvalidVpcRange"):
        cloud.ec2().associate_vpc_cidr_block(VpcId=vpc, CidrBlock=block)
    cloud.ec2().associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.235.0.0/24")
    assert cloud.status(connection) == "active"


def test_an_overlapping_ipv6_block_is_refused_while_the_peering_is_active(cloud: Cloud) -> None:
    vpc, peer, _ = cloud.peering()
    block = {"Ipv6CidrBlock": "2001:db8:77:7700::/56", "Ipv6Pool": "own"}
    cloud.ec2().associate_vpc_cidr_block(VpcId=vpc, **block)
    with refused("InvalidVpcRange"):
        cloud.ec2().associate_vpc_cidr_block(VpcId=peer, **block)


def test_options_need_an_active_connection(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc()
    connection = cloud.request(vpc, peer)
    with refused("OperationNotPermitted"):
        set_options(cloud, connection, requester=ON)


def test_dns_resolution_needs_hostnames_in_both_vpcs(cloud: Cloud) -> None:
    vpc, peer, connection = cloud.peering()
    enable_hostnames(cloud, vpc)
    with refused("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled"):
        set_options(cloud, connection, requester=ON)
    enable_hostnames(cloud, peer)
    set_options(cloud, connection, requester=ON, accepter=ON)
    described = cloud.describe(connection)
    for side in ("RequesterVpcInfo", "AccepterVpcInfo"):
        assert described[side]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True


@pytest.mark.parametrize("region, account", [(THERE, "123456789012"), (HERE, MEMBER)])
def test_each_side_sets_only_its_own_options(cloud: Cloud, region: str, account: str) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc(region=region, account=account)
    connection = cloud.request(vpc, peer, PeerOwnerId=account, PeerRegion=region)
    cloud.accept(connection, region, account)
    enable_hostnames(cloud, vpc)
    enable_hostnames(cloud, peer, region, account)
    with refused("OperationNotPermitted"):
        set_options(cloud, connection, requester=ON, accepter=ON)
    with refused("OperationNotPermitted"):
        set_options(cloud, connection, region, account, requester=ON)
    set_options(cloud, connection, requester=ON)
    set_options(cloud, connection, region, account, accepter=ON)
