"""Faults in the calls that functions make to MiniStack's services."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError

from local_cloud.ec2.control import Control, ControlError
from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud
from local_cloud.ministack_test.ledger_table import Table, key

ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


class Function:
    """Calls as a function makes them, which has its role's ARN as session token; without the SDK's own retries."""

    def __init__(self, cloud: Cloud, table: str) -> None:
        self._cloud, self._table = cloud, table
        self.dynamodb = self.client("dynamodb")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._cloud.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
            aws_session_token=ROLE,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
        )

    def get(self, pair: str) -> Any:
        return self.dynamodb.get_item(TableName=self._table, Key=key(pair), ConsistentRead=True).get("Item")

    def update(self, pair: str) -> None:
        self.dynamodb.update_item(
            TableName=self._table,
            Key=key(pair),
            UpdateExpression="SET Holder = :h",
            ExpressionAttributeValues={":h": {"S": "E1"}},
        )


@pytest.fixture
def services(cloud: Cloud) -> Iterator[Control]:
    control = Control(cloud.endpoint)
    yield control
    control.clear_faults()
    control.set_fault_rates()


@pytest.fixture
def function(cloud: Cloud, table: Table) -> Function:
    return Function(cloud, table.name)


def error_of(call: Any, *arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(*arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_the_next_calls_are_throttled(services: Control, function: Function, table: Table, code: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""
    services.plant_faults({"Action": "UpdateItem", "Code": code, "Times": 2, "AfterCalls": 1})
    function.update("first")
    for _ in range(2):
        assert error_of(function.update, "throttled") == (code, 400)
    assert table.get("throttled") is None
    assert function.get("first") == {**key("first"), "Holder": {"S": "E1"}}, "other actions are answered"
    function.update("last")
    assert services.faults() == {"Struck": 2, "Over": 2}


def test_a_call_can_fail_after_it_was_made(services: Control, function: Function, table: Table) -> None:
    fault = {"Action": "UpdateItem", "Code": "InternalServerError", "HttpStatus": 500, "Effect": "execute-then-fail"}
    services.plant_faults(fault)
    assert error_of(function.update, "written") == ("InternalServerError", 500)
    assert table.get("written") is not None


@pytest.mark.parametrize(("effect", "is_written"), [("disconnect", False), ("execute-then-disconnect", True)])
def test_a_call_can_stay_without_an_answer(
    services: Control, function: Function, table: Table, effect: str, is_written: bool
) -> None:
    services.plant_faults({"Action": "UpdateItem", "Effect": effect})
    with pytest.raises((ConnectionClosedError, ResponseStreamingError)):
        function.update(effect)
    assert (table.get(effect) is not None) == is_written
    function.update(effect)


def test_a_call_can_be_late(services: Control, function: Function) -> None:
    services.plant_faults({"Action": "GetItem", "DelaySeconds": 1})
    before = time.monotonic()
    assert function.get("absent") is None
    assert time.monotonic() - before >= 1


def test_a_call_that_was_made_can_be_answered_too_late(services: Control, function: Function, table: Table) -> None:
    services.plant_faults({"Action": "UpdateItem", "Effect": "execute-then-stall", "DelaySeconds": 6})
    with pytest.raises(ReadTimeoutError):
        function.update("late")
    assert table.get("late") is not None


def test_a_fault_can_concern_one_pair(services: Control, function: Function, table: Table) -> None:
    fault = {"Action": "UpdateItem", "Code": "ThrottlingException", "Times": 99, "Account": ACCOUNT, "Region": REGION}
    services.plant_faults(
        fault | {"Match": {"Key": key("one")}}, fault | {"Account": "222222222222"}, fault | {"Region": "eu-west-1"}
    )
    function.update("other")
    assert error_of(function.update, "one")[0] == "ThrottlingException"
    services.clear_faults()
    function.update("one")


def test_the_calls_of_a_test_have_no_faults(services: Control, function: Function, table: Table) -> None:
    services.plant_faults({"Action": "UpdateItem", "Code": "ThrottlingException"})
    table.update("by a test", "SET #Holder = :h", h={"S": "E1"})
    assert error_of(function.update, "by a function")[0] == "ThrottlingException"


def test_step_functions_can_fail_too(services: Control, function: Function) -> None:
    services.plant_faults({"Action": "DescribeExecution", "Code": "ThrottlingException"})
    states, arn = function.client("stepfunctions"), f"arn:aws:states:{REGION}:{ACCOUNT}:execution:any:any"
    for code in ("ThrottlingException", "ExecutionDoesNotExist"):
        assert error_of(lambda: states.describe_execution(executionArn=arn))[0] == code


READS_AN_ITEM = (
    "import json, os, urllib.error, urllib.request\n"
    "def handle(event, context):\n"
    "  headers = {'X-Amz-Target': 'DynamoDB_20120810.GetItem', 'Content-Type': 'application/x-amz-json-1.0',\n"
    "             'X-Amz-Security-Token': os.environ['AWS_SESSION_TOKEN'],\n"
    "             'Authorization': 'AWS4-HMAC-SHA256 Credential=' + os.environ['AWS_ACCESS_KEY_ID']\n"
    "                              + '/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0'}\n"
    "  request = urllib.request.Request(os.environ['AWS_ENDPOINT_URL'], json.dumps(event).encode(), headers)\n"
    "  try:\n"
    "    return urllib.request.urlopen(request).status\n"
    "  except urllib.error.HTTPError as error:\n"
    "    return json.load(error)['__type']\n"
)


def test_a_function_of_ministack_meets_the_fault(cloud: Cloud, services: Control, table: Table) -> None:
    """Its calls are recognized without its doing anything for it."""
    handler = cloud.create_function(READS_AN_ITEM)
    services.plant_faults({"Action": "GetItem", "Code": "ThrottlingException"})
    read = {"TableName": table.name, "Key": key("any")}
    assert [cloud.invoke(handler, read) for _ in range(2)] == ["ThrottlingException", 200]


def test_a_function_can_be_killed_after_its_call(cloud: Cloud, services: Control, table: Table) -> None:
    """That one, and no other: the next call is made by a new process."""
    bystander, handler = (cloud.create_function(READS_AN_ITEM) for _ in range(2))
    read = {"TableName": table.name, "Key": key("any")}
    assert [cloud.invoke(each, read) for each in (bystander, handler)] == [200, 200]
    services.plant_faults({"Action": "GetItem", "Effect": "execute-then-kill"})
    assert cloud.invoke(handler, read)["errorType"] == "Runtime.ExitError"
    assert [cloud.invoke(each, read) for each in (handler, bystander)] == [200, 200]


def test_a_caller_that_is_no_function_is_not_killed(services: Control, function: Function, table: Table) -> None:
    services.plant_faults({"Action": "UpdateItem", "Effect": "execute-then-kill"})
    with pytest.raises((ConnectionClosedError, ResponseStreamingError)):
        function.update("kept")
    assert table.get("kept") is not None


def test_a_share_of_the_calls_of_functions_is_struck(services: Control, function: Function, table: Table) -> None:
    services.set_fault_rates(Seed=1, Throttled=0.3, Lost=0.2)
    outcomes = Counter[str]()
    for number in range(60):
        try:
            function.update(f"{number}")
        except ClientError as error:
            outcomes[error.response["Error"]["Code"]] += 1
        except (ConnectionClosedError, ResponseStreamingError):
            outcomes["no answer"] += 1
            assert table.get(f"{number}") is not None, "it has taken effect"
        else:
            outcomes["spared"] += 1
    counted = services.fault_rates()
    assert outcomes == {"ThrottlingException": counted["Throttled"], "no answer": counted["Lost"], "spared": counted["Spared"]}
    assert counted["Throttled"] and counted["Lost"] and services.faults() == {"Struck": 0, "Over": 0}


def test_of_two_faults_the_planted_one_applies(services: Control, function: Function) -> None:
    services.set_fault_rates(Throttled=1)
    services.plant_faults({"Action": "GetItem", "Code": "InternalServerError", "HttpStatus": 500})
    assert error_of(function.get, "any") == ("InternalServerError", 500)
    assert error_of(function.get, "any") == ("ThrottlingException", 400)
    services.set_fault_rates()
    assert function.get("any") is None


@pytest.mark.parametrize("fault", [{"Action": "GetItem", "Effect": "explode"}, {"Code": "ThrottlingException"}, {"Unknown": 1}])
def test_an_unknown_fault_is_refused(services: Control, fault: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        services.plant_faults(fault)
    assert services.faults() == {"Struck": 0, "Over": 0}
