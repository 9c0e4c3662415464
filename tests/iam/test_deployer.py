"""`release/deployer-policy.json` suffices to deploy the stack, by AWS's own lists of what CloudFormation calls for a resource.

The lists are the `handlers` of the resource types, which cfn-lint has: https://docs.aws.amazon.com/cloudformation-cli/
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from iam.evaluator import STACK_ID, Evaluator
from iam.simulator import SimulationError
from iam.stacks import HERE, HUB, KINDS, Stack, deploy
from iam.table import deployer

SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
FURTHER_KINDS = {
    "AWS::CloudWatch::Alarm": "cloudwatch:{place}:alarm:isthmus-{name}",
    "AWS::CloudWatch::Dashboard": f"cloudwatch::{HUB}:dashboard/isthmus-{{name}}",
    "AWS::IAM::ManagedPolicy": f"iam::{HUB}:policy/isthmus-{{name}}",
}
# What CloudFormation calls for properties that the template doesn't have.
NOT_NEEDED = {
    "ec2": "functions in a VPC",
    "elasticfilesystem": "functions with a file system",
    "firehose": "logs that are delivered elsewhere",
    "kinesis": "a stream of the table",
    "kms": "keys of the customer: what AWS manages needs no permission",
    "s3files": "functions with a file system",
    "dynamodb:AssociateTableReplica dynamodb:CreateTableReplica": "global tables",
    "dynamodb:BatchWriteItem dynamodb:DeleteItem dynamodb:PutItem dynamodb:UpdateItem": "global tables",
    "dynamodb:GetItem dynamodb:Query dynamodb:Scan": "global tables",
    "dynamodb:DeleteResourcePolicy dynamodb:PutResourcePolicy": "a table with a policy",
    "dynamodb:DescribeImport dynamodb:ImportTable s3:GetObjectMetadata s3:ListBucket": "a table made from a file",
    "dynamodb:DisableKinesisStreamingDestination dynamodb:EnableKinesisStreamingDestination": "a stream of the table",
    "dynamodb:UpdateContributorInsights dynamodb:UpdateKinesisStreamingDestination": "a stream of the table, and its insights",
    "iam:AttachGroupPolicy iam:AttachUserPolicy iam:DetachGroupPolicy iam:DetachUserPolicy": "a policy that is attached already",
    "iam:CreateServiceLinkedRole": "global tables",
    "lambda:AssociateRuntimeAlias lambda:PutRuntimeManagementConfig": "a fixed patch of the runtime",
    "lambda:DeleteFunctionCodeSigningConfig lambda:GetCodeSigningConfig lambda:PutFunctionCodeSigningConfig": "signed code",
    "lambda:DeleteFunctionConcurrency lambda:PutFunctionConcurrency": "reserved concurrency",
    "lambda:GetLayerVersion": "layers",
    "lambda:PassCapacityProvider lambda:PutFunctionScalingConfig lambda:PublishVersion": "managed instances, and versions",
    "lambda:PutFunctionRecursionConfig": "functions that call themselves",
    "logs:AssociateKmsKey logs:DisassociateKmsKey": "keys of the customer",
    "logs:CreateLogDelivery s3:REST.PUT.OBJECT": "logs that are delivered elsewhere",
    "logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents": "a table made from a file",
    "logs:DeleteDataProtectionPolicy logs:PutDataProtectionPolicy sns:PutDataProtectionPolicy": "masked logs and messages",
    "logs:DeleteIndexPolicy logs:PutIndexPolicy logs:PutBearerTokenAuthentication": "indexed logs, and logs that are sent in",
    "logs:DeleteResourcePolicy logs:PutResourcePolicy": "log groups with a policy",
    "logs:PutLogGroupDeletionProtection": "log groups that can't be deleted",
    "s3:GetObjectVersion": "code in a version of an object",
}
CONTEXT = {
    "iam:AttachRolePolicy": {"iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
    "iam:DetachRolePolicy": {"iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
    "iam:PassRole": {"iam:PassedToService": "lambda.amazonaws.com"},
}


@cache
def stack() -> Stack:
    return deploy("template.yaml", HUB, HERE, STACK_ID, FailureEmail="network@example.com", MemberAccounts="222222222222")


@cache
def handlers(kind: str) -> dict[str, set[str]]:
    name = json.loads((SCHEMAS / "providers" / f"{HERE}.json").read_text())[kind]
    described = json.loads((SCHEMAS / "resources" / f"{name}.json").read_text())["handlers"]
    return {handler: set(each["permissions"]) for handler, each in described.items() if handler != "list"}


def not_needed(action: str) -> bool:
    return action.partition(":")[0] in NOT_NEEDED or any(action in names.split() for names in NOT_NEEDED)


def calls() -> Iterator[tuple[str, str, str]]:
    """Logical id, action and resource of every call that CloudFormation may make for the stack's resources."""
    place = f"{HERE}:{HUB}"
    for name, resource in stack().template["Resources"].items():
        arn = stack().arns.get(name) or next(
            (f"arn:aws:{form.format(place=place, name=name)}" for kind, form in FURTHER_KINDS.items() if kind == resource["Type"]),
            None,
        )
        for action in sorted(set().union(*handlers(resource["Type"]).values())):
            if not not_needed(action):
                yield name, action, arn or _of(name, resource, action)


