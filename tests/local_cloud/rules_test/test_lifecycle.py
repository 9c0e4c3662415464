"""Accepting, rejecting, expiring and deleting."""

import pytest

from .cloud import HERE, MEMBER, THERE, UNKNOWN_CONNECTION, Cloud, refused

DAY, LATER = 86400, 60


def test_a_request_passes_through_every_status(cloud: Cloud) -> None:
    cloud.control.set(pending_after=LATER, provisioning_for=LATER)
    connection = cloud.request(cloud.vpc(), cloud.vpc())
    assert cloud.status(connection) == "initiating-request"
    cloud.control.advance(LATER)
    assert cloud.status(connection) == "pending-acceptance"
    cloud.accept(connection)
    assert cloud.status(connection) == "provisioning"
    cloud.control.advance(LATER)
    assert cloud.status(connection) == "active"


def test_a_request_that_is_still_initiating_cannot_be_accepted(cloud: Cloud) -> None:
    cloud.control.set(pending_after=LATER)
    connection = cloud.request(cloud.vpc(), cloud.vpc())
    with refused("InvalidStateTransition"):
        cloud.accept(connection)


def test_an_active_connection_cannot_be_accepted_again(cloud: Cloud) -> None:
    _, _, connection = cloud.peering()
    with refused("InvalidStateTransition"):
        cloud.accept(connection)


def test_a_rejected_request_can_be_neither_accepted_nor_deleted(cloud: Cloud) -> None:
    connection = cloud.request(cloud.vpc(), cloud.vpc())
    cloud.ec2().reject_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert cloud.status(connection) == "rejected"
    with refused("InvalidStateTransition"):
        cloud.accept(connection)
    with refused("InvalidStateTransition"):
        cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)


def test_a_request_expires_after_seven_days(cloud: Cloud) -> None:
    connection = cloud.request(cloud.vpc(), cloud.vpc())
    cloud.control.advance(7 * DAY - 60)
    assert cloud.status(connection) == "pending-acceptance"
    cloud.control.advance(60)
    assert cloud.status(connection) == "expired"
    with refused("InvalidStateTransition"):
        cloud.accept(connection)


def test_a_deleted_connection_cannot_be_deleted_again(cloud: Cloud) -> None:
    _, _, connection = cloud.peering()
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert cloud.status(connection) == "deleted"
    with refused("InvalidStateTransition"):
        cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)


def test_deleting_takes_its_time_where_that_is_set(cloud: Cloud) -> None:
    cloud.control.set(deleting_for=LATER)
    _, _, connection = cloud.peering()
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    assert cloud.status(connection) == "deleting"


@pytest.mark.parametrize("region, account", [(HERE, "123456789012"), (THERE, MEMBER)])
def test_either_owner_deletes_from_its_own_region(cloud: Cloud, region: str, account: str) -> None:
    peer = cloud.vpc(region=THERE, account=MEMBER)
    connection = cloud.request(cloud.vpc(), peer, PeerOwnerId=MEMBER, PeerRegion=THERE)
    cloud.accept(connection, THERE, MEMBER)
    cloud.ec2(region, account).delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    status = cloud.describe(connection)["Status"]
    assert status == {"Code": "deleted", "Message": f"Deleted by {account}"}


def test_only_the_requester_deletes_a_request_that_waits(cloud: Cloud) -> None:
    connection = cloud.request(cloud.vpc(), cloud.vpc(account=MEMBER), PeerOwnerId=MEMBER)
    with refused("OperationNotPermitted"):
        cloud.ec2(account=MEMBER).delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=connection)


@pytest.mark.parametrize("action", ["accept", "reject"])
def test_only_the_accepter_answers_and_only_in_its_region(cloud: Cloud, action: str) -> None:
    peer = cloud.vpc(region=THERE)
    connection = cloud.request(cloud.vpc(), peer, PeerRegion=THERE)
    with refused("OperationNotPermitted"):
        getattr(cloud.ec2(HERE), f"{action}_vpc_peering_connection")(VpcPeeringConnectionId=connection)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        getattr(cloud.ec2("eu-west-1"), f"{action}_vpc_peering_connection")(VpcPeeringConnectionId=connection)
    getattr(cloud.ec2(THERE), f"{action}_vpc_peering_connection")(VpcPeeringConnectionId=connection)


def test_the_requesters_account_cannot_accept_for_another(cloud: Cloud) -> None:
    connection = cloud.request(cloud.vpc(), cloud.vpc(account=MEMBER), PeerOwnerId=MEMBER)
    with refused("OperationNotPermitted"):
        cloud.accept(connection)
    cloud.accept(connection, account=MEMBER)
    assert cloud.status(connection) == "active"


@pytest.mark.parametrize("action", ["accept", "reject", "delete"])
def test_an_unknown_connection_is_not_found(cloud: Cloud, action: str) -> None:
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        getattr(cloud.ec2(), f"{action}_vpc_peering_connection")(VpcPeeringConnectionId=UNKNOWN_CONNECTION)


def test_active_peerings_of_a_vpc_are_limited_on_either_side(cloud: Cloud) -> None:
    cloud.control.set(quotas={"peerings_per_vpc": 1})
    vpc, peer, _ = cloud.peering()
    for requester, accepter in ((vpc, cloud.vpc()), (cloud.vpc(), peer)):
        connection = cloud.request(requester, accepter)
        with refused("VpcPeeringConnectionsPerVpcLimitExceeded"):
            cloud.accept(connection)


def test_deleting_a_vpc_deletes_its_peerings(cloud: Cloud) -> None:
    vpc, _, connection = cloud.peering()
    cloud.ec2().delete_vpc(VpcId=vpc)
    assert cloud.status(connection) == "deleted"


def test_a_vpc_with_another_accounts_request_is_not_deleted(cloud: Cloud) -> None:
    vpc = cloud.vpc()
    cloud.request(cloud.vpc(account=MEMBER), vpc, account=MEMBER, PeerOwnerId="123456789012")
    with refused("DependencyViolation"):
        cloud.ec2().delete_vpc(VpcId=vpc)
