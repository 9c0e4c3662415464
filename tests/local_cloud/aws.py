"""The AWS CLI as the local cloud is used with: ``python -m local_cloud.aws …``, in the AWS CLI's own environment.

It differs from ``aws`` in two things. It waits half a second where ``aws`` waits for 30 until it looks again at a stack. And it
sends no call about StackSets, which the local cloud lacks: the CLI makes the call, and checks it by its model of the service;
then it is written to the file ``STACK_SETS``, one JSON object a line, and answered with what the model demands.
"""

from __future__ import annotations

import json
import os
import sys
import time
from types import SimpleNamespace
from typing import Any

import awscli.clidriver
import botocore.waiter

LONGEST_WAIT = 0.5
ANSWERS: dict[str, dict[str, Any]] = {
    "CreateStackSet": {"StackSetId": "isthmus-member:1"},
    "UpdateStackSet": {"OperationId": "1"},
    "DeleteStackSet": {},
    "CreateStackInstances": {"OperationId": "1"},
    "DeleteStackInstances": {"OperationId": "1"},
    "ListStackInstances": {"Summaries": []},
}


def main() -> int:
    botocore.waiter.time = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, LONGEST_WAIT)))
    driver = awscli.clidriver.create_clidriver()
    for operation in ANSWERS:
        driver.session.register(f"provide-client-params.cloudformation.{operation}", _record)
        driver.session.register(f"before-call.cloudformation.{operation}", _answer)
    return driver.main()


def _record(params: dict[str, Any], model: Any, **_: Any) -> None:
    with open(os.environ["STACK_SETS"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"Operation": model.name, **params}) + "\n")


def _answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
    """In place of a response. The event comes once the parameters are valid."""
    return SimpleNamespace(status_code=200, headers={}), {**ANSWERS[model.name], "ResponseMetadata": {"HTTPStatusCode": 200}}


if __name__ == "__main__":
    sys.exit(main())
