"""CreateVpcPeeringConnection."""

import pytest

from .cloud import HERE, HUB, MEMBER, THERE, Cloud, fresh_block, refused

LATER = 60


def test_overlapping_ipv4_blocks_fail_without_an_api_error(cloud: Cloud) -> None:
    connection = cloud.request(cloud.vpc("10.200.0.0/16"), cloud.vpc("10.200.4.0/24"))
    status = cloud.describe(connection)["Status"]
    assert status["Code"] == "failed"
    assert "overlapping CIDR range" in status["Message"]


def test_an_overlap_of_secondary_blocks_fails(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc("10.201.0.0/16")
    cloud.ec2().associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.201.8.0/24")
    assert cloud.status(cloud.request(vpc, peer)) == "failed"


def test_a_disassociated_block_no_longer_counts(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc("10.202.0.0/16")
    added = cloud.ec2().associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.202.8.0/24")
    cloud.ec2().disassociate_vpc_cidr_block(AssociationId=added["CidrBlockAssociation"]["AssociationId"])
    assert cloud.status(cloud.request(vpc, peer)) == "pending-acceptance"


def test_an_overlap_of_ipv6_blocks_fails(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc()
    for each in (vpc, peer):
        cloud.ec2().associate_vpc_cidr_block(VpcId=each, Ipv6CidrBlock="2001:db8:1234:1a00::/56", Ipv6Pool="own")
    assert cloud.status(cloud.request(vpc, peer)) == "failed"


@pytest.mark.parametrize("action", ["accept", "reject", "delete"])
def test_no_action_is_possible_on_a_failed_connection(cloud: Cloud, action: str) -> None:
    connection = cloud.request(cloud.vpc("10.203.0.0/16"), cloud.vpc("10.203.0.0/16"))
    with refused("InvalidStateTransition"):
        getattr(cloud.ec2(), f"{action}_vpc_peering_connection")(VpcPeeringConnectionId=connection)


def test_an_unknown_vpc_in_the_callers_account_is_an_error(cloud: Cloud) -> None:
    with refused("InvalidVpcID.NotFound"):
        cloud.request(cloud.vpc(), "vpc-0123456789abcdef0")
    with refused("InvalidVpcID.NotFound"):
        cloud.request("vpc-0123456789abcdef0", cloud.vpc())


@pytest.mark.parametrize("elsewhere", [{"PeerRegion": THERE}, {"PeerOwnerId": MEMBER}])
def test_an_unknown_vpc_elsewhere_fails_later(cloud: Cloud, elsewhere: dict[str, str]) -> None:
    connection = cloud.request(cloud.vpc(), "vpc-0123456789abcdef0", **elsewhere)
    assert cloud.status(connection) == "failed"


def test_malformed_ids_are_refused(cloud: Cloud) -> None:
    with refused("InvalidVpcID.Malformed"):
        cloud.request(cloud.vpc(), "vpc-nonsense")
    with refused("InvalidVpcPeeringConnectionId.Malformed"):
        cloud.accept("pcx-nonsense")


def test_a_vpc_is_not_peered_with_itself(cloud: Cloud) -> None:
    vpc = cloud.vpc()
    with refused("InvalidParameterValue"):
        cloud.request(vpc, vpc)


def test_the_same_request_again_answers_the_same_connection(cloud: Cloud) -> None:
    def tags(value: str) -> list[dict]:
        return [{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Name", "Value": value}]}]

    vpc, peer = cloud.vpc(), cloud.vpc()
    first = cloud.request(vpc, peer, TagSpecifications=tags("first"))
    assert cloud.request(vpc, peer, TagSpecifications=tags("second")) == first
    cloud.accept(first)
    assert cloud.request(vpc, peer) == first
    assert cloud.describe(first)["Tags"] == [{"Key": "Name", "Value": "first"}]


def test_after_the_end_of_a_connection_the_same_request_makes_a_new_one(cloud: Cloud) -> None:
    vpc, peer, first = cloud.peering()
    cloud.ec2().delete_vpc_peering_connection(VpcPeeringConnectionId=first)
    assert cloud.request(vpc, peer) != first


def test_the_reverse_request_is_new_and_cannot_be_accepted(cloud: Cloud) -> None:
    vpc, peer, active = cloud.peering()
    reverse = cloud.request(peer, vpc)
    assert reverse != active
    with refused("VpcPeeringConnectionAlreadyExists"):
        cloud.accept(reverse)
    assert cloud.status(reverse) == "pending-acceptance"


def test_of_two_opposite_requests_only_the_older_can_be_accepted(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc()
    older, newer = cloud.request(vpc, peer), cloud.request(peer, vpc)
    with refused("VpcPeeringConnectionAlreadyExists"):
        cloud.accept(newer)
    cloud.accept(older)


def test_the_answer_to_a_request(cloud: Cloud) -> None:
    block = fresh_block()
    vpc, peer = cloud.vpc(block), cloud.vpc(region=THERE, account=MEMBER)
    cloud.control.set(pending_after=LATER)
    ends = {"VpcId": vpc, "PeerVpcId": peer, "PeerOwnerId": MEMBER, "PeerRegion": THERE}
    answer = cloud.ec2().create_vpc_peering_connection(**ends)["VpcPeeringConnection"]
    assert answer["Status"]["Code"] == "initiating-request"
    assert answer["RequesterVpcInfo"] == {
        "OwnerId": HUB, "Region": HERE, "VpcId": vpc,
        "CidrBlock": block, "CidrBlockSet": [{"CidrBlock": block}], "Ipv6CidrBlockSet": [],
    }  # fmt: skip
    assert answer["AccepterVpcInfo"] == {"OwnerId": MEMBER, "Region": THERE, "VpcId": peer}
    assert answer["ExpirationTime"]


def test_outstanding_requests_are_limited(cloud: Cloud) -> None:
    region = "ap-southeast-2"
    vpc, peers = cloud.vpc(region=region), [cloud.vpc(region=region) for _ in range(3)]
    cloud.control.set(quotas={"outstanding_requests": 2})
    first = cloud.request(vpc, peers[0], region)
    cloud.request(vpc, peers[1], region)
    with refused("OutstandingVpcPeeringConnectionLimitExceeded"):
        cloud.request(vpc, peers[2], region)
    cloud.accept(first, region)
    cloud.request(vpc, peers[2], region)
