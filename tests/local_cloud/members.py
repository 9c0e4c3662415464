"""Deploys ``member/template.yaml`` to other accounts and Regions, as a StackSet would."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local_cloud.environment import ACCOUNT, REGION, read_env_file
from local_cloud.launcher import LocalCloudError
from local_cloud.outputs import stack_outputs

TEMPLATE = Path(__file__).resolve().parents[2] / "member" / "template.yaml"
MEMBERS = ("222222222222", "111111111111", "333333333333")
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2", "us-west-2", "eu-central-1")
# The other Regions that are enabled in every account. The hub's own account forwards the tag changes from them, too.
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
FURTHER_REGIONS = (
    *("us-east-2", "us-west-1", "ca-central-1", "sa-east-1", "eu-west-2", "eu-west-3", "eu-north-1"),
    *("ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1"),
)
PATIENCE_SECONDS = 60


def deploy_members(state: Path, stack: str) -> int:
    """Deploy the member template, first to the Region with the roles; update it where it is deployed already."""
    variables = read_env_file(state)
    hub = stack_outputs(variables, stack)
    given = {
        "HubAccount": ACCOUNT,
        "HubRegion": REGION,
        "HubBusName": hub["EventBusArn"].rpartition("/")[2],
        "HubRoleArns": hub["FunctionRoleArns"],
        "ExternalId": hub["ExternalId"],
        "MemberRoleName": hub["MemberRoleName"],
        "RoleRegion": REGIONS[0],
    }
    template = TEMPLATE.read_text()
    began = time.monotonic()
    # The hub's account takes part: it forwards from its other Regions.
    places = [(account, region) for region in REGIONS for account in (*MEMBERS, ACCOUNT)]
    places += [(ACCOUNT, region) for region in FURTHER_REGIONS]
    session = boto3.session.Session()  # Clients may be used by any thread, but a session must not make two at once.
    clients = {place: _cloudformation(session, variables, *place) for place in places}

    def deploy(place: tuple[str, str]) -> None:
        _deploy(clients[place], f"{stack}-member", template, given)

    with ThreadPoolExecutor() as threads:
        for has_roles in (True, False):
            list(threads.map(deploy, [each for each in places if (each[1] == REGIONS[0]) == has_roles]))
    seconds = time.monotonic() - began
    print(f"The member template is deployed to {len(places)} Regions of {len(MEMBERS) + 1} accounts, in {seconds:.1f} s.")
    return 0


def _deploy(cloudformation: Any, name: str, template: str, given: dict[str, str]) -> None:
    request = {
        "StackName": name,
        "TemplateBody": template,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    try:
        cloudformation.create_stack(**request)
    except cloudformation.exceptions.AlreadyExistsException:
        _update(cloudformation, request)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise LocalCloudError(f"stack {name} is still {found['StackStatus']}")
        time.sleep(0.05)
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise LocalCloudError(f"stack {name} ended in {found['StackStatus']}: {found.get('StackStatusReason', 'no reason given')}")


def _update(cloudformation: Any, request: dict[str, Any]) -> None:
    """An update that changes nothing is an error, which only its message distinguishes from others."""
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _cloudformation(session: boto3.session.Session, variables: dict[str, str], account: str, region: str) -> Any:
    """A client of that account, which is its access key, and Region."""
    return session.client(
        "cloudformation",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
