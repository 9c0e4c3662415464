"""The ledger's table, written: conditions and updates, held to AWS's documentation in what we use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from local_cloud.ministack_test.ledger_table import KB, Item, Table, is_invalid, key, refused

# Conditions: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html


def test_the_first_write_of_an_item_makes_it(table: Table, pair: str) -> None:
    """UpdateItem "edits an existing item's attributes, or adds a new item to the table if it does not already exist".

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    made = table.acquire(pair, "E1")
    assert made == {**key(pair), "Holder": {"S": "E1"}, "V": {"N": "1"}, "Makers": {"SS": ["E1"]}}
    assert table.get(pair) == made


@pytest.mark.parametrize(
    ("holder", "version", "is_taken"),
    [
        (None, None, True),
        (None, 1, True),
        ("me", 1, True),
        ("dead", 1, True),
        ("other", 1, False),
        ("me", 2, False),
        (None, 2, False),
        ("ME", 1, False),
    ],
)
def test_a_condition_of_alternatives(table: Table, pair: str, holder: str | None, version: int | None, is_taken: bool) -> None:
    """`IN` is true where the value is equal to one of the list; numbers are compared as numbers, texts by their bytes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
    """
    attributes: Item = {"Holder": {"S": holder}} if holder else {}
    attributes |= {"V": {"N": str(version)}} if version else {}
    table.client.put_item(TableName=table.name, Item={**key(pair), **attributes})
    if is_taken:
        assert table.acquire(pair, "me", "dead")["Holder"] == {"S": "me"}
    else:
        refusal = refused(table.acquire, pair, "me", "dead")
        assert refusal["Error"]["Code"] == "ConditionalCheckFailedException"
        assert refusal["Item"] == {**key(pair), **attributes} == table.get(pair)


def test_a_number_is_not_compared_by_its_digits(table: Table, pair: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html"""
    table.acquire(pair, "me", version="9")
    assert table.acquire(pair, "me", version="10")["V"] == {"N": "10"}
    assert refused(table.acquire, pair, "me", version="9")["Error"]["Code"] == "ConditionalCheckFailedException"


def test_the_error_has_the_item_as_it_was(table: Table, pair: str) -> None:
    """ALL_OLD "returns the item attributes for an operation that failed a condition check", all of them.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html (ReturnValuesOnConditionCheckFailure)
    """
    table.acquire(pair, "E1")
    kept = table.update(pair, "SET #Connection = :c", c={"M": {"Id": {"S": "pcx-1"}, "Made": {"BOOL": True}}})
    refusal = refused(table.acquire, pair, "E2")
    assert refusal["Error"] == {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}
    assert refusal["Item"] == kept


@pytest.mark.parametrize("condition", ["#Holder = :holder", "attribute_exists(#Holder)"])
def test_the_error_of_an_absent_item_has_none(table: Table, pair: str, condition: str) -> None:
    """So has that of a call that doesn't ask for it. The refused update makes no item.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
    """
    values = {"holder": {"S": "E1"}} if ":holder" in condition else {}
    refusal = refused(table.update, pair, "REMOVE #Holder", condition, **values)
    assert refusal["Error"]["Code"] == "ConditionalCheckFailedException"
    assert not refusal.get("Item")
    assert table.get(pair) is None
    table.acquire(pair, "E1")
    unasked = refused(
        table.client.update_item,
        TableName=table.name,
        Key=key(pair),
        UpdateExpression="REMOVE Makers",
        ConditionExpression="Holder = :other",
        ExpressionAttributeValues={":other": {"S": "E2"}},
    )
    assert not unasked.get("Item")


@pytest.mark.parametrize(("holder", "is_held"), [("E1", True), ("E2", False), (None, False)])
def test_the_condition_that_one_execution_holds_the_pair(table: Table, pair: str, holder: str | None, is_held: bool) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html"""
    attributes = {"Holder": {"S": holder}} if holder else {}
    table.client.put_item(TableName=table.name, Item={**key(pair), **attributes})
    if is_held:
        assert table.update(pair, "SET #Again = :t", "#Holder = :h", h={"S": "E1"}, t={"BOOL": True})["Again"] == {"BOOL": True}
    else:
        refused(table.update, pair, "SET #Again = :t", "#Holder = :h", h={"S": "E1"}, t={"BOOL": True})
    exists = "attribute_exists(#Holder)"
    if holder:
        assert table.update(pair, "SET #Again = :t", exists, t={"BOOL": True})["Again"] == {"BOOL": True}
    else:
        refused(table.update, pair, "SET #Again = :t", exists, t={"BOOL": True})


def test_of_simultaneous_conditional_writes_one_succeeds(table: Table, pair: str) -> None:
    """Each write is checked against the item as the writes before it left it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
    """

    def attempt(number: int) -> bool:
        try:
            table.acquire(pair, f"E{number}")
            return True
        except ClientError as error:
            assert error.response["Item"]["Holder"] == table.get(pair)["Holder"]
            return False

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(32))) == 1


