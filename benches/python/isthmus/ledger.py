"""The ledger in DynamoDB: which connection and routes are ours, and which execution works on a pair.

The items and the conditions are those of our functions. One thing is left out: a pair is not taken over from an execution that
has ended without giving it back. The clean-up machine does that.
"""

import os
from collections.abc import Iterable
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from isthmus import stack
from isthmus.errors import PairBusy, ServiceFault, code_of
from isthmus.report import routes_of

TABLE = os.environ["LEDGER_TABLE"]
VERSION = 1
LEASE = ("Holder", "Since", "Makers", "PendingA", "PendingB")
FREE = "(attribute_not_exists(#Holder) OR #Holder = :Execution) AND (attribute_not_exists(#V) OR #V <= :V)"
HELD = "#Holder = :Execution"

DYNAMODB = stack.session(stack.ACCOUNT).client("dynamodb", region_name=stack.REGION, config=stack.CONFIG)
to_attribute, from_attribute = TypeSerializer().serialize, TypeDeserializer().deserialize

Item = dict[str, Any]
Routes = set[tuple[str, str]]


def key(end: dict[str, str]) -> tuple[str, str, str]:
    return end["VpcId"], end["Region"], end["OwnerId"]


def pair_of(ends: Iterable[dict[str, str]]) -> str:
    return "|".join("@".join(key(end)) for end in sorted(ends, key=key))


def read(pair: str) -> Item:
    """The item of the pair; empty if there is none."""
    try:
        found = DYNAMODB.get_item(TableName=TABLE, Key={"Pair": {"S": pair}}, ConsistentRead=True)
    except (ClientError, BotoCoreError) as error:
        raise ServiceFault("dynamodb:GetItem", code_of(error)) from error
    return _parsed(found.get("Item", {}))


def held(pair: str, execution: str) -> Item:
    """The item, if this execution holds the pair."""
    item = read(pair)
    if item.get("Holder") != execution:
        raise PairBusy(item.get("Holder", ""))
    return item


def has_ended(item: Item, execution: str) -> bool:
    """Whether an earlier call recorded the end of this execution, and its answer was lost."""
    return item.get("Holder") != execution and item.get("Outcome", {}).get("By") == execution


def acquire(pair: str, execution: str, time: str) -> Item:
    """Takes the pair, before any read of EC2."""
    taken = {"V": VERSION, "Holder": execution, "Since": time}
    return _update(pair, execution, FREE, taken, ("Again", "Removed", "Expires"), {"Makers": {execution}})


def intend(pair: str, execution: str, connection: Item, sides: list[Item], item: Item) -> Item:
    """Records the connection and the routes that are about to be written, beside those that an earlier execution left."""
    pending = [pending_in(item, letter) | additions(side) for letter, side in in_order(sides)]
    if item.get("Connection") == connection and pending == [pending_in(item, letter) for letter in "AB"]:
        return item
    return _update(pair, execution, HELD, {"Connection": connection, **attributes("Pending", pending)})


def complete(pair: str, execution: str, peering: Item, sides: list[Item], item: Item) -> None:
    """Records what is in place, and gives the pair back."""
    routes = [routes_in(item, letter) | pending_in(item, letter) | additions(side) for letter, side in in_order(sides)]
    recorded = {
        "Connection": connection_of(peering),
        **attributes("Routes", routes),
        "AskedBy": peering["AskedBy"],
        "Outcome": {"By": execution},
    }
    _update(pair, execution, HELD, recorded, (*LEASE, "Owes"))


def connection_of(peering: Item) -> Item:
    return {"Id": peering["VpcPeeringConnectionId"], "Made": peering["Made"]}


def in_order(sides: list[Item]) -> list[tuple[str, Item]]:
    return list(zip("AB", sorted(sides, key=key), strict=True))


def additions(side: Item) -> Routes:
    return {(table, destination) for table, destination, action in routes_of(side) if action != "Unchanged"}


def routes_in(item: Item, letter: str, kind: str = "Routes") -> Routes:
    groups = item.get(kind + letter, [])
    return {(table, destination) for group in groups for table in group["RouteTableIds"] for destination in group["Destinations"]}


def pending_in(item: Item, letter: str) -> Routes:
    return routes_in(item, letter, "Pending")


def attributes(kind: str, both: list[Routes]) -> Item:
    return {kind + letter: grouped(routes) for letter, routes in zip("AB", both, strict=True)}


def grouped(routes: Routes) -> list[Item]:
    """Tables with the same destinations together, so that the item stays small."""
    by_table: dict[str, list[str]] = {}
    for table, destination in sorted(routes):
        by_table.setdefault(table, []).append(destination)
    groups: dict[tuple[str, ...], list[str]] = {}
    for table, destinations in by_table.items():
        groups.setdefault(tuple(destinations), []).append(table)
    return [{"Destinations": list(destinations), "RouteTableIds": tables} for destinations, tables in groups.items()]


def _update(pair: str, execution: str, condition: str, sets: Item, removes: Iterable[str] = (), adds: Item | None = None) -> Item:
    adds = adds or {}
    clauses = {
        "SET": [f"#{name} = :{name}" for name in sets],
        "REMOVE": [f"#{name}" for name in removes],
        "ADD": [f"#{name} :{name}" for name in adds],
    }
    values = sets | adds | {"Execution": execution}
    try:
        updated = DYNAMODB.update_item(
            TableName=TABLE,
            Key={"Pair": {"S": pair}},
            UpdateExpression=" ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts),
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in (*sets, *removes, *adds, "Holder")},
            ExpressionAttributeValues={f":{name}": to_attribute(value) for name, value in values.items()},
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except DYNAMODB.exceptions.ConditionalCheckFailedException as error:
        item = _parsed(error.response.get("Item", {}))
        if condition == HELD and has_ended(item, execution):
            return item
        raise PairBusy(item.get("Holder", "")) from error
    except (ClientError, BotoCoreError) as error:
        raise ServiceFault("dynamodb:UpdateItem", code_of(error)) from error
    return _parsed(updated["Attributes"])


def _parsed(found: Item) -> Item:
    item = {name: from_attribute(value) for name, value in found.items()}
    if item.get("V", 0) > VERSION:
        raise ServiceFault("dynamodb:GetItem", "NewerItem")
    return item
