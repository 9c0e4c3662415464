"""Calls to what isn't EC2, by whoever a test wants to be."""

import json
import urllib.request
import uuid
from typing import Any

import boto3
from botocore.exceptions import ClientError

from .world import HERE, HUB


def client(environment: dict[str, str], service: str, account: str = HUB, region: str = HERE) -> Any:
    """A client of that account: the local cloud takes it from the access key."""
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="local",
    )


def output(environment: dict[str, str], key: str) -> str:
    """An output of the stack."""
    [stack] = client(environment, "cloudformation").describe_stacks(StackName="isthmus")["Stacks"]
    return next(found["OutputValue"] for found in stack["Outputs"] if found["OutputKey"] == key)


def function(environment: dict[str, str], state: str) -> dict[str, Any]:
    """The function of that state, such as `CreateRequest`, as it is deployed."""
    pages = client(environment, "lambda").get_paginator("list_functions").paginate()
    [found] = [each for page in pages for each in page["Functions"] if f"-{state}Function-" in each["FunctionName"]]
    return found


def assume(environment: dict[str, str], role: str, caller: str, **more: Any) -> str | None:
    """The error of AssumeRole by that caller, whose ARN the local STS takes from the session token; None without one."""
    sts = boto3.client(
        "sts",
        endpoint_url=environment["AWS_ENDPOINT_URL_STS"],
        region_name=HERE,
        aws_access_key_id=HUB,
        aws_secret_access_key="local",
        aws_session_token=caller,
    )
    try:
        sts.assume_role(RoleArn=role, RoleSessionName="test", **more)
    except ClientError as refused:
        return refused.response["Error"]["Code"]
    return None


def deliver(environment: dict[str, str], account: str, region: str, resource: str, tags: dict[str, str]) -> None:
    """A tag change as AWS itself would deliver it in that account and Region, whether or not it happened."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Tag Change on Resource",
        "source": "aws.tag",
        "account": account,
        "time": "2026-01-02T03:04:05Z",
        "region": region,
        "resources": [resource],
        "detail": {"changed-tag-keys": [*tags], "tags": tags, "service": "ec2", "resource-type": "vpc", "version": 1},
    }
    body = json.dumps({"account": account, "region": region, "event": event}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(f"{environment['AWS_ENDPOINT_URL']}/_local_cloud/events", body, timeout=30).close()
