"""Invokes the deployed sweep function, as its schedule does, and prints what it answers."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.environment import read_env_file
from local_cloud.launcher import LocalCloudError
from local_cloud.outputs import VARIABLES

# The longest that a Lambda function may run. No retry: it would be a second sweep.
PATIENCE = Config(read_timeout=900, retries={"total_max_attempts": 1})


def sweep(state: Path, dry_run: bool) -> int:
    """Exit status 1 where the function failed."""
    variables = read_env_file(state)
    name = VARIABLES["SweepFunctionName"]
    if name not in variables:
        raise LocalCloudError(f"{state / 'env'} has no {name}: run `make local-up` first")
    functions = boto3.client(
        "lambda",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        config=PATIENCE,
    )
    try:
        answer = functions.invoke(FunctionName=variables[name], Payload=json.dumps({"DryRun": dry_run}))
    except (BotoCoreError, ClientError) as error:
        raise LocalCloudError(f"the sweep cannot be invoked: {error}") from error
    print(json.dumps(json.loads(answer["Payload"].read()), indent=2))
    return 1 if "FunctionError" in answer else 0
