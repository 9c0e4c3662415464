"""DynamoDB: updates that contradict themselves, and tables that CloudFormation makes."""

from __future__ import annotations

import itertools
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
# The names and indexes that lead to an attribute, placeholders replaced.
Path = list[Any]

CLAUSES = {"SET", "REMOVE", "ADD", "DELETE"}

# The properties of a table in CloudFormation that are parameters of CreateTable, by the same name and in the same form.
SAME_IN_CREATE_TABLE = (
    *("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode"),
    *("ProvisionedThroughput", "OnDemandThroughput", "DeletionProtectionEnabled", "TableClass", "Tags"),
)


def refuse_contradictions(original: Callable[..., Response], data: dict[str, Any]) -> Response:
    """Each clause may be there once, and no two actions may concern the same attribute or one within the other.

    MiniStack carries out the last of them.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
    """
    try:
        fault = _fault(data.get("UpdateExpression") or "", data.get("ExpressionAttributeNames") or {})
    except Exception:
        fault = None  # Bad syntax, for which MiniStack has the message.
    if fault:
        return error_response_json("ValidationException", f"Invalid UpdateExpression: {fault}", 400)
    return original(data)


def _fault(expression: str, names: dict[str, str]) -> str | None:
    clauses = list(_clauses(expression))
    twice = [clause for clause, count in Counter(clause for clause, _ in clauses).items() if count > 1]
    if twice:
        return f'The "{twice[0]}" section can only be used once in an update expression;'
    paths = [path for clause, tokens in clauses for path in _paths(clause, tokens, names)]
    for one, other in itertools.combinations(paths, 2):
        common = min(len(one), len(other))
        if one[:common] == other[:common]:
            return (
                "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                f"path one: {_written(one)}, path two: {_written(other)}"
            )
    return None


def _clauses(expression: str) -> Iterator[tuple[str, list[Any]]]:
    """Each clause's keyword and tokens."""
    clause, tokens = "", []
    for token in dynamodb._tokenize(expression):
        if token[0] == "IDENT" and token[1].upper() in CLAUSES:
            if clause:
                yield clause, tokens
            clause, tokens = token[1].upper(), []
        elif token[0] != "EOF":
            tokens.append(token)
    if clause:
        yield clause, tokens


def _paths(clause: str, tokens: list[Any], names: dict[str, str]) -> Iterator[Path]:
    """The attributes that a clause changes. The path ends at the value, or at the sign of equality."""
    ends = {"EQ"} if clause == "SET" else {"VALUE_REF"}
    for action in dynamodb._split_by_comma(tokens):
        path = list(itertools.takewhile(lambda token: token[0] not in ends, action))
        yield dynamodb._parse_path_from_tokens(path, names)


def _written(path: Path) -> str:
    return "[" + ", ".join(f"[{part}]" if isinstance(part, int) else str(part) for part in path) + "]"


def _create_table(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
    """Make a table by CreateTable, which checks its parameters, and set what CreateTable does not.

    MiniStack checks nothing, replaces a table whose name is taken, and ignores the encryption, the expiry of items and the
    point-in-time recovery. It also gives a table without a name the same name again that it had in an earlier stack.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    if "TableName" not in properties and not provisioners._NAME_SEED.get():
        provisioners._NAME_SEED.set(uuid.uuid4().hex[:8])
    name = properties.get("TableName") or provisioners._physical_name(stack, logical_id, max_len=255)
    request = {field: properties[field] for field in SAME_IN_CREATE_TABLE if field in properties}
    if "SSESpecification" in properties:
        request["SSESpecification"] = _encryption(properties["SSESpecification"])
    if "StreamSpecification" in properties:
        request["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    _checked(dynamodb._create_table({"TableName": name, **request}))
    _set_expiry(name, {}, properties)
    _set_recovery(name, {}, properties)
    return name, provisioners._ddb_attrs(dynamodb._tables[name])


def _update_table(
    identifier: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
) -> tuple[str, dict[str, Any]]:
    """As MiniStack does, and what it ignores as well."""
    name, attributes = provisioners._ddb_update(identifier, _in_api_terms(old), _in_api_terms(new), stack, logical_id)
    if name == identifier:
        _set_expiry(name, old, new)
        _set_recovery(name, old, new)
    return name, attributes


def _delete_table(identifier: str, properties: Properties) -> None:
    """By DeleteTable: a protected table stays, and fails the deletion of its stack. MiniStack deletes it."""
    if identifier in dynamodb._tables:
        _checked(dynamodb._delete_table({"TableName": identifier}))


def _in_api_terms(properties: Properties) -> Properties:
    if "SSESpecification" not in properties:
        return properties
    return {**properties, "SSESpecification": _encryption(properties["SSESpecification"])}


def _encryption(specification: Properties) -> Properties:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-ssespecification.html"""
    return {"Enabled" if field == "SSEEnabled" else field: value for field, value in specification.items()}


def _set_expiry(name: str, old: Properties, new: Properties) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-timetolivespecification.html"""
    before, after = old.get("TimeToLiveSpecification"), new.get("TimeToLiveSpecification")
    if before != after:
        specification = after or {**before, "Enabled": False}
        _checked(dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": specification}))


def _set_recovery(name: str, old: Properties, new: Properties) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-pointintimerecoveryspecification.html"""
    before, after = old.get("PointInTimeRecoverySpecification"), new.get("PointInTimeRecoverySpecification")
    if before != after:
        specification = after or {"PointInTimeRecoveryEnabled": False}
        _checked(dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": specification}))


def _checked(response: Response) -> None:
    status, _, body = response
    if status >= 400:
        raise ValueError(json.loads(body).get("message", body))


RESOURCE_TYPES = {
    "AWS::DynamoDB::Table": {
        **provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"],
        "create": _create_table,
        "update": _update_table,
        "delete": _delete_table,
    },
}
