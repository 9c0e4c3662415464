"""A second hub: the same template by the same name in another Region of the same account, with the same members."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from iam.evaluator import Evaluator
from local_cloud.members import MEMBERS, TEMPLATE

from .clients import client
from .executions import Machine
from .ledger import Ledger
from .network import HERE, HUB, THERE
from .sweeping import Sweep

STACK = "isthmus"
REGIONS = (HERE, THERE)


@dataclass
class Installation:
    """What tests need of a deployed stack."""

    environment: dict[str, str]
    id: str
    prefix: str
    machine: Machine
    teardown: Machine
    ledger: Ledger
    sweep: Sweep
    evaluator: Evaluator


@contextmanager
def second(environment: dict[str, str], prefix: str, region: str = THERE, **given: str) -> Iterator[Installation]:
    """Deploys it with that tag prefix and these parameters, and its member template to both Regions of every account."""
    hub = client(environment, "cloudformation", HUB, region)
    parameters = {"TagPrefix": prefix, "MemberRoleName": f"{prefix}-member", **given}
    created: list[tuple[Any, str]] = []
    try:
        template = {"TemplateURL": _packaged(environment, region)}
        outputs = _deploy(hub, STACK, template, {**_given(environment), **parameters, "Regions": HERE})
        created.append((hub, STACK))
        of_members = {
            "HubAccount": HUB,
            "HubRegion": region,
            "HubBusName": outputs["EventBusArn"].rpartition("/")[2],
            "HubRoleArns": outputs["FunctionRoleArns"],
            "ExternalId": outputs["ExternalId"],
            "MemberRoleName": outputs["MemberRoleName"],
            "TagPrefix": prefix,
            "RoleRegion": HERE,
        }
        for place in REGIONS:
            for account in (*MEMBERS, HUB):
                cloudformation = client(environment, "cloudformation", account, place)
                _deploy(cloudformation, f"{prefix}-member", {"TemplateBody": TEMPLATE.read_text()}, of_members)
                created.append((cloudformation, f"{prefix}-member"))
        yield _installation(environment, hub, outputs, prefix, region, given)
    finally:
        for cloudformation, name in reversed(created):
            cloudformation.delete_stack(StackName=name)


def set_mode(environment: dict[str, str], mode: str) -> Evaluator:
    """Updates that one parameter. Returns the policies as they are then."""
    hub = client(environment, "cloudformation", HUB, THERE)
    [stack] = hub.describe_stacks(StackName=STACK)["Stacks"]
    keys = [each["ParameterKey"] for each in stack["Parameters"] if each["ParameterKey"] != "Mode"]
    kept: list[dict[str, Any]] = [{"ParameterKey": key, "UsePreviousValue": True} for key in keys]
    hub.update_stack(
        StackName=STACK,
        TemplateURL=f"{environment['AWS_ENDPOINT_URL']}/packages-{THERE}/template.yaml",
        Parameters=[*kept, {"ParameterKey": "Mode", "ParameterValue": mode}],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + 120
    while (status := hub.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        assert time.monotonic() < deadline, status
        time.sleep(0.2)
    assert status == "UPDATE_COMPLETE", status
    outputs = {each["OutputKey"]: each["OutputValue"] for each in hub.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]}
    return _policies(hub, outputs, THERE, Mode=mode)


def _installation(
    environment: dict[str, str], hub: Any, outputs: dict[str, str], prefix: str, region: str, given: dict[str, str]
) -> Installation:
    there = {**environment, "AWS_REGION": region}
    return Installation(
        environment=there,
        id=outputs["InstallationId"],
        prefix=prefix,
        machine=Machine(there, outputs["StateMachineArn"]),
        teardown=Machine(there, outputs["TeardownStateMachineArn"]),
        ledger=Ledger(environment, outputs["LedgerTableName"], region),
        sweep=Sweep(environment, outputs["SweepFunctionName"], region),
        evaluator=_policies(hub, outputs, region, **given),
    )


def _policies(hub: Any, outputs: dict[str, str], region: str, **given: str) -> Evaluator:
    [stack] = hub.describe_stacks(StackName=STACK)["Stacks"]
    names = {"TagPrefix": outputs["TagPrefix"], "MemberRoleName": outputs["MemberRoleName"]}
    return Evaluator.of_templates(stack["StackId"], region=region, ledger=outputs["LedgerTableName"], **names, **given)


def _packaged(environment: dict[str, str], region: str) -> str:
    """The template as `sam deploy` uploaded it, in a bucket of ours: it is too long for a call. Lambda takes the functions'
    packages from a bucket in its own Region, so they are copied.
    """
    template = client(environment, "cloudformation").get_template(StackName=STACK, TemplateStage="Original")["TemplateBody"]
    source, bucket = client(environment, "s3"), f"packages-{region}"
    target = client(environment, "s3", HUB, region)
    if bucket not in {each["Name"] for each in target.list_buckets()["Buckets"]}:
        target.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    for uri, original, name in set(re.findall(r"(s3://([^/\s'\"]+)/([^\s'\"]+))", template)):
        target.put_object(Bucket=bucket, Key=name, Body=source.get_object(Bucket=original, Key=name)["Body"].read())
        template = template.replace(uri, f"s3://{bucket}/{name}")
    target.put_object(Bucket=bucket, Key="template.yaml", Body=template.encode())
    return f"{environment['AWS_ENDPOINT_URL']}/{bucket}/template.yaml"


def _given(environment: dict[str, str]) -> dict[str, str]:
    [stack] = client(environment, "cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def _deploy(cloudformation: Any, name: str, template: dict[str, str], parameters: dict[str, str]) -> dict[str, str]:
    """Returns the outputs."""
    cloudformation.create_stack(
        StackName=name,
        **template,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + 120
    while (found := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("_IN_PROGRESS"):
        assert time.monotonic() < deadline, f"{name} is still {found['StackStatus']}"
        time.sleep(0.2)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [each.get("ResourceStatusReason") for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert found["StackStatus"] == "CREATE_COMPLETE", f"{name}: {found['StackStatus']} {reasons}"
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
