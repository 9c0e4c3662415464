"""Calls to services other than EC2, by the account or role that a test chooses."""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError
from local_cloud.ec2.control import Control

from .network import HERE, HUB

RETRY_DELAYS = 0.3
"""The delays before a retry are those of the machines, multiplied by it."""


def client(environment: dict[str, str], service: str, account: str = HUB, region: str = HERE) -> Any:
    """A client of that account: the local cloud reads the account from the access key."""
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
    """The deployed function of that state, such as `CreateRequest`."""
    stack = client(environment, "cloudformation")
    resource = stack.describe_stack_resource(StackName="isthmus", LogicalResourceId=f"{state}Function")["StackResourceDetail"]
    return client(environment, "lambda").get_function_configuration(FunctionName=resource["PhysicalResourceId"])


def functions(environment: dict[str, str]) -> list[dict[str, Any]]:
    """All deployed functions."""
    pages = client(environment, "lambda").get_paginator("list_functions").paginate()
    return [each for page in pages for each in page["Functions"]]


def forget_sessions(environment: dict[str, str]) -> None:
    """Functions keep the sessions of members for an hour; a changed function starts anew.

    The local cloud stops the processes of a function when its time-out is set, to the same value, too.
    """
    lambda_ = client(environment, "lambda")
    for each in functions(environment):
        lambda_.update_function_configuration(FunctionName=each["FunctionName"], Timeout=each["Timeout"])


@contextmanager
def setting(environment: dict[str, str], **variables: str) -> Iterator[None]:
    """Every function has these environment variables in this block, as if the stack's parameters were others.

    The local cloud stops a function's processes when its time-out is set, to the same value, too.
    """
    lambda_ = client(environment, "lambda")
    before = functions(environment)

    def change(changes: dict[str, str]) -> None:
        for each in before:
            changed = {"Variables": each["Environment"]["Variables"] | changes}
            name, timeout = each["FunctionName"], each["Timeout"]
            lambda_.update_function_configuration(FunctionName=name, Environment=changed, Timeout=timeout)

    change(variables)
    try:
        yield
    finally:
        change({})


def assume(environment: dict[str, str], role: str, caller: str, **more: Any) -> str | None:
    """The error code of AssumeRole by that caller, if it fails. The local STS reads the caller's ARN from the session token."""
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
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def deliver(environment: dict[str, str], account: str, region: str, resource: str, tags: dict[str, str]) -> None:
    """Delivers a tag event as AWS itself would in that account and Region, whether or not the tags changed."""
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
    _post(environment, "/_local_cloud/events", {"account": account, "region": region, "event": event})


@contextmanager
def change_wait_scale(environment: dict[str, str], scale: float) -> Iterator[None]:
    """Multiplies each wait of Step Functions that begins in this block, and each delay before a retry."""
    services = Control(environment["AWS_ENDPOINT_URL"])
    _post(environment, "/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": scale})
    services.scale_retry_delays(1)
    try:
        yield
    finally:
        services.scale_retry_delays(RETRY_DELAYS)
        _post(environment, "/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": 1})


def _post(environment: dict[str, str], path: str, body: dict[str, Any]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(f"{environment['AWS_ENDPOINT_URL']}{path}", json.dumps(body).encode(), timeout=30).close()
