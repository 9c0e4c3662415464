"""Where AWS documents no behavior, or documents two, a setting chooses one of them."""

import pytest

from .cloud import HERE, HUB, MEMBER, THERE, UNKNOWN_CONNECTION, Cloud, refused


def test_where_a_connection_is_not_visible_yet_a_call_may_be_denied(cloud: Cloud) -> None:
    """Nothing documents that EC2 looks for the connection before it checks permissions."""
    vpc, peer = cloud.vpc(), cloud.vpc(region=THERE)
    cloud.control.set(visible_after=60, denied_while_invisible=True)
    connection = cloud.request(vpc, peer, PeerRegion=THERE)
    with refused("UnauthorizedOperation"):
        cloud.accept(connection, THERE)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        cloud.accept(UNKNOWN_CONNECTION, THERE)
    cloud.control.advance(61)
    cloud.accept(connection, THERE)


@pytest.mark.parametrize("hides", [False, True])
def test_the_options_of_the_other_side_may_be_hidden(cloud: Cloud, hides: bool) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc(region=THERE)
    connection = cloud.request(vpc, peer, PeerRegion=THERE)
    cloud.accept(connection, THERE)
    cloud.control.set(hides_other_options=hides)
    for region, own, other in ((HERE, "Requester", "Accepter"), (THERE, "Accepter", "Requester")):
        described = cloud.describe(connection, region)
        assert "PeeringOptions" in described[f"{own}VpcInfo"]
        assert ("PeeringOptions" in described[f"{other}VpcInfo"]) is not hides


def test_a_connection_that_is_provisioning_may_be_undeletable(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc()
    cloud.control.set(provisioning_for=60, deletes_while_provisioning=False)
    connection = cloud.request(vpc, peer)
    cloud.accept(connection)
    assert cloud.status(connection) == "provisioning"
    with refused("InvalidStateTransition"):
        cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    cloud.control.advance(61)
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)


@pytest.mark.parametrize("hides", [False, True])
def test_the_requesters_blocks_appear_at_once_or_with_the_accepters(cloud: Cloud, hides: bool) -> None:
    cloud.control.set(hides_requester_blocks=hides)
    connection = cloud.request(cloud.vpc("10.213.0.0/24"), cloud.vpc(account=MEMBER), PeerOwnerId=MEMBER)
    for account in (HUB, MEMBER):
        assert ("CidrBlockSet" in cloud.describe(connection, account=account)["RequesterVpcInfo"]) is not hides
    cloud.accept(connection, account=MEMBER)
    for account in (HUB, MEMBER):
        assert cloud.describe(connection, account=account)["RequesterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.213.0.0/24"}]