def _of(name: str, resource: dict[str, Any], action: str) -> str:
    """The ARN that a resource without one acts on: the function of a permission, the queue of a policy."""
    properties = stack().value(resource.get("Properties", {}))
    match resource["Type"]:
        case "AWS::Lambda::Permission" | "AWS::Lambda::EventInvokeConfig":
            return f"arn:aws:lambda:{HERE}:{HUB}:function:{properties['FunctionName'].rpartition(':')[2]}"
        case "AWS::Events::EventBusPolicy":
            return f"arn:aws:events:{HERE}:{HUB}:event-bus/{properties['EventBusName']}"
        case "AWS::SNS::TopicPolicy":
            return stack().arns["FailureTopic"]
        case "AWS::SQS::QueuePolicy":
            return stack().arns["DeadLetters"]
    raise AssertionError(f"{name}: on what is {action} called?")


def allowed(action: str, resource: str) -> bool:
    """Some actions know no resource, and those that CloudFormation makes on another kind of it name that kind themselves."""
    others = {
        "iam:": stack().arns["SweepFunctionRole"],
        "logs:": stack().arns["FunctionLogs"],
        "s3:": "arn:aws:s3:::BUCKET/isthmus/0.1.0-abc/sweep-arm64.zip",
    }
    if ":policy/" not in resource or "RolePolicy" in action:
        resource = next((other for service, other in others.items() if action.startswith(service)), resource)
    context = CONTEXT.get(action, {})
    for each in (resource, resource.removesuffix(":*"), "*"):
        try:
            return Evaluator([], {}).evaluate(deployer(), action, each, context).allowed
        except SimulationError:
            continue
    raise AssertionError(f"{action} can be simulated on nothing like {resource}")


def test_every_call_that_cloudformation_makes_is_allowed() -> None:
    asked = sorted({(action, resource) for _, action, resource in calls()})
    assert len(asked) > 200
    assert [(action, resource) for action, resource in asked if not allowed(action, resource)] == []


@pytest.mark.parametrize("names", NOT_NEEDED, ids=lambda names: names.split()[0])
def test_each_exclusion_is_of_something_that_cloudformation_names(names: str) -> None:
    types = {resource["Type"] for resource in stack().template["Resources"].values()}
    named = {action for kind in types for actions in handlers(kind).values() for action in actions}
    found = named | {action.partition(":")[0] for action in named}
    assert set(names.split()) <= found


def test_every_type_is_judged() -> None:
    types = {resource["Type"] for resource in stack().template["Resources"].values()}
    assert types >= set(KINDS) and {resource for _, _, resource in calls()}
