"""Which account a call acts in: a 12-digit access key is the account, an assumed role acts in its own."""

import json
from typing import Any

import pytest

from .cloud import HERE, HUB, MEMBER, Cloud, eventually

THIRD = "333333333333"
ROLE = f"arn:aws:iam::{HUB}:role/isthmus-CreateRequestFunctionRole"


def client(cloud: Cloud, service: str, access_key: str, token: str | None = None) -> Any:
    credentials = {"aws_access_key_id": access_key, "aws_secret_access_key": "local"}
    return cloud._client(service, HERE, **credentials, **({"aws_session_token": token} if token else {}))


def create_vpc(ec2: Any) -> tuple[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]
    return vpc["VpcId"], vpc["OwnerId"]


def assume(sts: Any, account: str) -> dict[str, str]:
    return sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/member", RoleSessionName="test")["Credentials"]


def last_call(cloud: Cloud) -> dict[str, Any]:
    return json.loads(cloud.log.read_text().splitlines()[-1])


@pytest.mark.parametrize("account", (MEMBER, THIRD, HUB))
def test_a_12_digit_access_key_is_the_account(cloud: Cloud, account: str) -> None:
    ec2 = client(cloud, "ec2", account)
    vpc, owner = create_vpc(ec2)
    assert owner == account
    assert (last_call(cloud)["Account"], last_call(cloud)["Caller"]) == (account, f"arn:aws:iam::{account}:root")
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "team", "Value": "blue"}])
    eventually(lambda: [each["account"] for each in cloud.events if vpc in each["event"]["resources"][0]] == [account])
    assert client(cloud, "sts", account).get_caller_identity()["Account"] == account


def test_other_access_keys_act_in_the_hub(cloud: Cloud) -> None:
    for access_key in ("test", "AKIAIOSFODNN7EXAMPLE", "2222222222222"):
        assert create_vpc(client(cloud, "ec2", access_key))[1] == HUB


def test_an_assumed_role_acts_in_its_account_whoever_assumed_it(cloud: Cloud) -> None:
    for caller in ("test", HUB, MEMBER):
        session = assume(client(cloud, "sts", caller), THIRD)
        ec2 = client(cloud, "ec2", session["AccessKeyId"], session["SessionToken"])
        assert create_vpc(ec2)[1] == THIRD
        assert last_call(cloud)["Caller"] == f"arn:aws:iam::{THIRD}:role/member"


def test_a_function_acts_as_its_role_and_as_the_roles_it_assumes(cloud: Cloud) -> None:
    assert create_vpc(client(cloud, "ec2", HUB, ROLE))[1] == HUB
    assert (last_call(cloud)["Account"], last_call(cloud)["Caller"]) == (HUB, ROLE)
    session = assume(client(cloud, "sts", HUB, ROLE), MEMBER)
    assert last_call(cloud)["Caller"] == ROLE
    assert create_vpc(client(cloud, "ec2", session["AccessKeyId"], session["SessionToken"]))[1] == MEMBER
    assert last_call(cloud)["Caller"] == f"arn:aws:iam::{MEMBER}:role/member"


def test_both_ways_to_act_in_an_account_see_the_same_vpcs(cloud: Cloud) -> None:
    vpc, _ = create_vpc(client(cloud, "ec2", MEMBER))
    assert cloud.ec2(account=MEMBER).describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["OwnerId"] == MEMBER
