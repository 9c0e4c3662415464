"""The ledger's table, read and changed by boto3 and never by the code under test."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from iam.recorded import Record
from local_cloud import function_calls

from .calls import is_by_a_function
from .network import HERE, HUB, Vpc, wait_until

Item = dict[str, Any]


class Ledger:
    """One item a pair; see `crates/peering/src/ledger.rs`."""

    def __init__(self, environment: dict[str, str], name: str | None = None, region: str = HERE) -> None:
        table = boto3.resource(
            "dynamodb",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=region,
            aws_access_key_id=HUB,
            aws_secret_access_key="local",
        )
        self.table = table.Table(name or environment["LEDGER_TABLE_NAME"])

    def item(self, vpc: Vpc, peer: Vpc) -> Item:
        """The pair's item, with its numbers as integers; empty if there is none."""
        found = self.table.get_item(Key={"Pair": key(vpc, peer)}, ConsistentRead=True).get("Item", {})
        return _plain(found)

    def put(self, vpc: Vpc, peer: Vpc, **attributes: Any) -> None:
        """Replaces the pair's item."""
        self.table.put_item(Item={"Pair": key(vpc, peer), **attributes})

    def change(self, vpc: Vpc, peer: Vpc, **attributes: Any) -> None:
        """Changes attributes of the pair's item."""
        updates = {name: {"Value": value, "Action": "PUT"} for name, value in attributes.items()}
        self.table.update_item(Key={"Pair": key(vpc, peer)}, AttributeUpdates=updates)

    def remove(self, vpc: Vpc, peer: Vpc, *names: str) -> None:
        """Removes attributes of the pair's item."""
        self.table.update_item(Key={"Pair": key(vpc, peer)}, AttributeUpdates={name: {"Action": "DELETE"} for name in names})

    def delete(self, vpc: Vpc, peer: Vpc) -> None:
        self.table.delete_item(Key={"Pair": key(vpc, peer)})

    def delete_everything(self) -> None:
        """As if the table were new."""
        for item in self.items():
            self.table.delete_item(Key={"Pair": item["Pair"]})

    def wait_an_hour(self) -> None:
        """As if whatever tags took away, and is removed or held by now, had been so an hour earlier."""
        marked = "attribute_exists(Withdrawal) OR begins_with(Pair, :brake)"
        for item in self.items(FilterExpression=marked, ExpressionAttributeValues={":brake": "brake@"}):
            if item["Pair"].startswith("brake@") or item["Withdrawal"].get("State") == "Done":
                self.table.update_item(Key={"Pair": item["Pair"]}, UpdateExpression="REMOVE WithdrawnBy, Withdrawal, HeldSince")

    def items(self, **given: Any) -> list[Item]:
        """Every item, or those that a filter chooses."""
        found, after = [], {}
        while True:
            page = self.table.scan(ConsistentRead=True, **given, **after)
            found += page["Items"]
            if "LastEvaluatedKey" not in page:
                return [_plain(item) for item in found]
            after = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def holder(self, vpc: Vpc, peer: Vpc) -> str | None:
        """The execution that holds the pair."""
        return self.item(vpc, peer).get("Holder")

    def is_held_by(self, execution: str, vpc: Vpc, peer: Vpc) -> None:
        """Returns once that execution holds the pair."""
        wait_until(lambda: self.holder(vpc, peer) == execution, f"{execution} holds the pair", 60)

    def assert_free(self, vpc: Vpc, peer: Vpc) -> Item:
        """Asserts that nothing of a lease is left. Returns the item."""
        item = self.item(vpc, peer)
        left = sorted({"Holder", "Since", "Makers", "PendingA", "PendingB", "Again"} & set(item))
        assert left == [], item
        return item

    def routes(self, vpc: Vpc, peer: Vpc) -> set[tuple[str, str]]:
        """Table and destination of every route that is recorded as ours, pending ones included."""
        return routes_in(self.item(vpc, peer))


class Writes:
    """The calls that the functions make to the ledger from now on."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._record = Record(Path(environment["LOCAL_CLOUD_CALL_LOG"]).with_name(function_calls.FILE))

    def made(self) -> list[dict[str, Any]]:
        return [call for call in self._record.new_calls() if is_by_a_function(call) and call["Service"] == "DynamoDB_20120810"]


def key(vpc: Vpc, peer: Vpc) -> str:
    """The key of a pair, whichever end comes first."""
    return "|".join(sorted(end_key(end) for end in (vpc, peer)))


def end_key(vpc: Vpc) -> str:
    return f"{vpc.id}@{vpc.region}@{vpc.account}"


def routes_in(item: Item) -> set[tuple[str, str]]:
    """Table and destination of every route in an item."""
    groups = [group for name in ("RoutesA", "RoutesB", "PendingA", "PendingB") for group in item.get(name, [])]
    return {(table, block) for group in groups for table in group["RouteTableIds"] for block in group["Destinations"]}


def _plain(item: Any) -> Any:
    """Without DynamoDB's own types of numbers and sets."""
    return json.loads(json.dumps(item, default=_as_json))


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(value)
