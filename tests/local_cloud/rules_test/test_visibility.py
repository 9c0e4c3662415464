"""Which account and Region sees a connection, its tags and its addresses, from when and for how long.

That neither side sees a new connection at once: https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from collections.abc import Callable
from typing import Any

import pytest

from .cloud import HERE, HUB, MEMBER, THERE, UNKNOWN_CONNECTION, Cloud, eventually, named, refused

HOUR, DAY, LATER = 3600, 86400, 60
NOT_FOUND = "InvalidVpcPeeringConnectionID.NotFound"


def tag(cloud: Cloud, connection: str, value: str, region: str = HERE, account: str = HUB) -> None:
    cloud.ec2(region, account).create_tags(Resources=[connection], Tags=[{"Key": "Side", "Value": value}])


def tags(cloud: Cloud, connection: str, region: str = HERE, account: str = HUB) -> list[dict[str, str]]:
    return cloud.describe(connection, region, account)["Tags"]


def between_accounts(cloud: Cloud) -> str:
    return cloud.request(cloud.vpc(), cloud.vpc(account=MEMBER), PeerOwnerId=MEMBER)


@pytest.mark.parametrize("region, account", [(THERE, HUB), (HERE, MEMBER)])
def test_a_new_connection_is_not_yet_visible_on_the_other_side(cloud: Cloud, region: str, account: str) -> None:
    cloud.control.set(visible_after=LATER)
    peer = cloud.vpc(region=region, account=account)
    connection = cloud.request(cloud.vpc(), peer, PeerOwnerId=account, PeerRegion=region)
    assert cloud.status(connection) == "pending-acceptance"
    with refused(NOT_FOUND):
        cloud.describe(connection, region, account)
    with refused(NOT_FOUND):
        cloud.accept(connection, region, account)
    with refused(NOT_FOUND):
        tag(cloud, connection, "accepter", region, account)
    cloud.control.advance(LATER)
    cloud.accept(connection, region, account)


CALLS_BY_ID: dict[str, Callable[[Any, str], Any]] = {
    "describe": lambda ec2, id: ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[id]),
    "accept": lambda ec2, id: ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id),
    "reject": lambda ec2, id: ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=id),
    "delete": lambda ec2, id: ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id),
    "modify": lambda ec2, id: ec2.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=id, RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True}
    ),
    "tag": lambda ec2, id: ec2.create_tags(Resources=[id], Tags=[{"Key": "Side", "Value": "requester"}]),
}


@pytest.mark.parametrize("call", CALLS_BY_ID)
def test_a_new_connection_is_not_yet_found_by_its_requester(cloud: Cloud, call: str) -> None:
    """As in https://github.com/hashicorp/terraform-provider-aws/issues/30423, where accepting it is refused."""
    cloud.control.set(requester_visible_after=LATER)
    connection = cloud.request(cloud.vpc(), cloud.vpc())
    with refused(NOT_FOUND):
        CALLS_BY_ID[call](cloud.ec2(), connection)
    cloud.control.advance(LATER)
    assert cloud.status(connection) == "pending-acceptance", "the refused call has changed nothing"
    assert tags(cloud, connection) == []


def test_a_new_connection_is_not_yet_listed_for_its_requester(cloud: Cloud) -> None:
    cloud.control.set(requester_visible_after=LATER)
    vpc = cloud.vpc()
    filters = [named("requester-vpc-info.vpc-id", vpc)]
    specification = {"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Side", "Value": "requester"}]}
    answer = cloud.ec2().create_vpc_peering_connection(VpcId=vpc, PeerVpcId=cloud.vpc(), TagSpecifications=[specification])
    made = answer["VpcPeeringConnection"]
    connection = made["VpcPeeringConnectionId"]
    assert made["Tags"] == specification["Tags"], "only the answer to its creation has it"
    assert connection not in cloud.visible()
    assert cloud.ec2().describe_vpc_peering_connections(Filters=filters)["VpcPeeringConnections"] == []
    cloud.control.advance(LATER)
    [listed] = cloud.ec2().describe_vpc_peering_connections(Filters=filters)["VpcPeeringConnections"]
    assert (listed["VpcPeeringConnectionId"], listed["Tags"]) == (connection, specification["Tags"])


def test_no_route_leads_to_a_connection_that_is_not_yet_visible(cloud: Cloud) -> None:
    cloud.control.set(requester_visible_after=LATER)
    vpc = cloud.vpc()
    route = {"RouteTableId": cloud.main_table(vpc), "DestinationCidrBlock": "10.212.0.0/24"}
    connection = cloud.request(vpc, cloud.vpc("10.212.0.0/24"))
    with refused(NOT_FOUND):
        cloud.ec2().create_route(**route, VpcPeeringConnectionId=connection)
    cloud.control.advance(LATER)
    cloud.ec2().create_route(**route, VpcPeeringConnectionId=connection)


def test_the_accepter_may_accept_what_the_requester_does_not_see_yet(cloud: Cloud) -> None:
    cloud.control.set(requester_visible_after=LATER)
    connection = cloud.request(cloud.vpc(), cloud.vpc(region=THERE), PeerRegion=THERE)
    cloud.accept(connection, THERE)
    assert cloud.status(connection, THERE) == "active"
    with refused(NOT_FOUND):
        cloud.describe(connection)
    cloud.control.advance(LATER)
    assert cloud.status(connection) == "active"


