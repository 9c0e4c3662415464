"""The stack's parameters, from the environment variables of the functions, and EC2 clients for any end."""

import os
import time
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

from isthmus.errors import ServiceFault

INSTALLATION = os.environ["INSTALLATION_ID"]
ACCOUNT = os.environ["STACK_ACCOUNT"]
REGION = os.environ["AWS_REGION"]
PARTITION = os.environ["PARTITION"]
MEMBER_ROLE_NAME = os.environ["MEMBER_ROLE_NAME"]
TAG_PREFIX = os.environ["TAG_PREFIX"]
ROUTES_PER_TABLE = int(os.environ["ROUTES_PER_TABLE"])
PEERINGS_PER_VPC = int(os.environ["PEERINGS_PER_VPC"])
OUTSTANDING_REQUESTS = int(os.environ["OUTSTANDING_REQUESTS"])

SECONDS_FORWARD = 90 * 60  # the rest of the two hours of the machine is for undoing

STACK_TAG = "isthmus:stack"
EXECUTION_TAG = "isthmus:execution"

CONFIG = Config(
    connect_timeout=3,
    read_timeout=6,
    retries={"mode": "standard", "max_attempts": 4},
    user_agent_extra="isthmus-python",
)


@cache
def client(owner_id: str, region: str) -> Any:
    """The EC2 client of that account and Region: for the stack's own account directly, for others by the member role."""
    return session(owner_id).client("ec2", region_name=region, config=CONFIG)


@cache
def session(owner_id: str) -> boto3.Session:
    if owner_id == ACCOUNT:
        return boto3.Session()
    role = f"arn:{PARTITION}:iam::{owner_id}:role/{MEMBER_ROLE_NAME}"

    def assume() -> dict[str, str]:
        names = {"RoleSessionName": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "ExternalId": os.environ["EXTERNAL_ID"]}
        assumed = boto3.client("sts", config=CONFIG).assume_role(RoleArn=role, **names)["Credentials"]
        return {
            "access_key": assumed["AccessKeyId"],
            "secret_key": assumed["SecretAccessKey"],
            "token": assumed["SessionToken"],
            "expiry_time": assumed["Expiration"].isoformat(),
        }

    member = botocore.session.get_session()
    member._credentials = RefreshableCredentials.create_from_metadata(assume(), assume, "sts-assume-role")
    return boto3.Session(botocore_session=member)


def ec2(end: dict[str, str]) -> Any:
    return client(end["OwnerId"], end["Region"])


# Nearly every request needs this client, so it is created while the function initializes.
client(ACCOUNT, REGION)


def check_time(state: str, started: int) -> None:
    """Whether a forward step may still begin. `started` is in milliseconds since 1970."""
    if time.time() - started / 1000 >= SECONDS_FORWARD:
        raise ServiceFault(state, "States.Timeout")


def end_of(record: dict[str, Any]) -> dict[str, str]:
    """The three fields that identify an end."""
    return {name: record[name] for name in ("VpcId", "Region", "OwnerId")}


def tags_of(resource: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def have_separate_tags(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether the two sides have separate tags: a connection has tags in each account and Region."""
    return (one["Region"], one["OwnerId"]) != (other["Region"], other["OwnerId"])
