"""The ledger's table, read: single items, the index, and everything, held to AWS's documentation in what we use."""

from __future__ import annotations

import pytest

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, unique
from local_cloud.ministack_test.ledger_table import KB, Item, Table, is_invalid, key, refused


def test_a_consistent_read_sees_every_write_before_it(table: Table, pair: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html"""
    for number in range(20):
        table.update(pair, "SET #Number = :n", n={"N": str(number)})
        assert table.get(pair)["Number"] == {"N": str(number)}
    assert table.get("absent") is None


def test_the_index_has_only_the_items_with_its_key(table: Table) -> None:
    """ "Global secondary indexes are sparse by default": an item without the attribute is not in the index.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general-sparse-indexes.html
    """
    end, first, second, other = unique("vpc@eu-west-1@222222222222"), *(unique("pair") for _ in range(3))
    for pair in (first, second):
        table.update(pair, "SET #Owes = :o, #Outcome = :x", o={"S": end}, x={"M": {"By": {"S": "E1"}}})
    table.update(other, "SET #Owes = :o", o={"S": f"{end}0"})
    table.acquire(unique("pair"), "E1")
    projected = [{**key(pair), "Owes": {"S": end}} for pair in (first, second)]
    assert sorted(table.owing(end), key=str) == sorted(projected, key=str), "keys only"

    table.update(first, "REMOVE #Owes")
    assert table.owing(end) == [{**key(second), "Owes": {"S": end}}]
    table.update(second, "SET #Owes = :o", o={"S": f"{end}1"})
    assert table.owing(end) == []
    assert [item["Pair"] for item in table.owing(f"{end}1")] == [{"S": second}]
    table.client.delete_item(TableName=table.name, Key=key(second))
    assert table.owing(f"{end}1") == []


def test_the_index_is_read_in_pages(table: Table) -> None:
    """A page that is not the last has the key at which the next one starts.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
    """
    end, pairs = unique("vpc"), {unique("pair") for _ in range(5)}
    for pair in pairs:
        table.update(pair, "SET #Owes = :o", o={"S": end})
    pages = table.client.get_paginator("query").paginate(
        TableName=table.name,
        IndexName="Owes",
        KeyConditionExpression="Owes = :end",
        ExpressionAttributeValues={":end": {"S": end}},
        PaginationConfig={"PageSize": 2},
    )
    found = [page["Items"] for page in pages]
    assert [len(items) for items in found] in ([2, 2, 1], [2, 2, 1, 0])
    assert {item["Pair"]["S"] for items in found for item in items} == pairs


def test_the_index_has_no_consistent_reads(table: Table) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html ("eventually consistent reads only")"""
    assert "onsistent read" in is_invalid(table.owing, "vpc", ConsistentRead=True)


@pytest.mark.parametrize("value", [{"S": ""}, {"N": "1"}, {"NULL": True}], ids=["empty", "a number", "null"])
def test_the_key_of_the_index_is_a_text(table: Table, pair: str, value: Item) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html (empty values)
    """
    is_invalid(table.update, pair, "SET #Owes = :o", o=value)


def test_a_scan_answers_everything_in_pages(cloud: Cloud) -> None:
    """A page ends after 1 MB or at the limit. A full page has a LastEvaluatedKey even if nothing follows.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html ("Paginating the results")
    """
    table = Table(cloud)
    assert table.client.scan(TableName=table.name)["Items"] == []
    pairs = {f"pair-{number}" for number in range(5)}
    for pair in pairs:
        table.update(pair, "SET #Big = :b", b={"S": "x" * (300 * KB)})
    pages, start = [], {}
    while start is not None:
        page = table.client.scan(TableName=table.name, **start)
        pages.append(page)
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
    assert [len(page["Items"]) for page in pages] in ([4, 1], [3, 2]), "the item that passes 1 MB may be in the page"
    assert {item["Pair"]["S"] for page in pages for item in page["Items"]} == pairs

    for pair in pairs:
        table.update(pair, "REMOVE #Big")
    full = table.client.scan(TableName=table.name, Limit=5)
    assert len(full["Items"]) == 5
    rest = table.client.scan(TableName=table.name, Limit=5, ExclusiveStartKey=full["LastEvaluatedKey"])
    assert (rest["Items"], "LastEvaluatedKey" in rest) == ([], False)
    assert "LastEvaluatedKey" not in table.client.scan(TableName=table.name)
    table.client.delete_table(TableName=table.name)


def test_a_table_that_does_not_exist(table: Table) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html"""
    refusal = refused(table.client.get_item, TableName="absent", Key=key("any"), ConsistentRead=True)
    assert refusal["Error"]["Code"] == "ResourceNotFoundException"


def test_a_table_of_another_region_or_account_is_another_table(cloud: Cloud, table: Table) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.Partitions.html"""
    assert table.client.describe_table(TableName=table.name)["Table"]["TableArn"] == (
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table.name}"
    )
    for elsewhere in (cloud.client("dynamodb", region="eu-west-1"), cloud.client("dynamodb", account="222222222222")):
        refusal = refused(elsewhere.describe_table, TableName=table.name)
        assert refusal["Error"]["Code"] == "ResourceNotFoundException"
