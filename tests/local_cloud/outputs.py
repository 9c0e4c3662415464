"""Writes a deployed stack's outputs to ``DIR/env``."""

from __future__ import annotations

from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.environment import read_env_file, write_env_file
from local_cloud.launcher import LocalCloudError

# The variables in ``DIR/env``, by output. An output that the stack doesn't have is left out.
VARIABLES = {
    "StateMachineArn": "STATE_MACHINE_ARN",
    "TeardownStateMachineArn": "TEARDOWN_STATE_MACHINE_ARN",
    "GroupsStateMachineArn": "GROUPS_STATE_MACHINE_ARN",
    "EventBusArn": "EVENT_BUS_ARN",
    "SweepFunctionName": "SWEEP_FUNCTION_NAME",
    "TopologyFunctionName": "TOPOLOGY_FUNCTION_NAME",
    "LedgerTableName": "LEDGER_TABLE_NAME",
    "DeadLetterQueueUrl": "DEAD_LETTER_QUEUE_URL",
}


def record_outputs(state: Path, stack: str) -> int:
    """Write the outputs of ``stack`` to ``DIR/env``, in place of those of an earlier deployment."""
    variables = read_env_file(state)
    if not variables:
        raise LocalCloudError(f"there is no {state / 'env'}: start the cloud first")
    found = stack_outputs(variables, stack)
    recorded = {VARIABLES[key]: value for key, value in found.items() if key in VARIABLES}
    if not recorded:
        raise LocalCloudError(f"stack {stack} has none of the outputs {', '.join(VARIABLES)}")
    kept = {name: value for name, value in variables.items() if name not in VARIABLES.values()}
    write_env_file(state, kept | recorded)
    for name, value in recorded.items():
        print(f"{name}={value}")
    return 0


def stack_outputs(variables: dict[str, str], stack: str) -> dict[str, str]:
    """The outputs of a deployed stack."""
    cloudformation = boto3.client(
        "cloudformation",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    try:
        stacks = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise LocalCloudError(f"the outputs of stack {stack} cannot be read: {error}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
