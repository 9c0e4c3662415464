"""The server around moto: call log, faults, clock, roles and speed."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError

from local_cloud.ec2.control import ControlError

from .cloud import HERE, HUB, MEMBER, THERE, UNKNOWN_CONNECTION, Cloud, refused


def last_call(cloud: Cloud) -> dict[str, Any]:
    return json.loads(cloud.log.read_text().splitlines()[-1])


def test_every_call_is_logged(cloud: Cloud) -> None:
    vpc = cloud.vpc(region=THERE, account=MEMBER)
    cloud.ec2(THERE, MEMBER).describe_vpcs(VpcIds=[vpc])
    call = last_call(cloud)
    assert (call["Service"], call["Action"], call["Region"], call["Account"]) == ("ec2", "DescribeVpcs", THERE, MEMBER)
    assert call["RoleArn"] == f"arn:aws:iam::{MEMBER}:role/member"
    assert call["Parameters"] == {"VpcId.1": vpc}
    assert call["Error"] is None
    assert "Botocore" in call["UserAgent"]


def test_errors_and_sts_calls_are_logged_too(cloud: Cloud) -> None:
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        cloud.accept(UNKNOWN_CONNECTION)
    call = last_call(cloud)
    assert (call["Account"], call["RoleArn"]) == (HUB, None)
    assert call["Error"] == "InvalidVpcPeeringConnectionID.NotFound"
    cloud.sts().get_caller_identity()
    assert last_call(cloud)["Service"] == "sts"


def test_an_assumed_role_acts_in_its_own_account(cloud: Cloud) -> None:
    vpc = cloud.vpc(account=MEMBER)
    assert cloud.ec2(account=MEMBER).describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["OwnerId"] == MEMBER
    with refused("InvalidVpcID.NotFound"):
        cloud.ec2().describe_vpcs(VpcIds=[vpc])


def test_a_fault_can_take_the_place_of_the_call(cloud: Cloud) -> None:
    cloud.control.plant_faults(
        {"Action": "CreateVpc", "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 2, "AfterCalls": 1}
    )
    before = len(cloud.ec2().describe_vpcs()["Vpcs"])
    cloud.vpc()
    for _ in range(2):
        with refused("RequestLimitExceeded"):
            cloud.vpc()
    cloud.vpc()
    assert len(cloud.ec2().describe_vpcs()["Vpcs"]) == before + 2


def test_a_fault_can_follow_the_call(cloud: Cloud) -> None:
    before = len(cloud.ec2().describe_vpcs()["Vpcs"])
    cloud.control.plant_faults({"Action": "CreateVpc", "Code": "InternalError", "Effect": "execute-then-fail"})
    with refused("InternalError"):
        cloud.vpc()
    assert len(cloud.ec2().describe_vpcs()["Vpcs"]) == before + 1


@pytest.mark.parametrize(
    ("fault", "is_made"),
    [
        ({"Effect": "disconnect"}, False),
        ({"Effect": "execute-then-disconnect"}, True),
        ({"Effect": "execute-then-stall", "DelaySeconds": 0.3}, True),
        ({"Effect": "execute-then-kill"}, True),
    ],
    ids=lambda each: each["Effect"] if isinstance(each, dict) else "",
)
def test_a_call_can_stay_without_an_answer(cloud: Cloud, fault: dict[str, Any], is_made: bool) -> None:
    """A caller that is no function is not killed."""
    once = {"endpoint_url": cloud.ec2().meta.endpoint_url, "region_name": HERE, "config": Config(retries={"total_max_attempts": 1})}
    ec2 = boto3.client("ec2", **once)
    before = len(ec2.describe_vpcs()["Vpcs"])
    cloud.control.plant_faults({"Action": "CreateVpc", **fault})
    with pytest.raises(HTTPClientError):
        ec2.create_vpc(CidrBlock="10.9.0.0/16")
    assert last_call(cloud)["Error"] == "NoAnswer"
    assert cloud.control.faults() == {"Struck": 1, "Over": 1}
    assert len(ec2.describe_vpcs()["Vpcs"]) == before + is_made


def test_a_fault_can_be_limited_to_certain_calls(cloud: Cloud) -> None:
    vpc = cloud.vpc()
    fault = {"Action": "DescribeVpcs", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 9}
    cloud.control.plant_faults(fault | {"Region": THERE}, fault | {"Match": {"VpcId.1": vpc}})
    cloud.ec2(HERE).describe_vpcs()
    with refused("UnauthorizedOperation"):
        cloud.ec2(HERE).describe_vpcs(VpcIds=[vpc])
    with refused("UnauthorizedOperation"):
        cloud.ec2(THERE).describe_vpcs()
    cloud.control.clear_faults()
    cloud.ec2(THERE).describe_vpcs()


def test_sts_can_fail_too(cloud: Cloud) -> None:
    cloud.control.plant_faults({"Action": "AssumeRole", "Code": "AccessDenied", "HttpStatus": 403})
    with refused("AccessDenied"):
        cloud.sts().assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/member", RoleSessionName="test")


def test_calls_can_be_slowed(cloud: Cloud) -> None:
    cloud.control.set_latency(0.2)
    cloud.control.plant_faults({"Action": "DescribeVpcs", "DelaySeconds": 0.2})
    start = time.monotonic()
    cloud.ec2().describe_vpcs()
    assert time.monotonic() - start > 0.4


def test_one_region_can_be_slower_than_the_others(cloud: Cloud) -> None:
    cloud.control.set_latency(0, us_west_2=0.3)
    start = time.monotonic()
    cloud.ec2(THERE).describe_vpcs()
    assert time.monotonic() - start > 0.3


def test_an_unknown_setting_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ControlError):
        cloud.control.set(no_such_setting=1)
    assert cloud.control.settings()["quotas"]["peerings_per_vpc"] == 50


def test_simultaneous_requests_make_one_connection(cloud: Cloud) -> None:
    vpc, peer = cloud.vpc(), cloud.vpc()
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: cloud.request(vpc, peer), range(16)))
    assert len(made) == 1


def test_reset_forgets_everything(cloud: Cloud) -> None:
    vpc = cloud.vpc()
    cloud.control.set(quotas={"peerings_per_vpc": 1})
    cloud.control.reset()
    cloud.forget_clients()
    with refused("InvalidVpcID.NotFound"):
        cloud.ec2().describe_vpcs(VpcIds=[vpc])
    assert cloud.control.settings()["quotas"]["peerings_per_vpc"] == 50