# Updates: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html


def test_adding_to_a_set_makes_it_and_adds_each_element_once(table: Table, pair: str) -> None:
    """`ADD`: "If the attribute does exist [and] is a set [...] Value is added to the existing set."

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html (UpdateExpression)
    """
    made = [table.update(pair, "ADD #Makers :m", m={"SS": [execution]}) for execution in ("E1", "E2", "E1")]
    assert [sorted(item["Makers"]["SS"]) for item in made] == [["E1"], ["E1", "E2"], ["E1", "E2"]]


def test_an_attribute_that_is_removed_or_emptied_is_gone(table: Table, pair: str) -> None:
    """A set without elements does not exist, so neither does an attribute whose last element is deleted. Removing what
    is absent is no error.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html (DELETE)
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html (Sets)
    """
    table.update(pair, "ADD #Makers :m", m={"SS": ["E1"]})
    assert table.update(pair, "DELETE #Makers :m", m={"SS": ["E1"]}) == key(pair)
    table.update(pair, "ADD #Makers :m", m={"SS": ["E1", "E2"]})
    assert table.update(pair, "REMOVE #Makers, #Holder", "attribute_not_exists(#Holder)") == key(pair)
    table.update(pair, "SET #Holder = :h", "attribute_not_exists(#Makers)", h={"S": "E1"})
    for empty in ("SET #Makers = :m", "ADD #Makers :m"):
        assert "empty" in is_invalid(table.update, pair, empty, m={"SS": []})


def test_all_clauses_apply_to_the_item_as_it_was(table: Table, pair: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html ("Multiple")"""
    table.update(pair, "SET #A = :a, #B = :b ADD #Makers :m", a={"S": "a"}, b={"S": "b"}, m={"SS": ["E1"]})
    values = {"l": {"L": [{"S": "x"}, {"NULL": True}]}, "m": {"SS": ["E2"]}}
    after = table.update(pair, "SET #B = #A, #C = :l REMOVE #A ADD #Makers :m", **values)
    assert sorted(after.pop("Makers")["SS"]) == ["E1", "E2"]
    assert after == {**key(pair), "B": {"S": "a"}, "C": {"L": [{"S": "x"}, {"NULL": True}]}}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET #A = :a REMOVE #A", {"a": {"S": "x"}}),
        ("SET #A = :a SET #B = :a", {"a": {"S": "x"}}),
        ("SET #Pair = :a", {"a": {"S": "x"}}),
        ("SET #A = :a", {"a": {"S": "x"}, "unused": {"S": "x"}}),
        ("SET #A = :missing", {"a": {"S": "x"}}),
    ],
    ids=["two actions on one attribute", "a clause twice", "the key", "a value that is not used", "a value that is missing"],
)
def test_a_faulty_update_is_refused(table: Table, pair: str, expression: str, values: Item) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html"""
    is_invalid(table.update, pair, expression, **values)
    assert table.get(pair) is None


def test_a_reserved_word_needs_a_placeholder(table: Table, pair: str) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html"""
    assert table.update(pair, "SET #Names = :a", a={"S": "x"})["Names"] == {"S": "x"}
    assert "reserved keyword: Names" in is_invalid(table.update, pair, "SET Names = :a", a={"S": "x"})


def test_an_item_has_up_to_400_kb(table: Table, pair: str) -> None:
    """Names and values count, as UTF-8. An item that would grow beyond stays as it was.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html ("Item size")
    """
    fits = 400 * KB - len("Pair") - len(pair) - len("Big")
    kept = table.update(pair, "SET #Big = :b", b={"S": "x" * fits})
    for more in (
        {"expression": "SET #Big = :b", "b": {"S": "x" * (fits + 1)}},
        {"expression": "SET #Big = :b", "b": {"S": "é" * (fits // 2 + 1)}},
        {"expression": "ADD #Makers :b", "b": {"SS": ["E1"]}},
    ):
        assert "size" in is_invalid(table.update, pair, **more)
    assert table.get(pair) == kept