def test_the_same_request_again_answers_what_is_not_yet_visible(cloud: Cloud) -> None:
    cloud.control.set(requester_visible_after=LATER)
    vpc, peer = cloud.vpc(), cloud.vpc()
    assert cloud.request(vpc, peer) == cloud.request(vpc, peer)


def test_without_a_setting_neither_side_sees_a_new_connection_at_once(cloud: Cloud) -> None:
    cloud.control.reset()
    cloud.forget_clients()
    settings = cloud.control.settings()
    assert 0 < settings["requester_visible_after"] < settings["pending_after"]
    connection = cloud.request(cloud.vpc(), cloud.vpc(region=THERE), PeerRegion=THERE)
    for region in (HERE, THERE):
        with refused(NOT_FOUND):
            cloud.describe(connection, region)
        eventually(lambda region=region: connection in cloud.visible(region))


def test_a_connection_changes_its_status_by_time_alone(cloud: Cloud) -> None:
    cloud.control.set(pending_after=0.3, provisioning_for=0.3, visible_after=0.3)
    connection = cloud.request(cloud.vpc(), cloud.vpc(region=THERE), PeerRegion=THERE)
    eventually(lambda: cloud.status(connection) == "pending-acceptance")
    eventually(lambda: connection in cloud.visible(THERE))
    cloud.accept(connection, THERE)
    eventually(lambda: cloud.status(connection, THERE) == "active")


def test_a_connection_is_unknown_to_third_parties(cloud: Cloud) -> None:
    _, _, connection = cloud.peering()
    for region, account in ((THERE, HUB), (HERE, MEMBER)):
        with refused(NOT_FOUND):
            cloud.describe(connection, region, account)


def test_an_unknown_id_has_the_same_error_everywhere(cloud: Cloud) -> None:
    with refused(NOT_FOUND):
        cloud.describe(UNKNOWN_CONNECTION)
    with refused(NOT_FOUND):
        tag(cloud, UNKNOWN_CONNECTION, "none")


def test_tags_stay_in_the_account_and_region_where_they_were_made(cloud: Cloud) -> None:
    peer = cloud.vpc(region=THERE)
    specification = {"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Side", "Value": "requester"}]}
    connection = cloud.request(cloud.vpc(), peer, PeerRegion=THERE, TagSpecifications=[specification])
    assert tags(cloud, connection, THERE) == []
    tag(cloud, connection, "accepter", THERE)
    assert tags(cloud, connection) == [{"Key": "Side", "Value": "requester"}]
    cloud.ec2(THERE).delete_tags(Resources=[connection], Tags=[{"Key": "Side"}])
    assert tags(cloud, connection) == [{"Key": "Side", "Value": "requester"}]


def test_tags_stay_in_their_account(cloud: Cloud) -> None:
    connection = between_accounts(cloud)
    tag(cloud, connection, "requester")
    assert tags(cloud, connection, account=MEMBER) == []


def test_the_accepters_blocks_appear_once_the_connection_is_active(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc("10.210.0.0/24")
    cloud.ec2().associate_vpc_cidr_block(VpcId=peer, CidrBlock="10.210.1.0/24")
    cloud.ec2().associate_vpc_cidr_block(VpcId=peer, Ipv6CidrBlock="2001:db8:2::/56", Ipv6Pool="own")
    connection = cloud.request(vpc, peer)
    assert "CidrBlock" not in cloud.describe(connection)["AccepterVpcInfo"]
    cloud.accept(connection)
    described = cloud.describe(connection)
    accepter: dict[str, Any] = described["AccepterVpcInfo"]
    assert accepter["CidrBlock"] == "10.210.0.0/24"
    assert accepter["CidrBlockSet"] == [{"CidrBlock": "10.210.0.0/24"}, {"CidrBlock": "10.210.1.0/24"}]
    assert accepter["Ipv6CidrBlockSet"] == [{"Ipv6CidrBlock": "2001:db8:2::/56"}]
    assert accepter["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is False
    assert "ExpirationTime" not in described


def test_a_failed_connection_is_visible_to_the_requester_alone_for_two_hours(cloud: Cloud) -> None:
    peer = cloud.vpc("10.211.0.0/16", region=THERE)
    connection = cloud.request(cloud.vpc("10.211.0.0/16"), peer, PeerRegion=THERE)
    with refused(NOT_FOUND):
        cloud.describe(connection, THERE)
    cloud.control.advance(2 * HOUR - 60)
    assert cloud.status(connection) == "failed"
    cloud.control.advance(60)
    with refused(NOT_FOUND):
        cloud.describe(connection)


def test_a_deleted_connection_stays_two_hours_for_its_deleter_and_two_days_for_the_other(cloud: Cloud) -> None:
    connection = between_accounts(cloud)
    cloud.accept(connection, account=MEMBER)
    cloud.ec2(account=MEMBER).delete_vpc_peering_connection(VpcPeeringConnectionId=connection)
    cloud.control.advance(2 * HOUR)
    with refused(NOT_FOUND):
        cloud.describe(connection, account=MEMBER)
    assert cloud.status(connection) == "deleted"
    cloud.control.advance(2 * DAY)
    with refused(NOT_FOUND):
        cloud.describe(connection)


def test_an_expired_request_stays_two_days(cloud: Cloud) -> None:
    connection = between_accounts(cloud)
    cloud.control.advance(9 * DAY - 60)
    assert cloud.status(connection) == cloud.status(connection, account=MEMBER) == "expired"
    cloud.control.advance(60)
    with refused(NOT_FOUND):
        cloud.describe(connection)
