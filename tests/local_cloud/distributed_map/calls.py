"""The calls that Step Functions makes as a machine's role, in the log of the functions' calls.

Nothing here judges them: a test does. Their user agent is Step Functions'.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from local_cloud import function_calls
from local_cloud.environment import STATE_MARK

USER_AGENT = "states.amazonaws.com"

_one_line_at_a_time = threading.Lock()


def log(action: str, role: str, child: str) -> None:
    """A call for the child with that ARN.

    The documented least privileges are StartExecution on the machine, and DescribeExecution on `execution:<machine>:*`, which
    no ARN with a label matches: so the resource that IAM is asked about has none. An older edition of the page, and
    https://docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html, have StopExecution beside DescribeExecution.
    https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    partition, service, region, account, _, labelled, name, *_ = child.split(":")[1:]
    machine = labelled.partition("/")[0]
    prefix = f"arn:{partition}:{service}:{region}:{account}"
    resource = f"{prefix}:stateMachine:{machine}" if action == "StartExecution" else f"{prefix}:execution:{machine}:{name}"
    parameter = "stateMachineArn" if action == "StartExecution" else "executionArn"
    questions = [{"Action": f"states:{action}", "Resource": resource, "Context": {}}]
    write("AWSStepFunctions", action, role, {parameter: resource}, questions)


def write(service: str, action: str, role: str, parameters: dict[str, Any], questions: list[dict[str, Any]]) -> None:
    """``questions`` are what IAM is asked."""
    line = {
        "Service": service,
        "Action": action,
        "Account": role.split(":")[4],
        "Caller": role,
        "SessionName": None,
        "UserAgent": USER_AGENT,
        "Parameters": parameters,
        "Authorization": questions,
    }
    path = Path(os.environ[STATE_MARK]) / function_calls.FILE
    with _one_line_at_a_time, path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
