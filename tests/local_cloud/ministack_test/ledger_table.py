"""A DynamoDB table as the stack has it, and its calls as the functions make them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.ministack_test.cloud import Cloud, unique

Item = dict[str, Any]

LEASE = "(attribute_not_exists(#Holder) OR #Holder IN (:h0, :h1)) AND (attribute_not_exists(#V) OR #V <= :v)"
KEYS = [{"AttributeName": "Pair", "KeyType": "HASH"}]
INDEX = {
    "IndexName": "Owes",
    "KeySchema": [{"AttributeName": "Owes", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}
ATTRIBUTES = [{"AttributeName": name, "AttributeType": "S"} for name in ("Pair", "Owes")]
KB = 1024


class Table:
    """A table as the stack has it, and its calls as the functions make them."""

    def __init__(self, cloud: Cloud) -> None:
        self.client, self.name = cloud.client("dynamodb"), unique("Ledger")
        self.client.create_table(
            TableName=self.name,
            KeySchema=KEYS,
            AttributeDefinitions=ATTRIBUTES,
            GlobalSecondaryIndexes=[INDEX],
            BillingMode="PAY_PER_REQUEST",
        )

    def get(self, pair: str) -> Item | None:
        return self.client.get_item(TableName=self.name, Key=key(pair), ConsistentRead=True).get("Item")

    def update(self, pair: str, expression: str, condition: str | None = None, **values: Any) -> Item:
        """The item as it is after the update. Each value is the one of its placeholder, ``h0`` of ``:h0``."""
        names = {word.strip("(),") for word in f"{expression} {condition}".replace("(", " ").split() if "#" in word}
        request = {
            "TableName": self.name,
            "Key": key(pair),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {name: name.removeprefix("#") for name in names},
            "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        conditions = {"ConditionExpression": condition} if condition else {}
        return self.client.update_item(**{name: value for name, value in request.items() if value}, **conditions)["Attributes"]

    def acquire(self, pair: str, execution: str, dead: str = "nobody", version: str = "1") -> Item:
        expression = "SET #Holder = :holder, #V = :v REMOVE #Again ADD #Makers :makers"
        known = {"h0": {"S": execution}, "h1": {"S": dead}, "v": {"N": version}}
        return self.update(pair, expression, LEASE, holder={"S": execution}, makers={"SS": [execution]}, **known)

    def owing(self, end: str, **options: Any) -> list[Item]:
        answer = self.client.query(
            TableName=self.name,
            IndexName="Owes",
            KeyConditionExpression="#Owes = :end",
            ExpressionAttributeNames={"#Owes": "Owes"},
            ExpressionAttributeValues={":end": {"S": end}},
            **options,
        )
        return answer["Items"]


def key(pair: str) -> Item:
    return {"Pair": {"S": pair}}


def refused(call: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
    """The answer to a call that must fail: its ``Error`` and, where there is one, its ``Item``."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **options)
    return caught.value.response


def is_invalid(call: Any, *arguments: Any, **options: Any) -> str:
    """The message of a ValidationException."""
    error = refused(call, *arguments, **options)["Error"]
    assert error["Code"] == "ValidationException", error
    return error["Message"]
