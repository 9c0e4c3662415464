"""EC2's buckets of tokens, Regions that an account has not enabled, and how long tags may be."""

import pytest
from botocore.exceptions import ClientError

from .cloud import HERE, HUB, MEMBER, THERE, Cloud, refused

FAST = 0.000001  # nothing is refilled during the test


def granted(cloud: Cloud, calls: int, region: str = HERE, account: str = HUB) -> int:
    """How many of so many reads are answered."""
    count = 0
    for _ in range(calls):
        try:
            cloud.ec2(region, account).describe_vpcs()
            count += 1
        except ClientError as error:
            assert error.response["Error"]["Code"] == "RequestLimitExceeded"
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    return count


def test_each_account_region_and_action_has_a_bucket_of_its_own(cloud: Cloud) -> None:
    cloud.ec2(HERE, MEMBER)
    cloud.control.set(throttling=FAST)
    assert granted(cloud, 105) == 100
    assert granted(cloud, 3, THERE) == granted(cloud, 3, HERE, MEMBER) == 3
    cloud.ec2().describe_subnets()


def test_it_is_refilled(cloud: Cloud) -> None:
    cloud.control.set(throttling=FAST)
    assert granted(cloud, 101) == 100
    cloud.control.set(throttling=1000)
    assert granted(cloud, 200) == 200


def test_it_is_off_by_default(cloud: Cloud) -> None:
    assert cloud.control.settings()["throttling"] == 0
    assert granted(cloud, 150) == 150


def test_creations_have_smaller_buckets(cloud: Cloud) -> None:
    vpc, peers = cloud.vpc(), [cloud.vpc() for _ in range(51)]
    cloud.control.set(throttling=FAST)
    for peer in peers[:50]:
        cloud.request(vpc, peer)
    with refused("RequestLimitExceeded"):
        cloud.request(vpc, peers[50])


def test_no_session_is_made_in_a_region_that_the_account_has_not_enabled(cloud: Cloud) -> None:
    cloud.control.set(regions_off={MEMBER: [HERE]})
    assume = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/member", "RoleSessionName": "test"}
    with refused("RegionDisabledException"):
        cloud.sts().assume_role(**assume)
    cloud.control.set(regions_off={MEMBER: [THERE]})
    cloud.sts().assume_role(**assume)


@pytest.mark.parametrize(("key", "value", "may"), [("k" * 128, "v" * 256, True), ("k" * 129, "", False), ("k", "v" * 257, False)])
def test_tags_have_a_greatest_length(cloud: Cloud, key: str, value: str, may: bool) -> None:
    vpc, tags = cloud.vpc(), [{"Key": key, "Value": value}]
    specification = {"ResourceType": "vpc-peering-connection", "Tags": tags}
    peer = cloud.vpc()
    if may:
        cloud.ec2().create_tags(Resources=[vpc], Tags=tags)
        cloud.request(vpc, peer, TagSpecifications=[specification])
        return
    with refused("InvalidParameterValue"):
        cloud.ec2().create_tags(Resources=[vpc], Tags=tags)
    with refused("InvalidParameterValue"):
        cloud.request(vpc, peer, TagSpecifications=[specification])
