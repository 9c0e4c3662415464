"""A stack whose `Mode` is `report`: its functions may write nothing to EC2, and assume a role in members that only reads."""

from __future__ import annotations

import pytest

from iam.evaluator import STACK_ID, Evaluator, hub
from iam.table import Names, Row, outsiders, rows

WRITES = ("ec2:Create", "ec2:Accept", "ec2:Delete", "ec2:Modify", "ec2:Replace", "ec2:Associate")


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.of_templates(Mode="report")


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(hub(STACK_ID, Mode="report"))


def may(evaluator: Evaluator, names: Names, row: Row, on: str = "") -> bool:
    roles = {role.name: role for role in evaluator.roles.values()} | outsiders()
    context = names.context(row.context)
    return evaluator.evaluate(roles[row.who], row.action, names.resource(on or row.on), context).allowed


def granted(*prefixes: str) -> list[Row]:
    """What the functions may do of this in the other mode."""
    return [row for row in rows() if row.may and row.who.endswith("Function") and row.action.startswith(prefixes)]


def test_no_function_may_write_to_ec2(evaluator: Evaluator, names: Names) -> None:
    writes = granted(*WRITES)
    assert len({row.who for row in writes}) == 11, "every function that writes has a row"
    assert [str(row) for row in writes if may(evaluator, names, row)] == []


def test_every_function_may_read_and_go_on(evaluator: Evaluator, names: Names) -> None:
    others = [row for row in rows() if row.may and row.who.endswith("Function") and not row.action.startswith(WRITES)]
    refused = [str(row) for row in others if row.action != "sts:AssumeRole" and not may(evaluator, names, row)]
    assert len(others) > 60 and refused == []


def test_only_the_role_that_reads_is_assumed_in_members(evaluator: Evaluator, names: Names) -> None:
    assumed = [row for row in granted("sts:AssumeRole") if not row.on.endswith("-read")]  # as that of topology always is
    assert len(assumed) >= 11
    for row in assumed:
        assert not may(evaluator, names, row), row
        assert may(evaluator, names, row, on="member role/isthmus-member-read"), row
        assert not may(evaluator, names, row, on="stranger role/isthmus-member-read"), row


def test_that_role_wants_the_external_id(evaluator: Evaluator, names: Names) -> None:
    for external_id in ("", "sts:ExternalId=isthmus"):
        row = Row("UpdateRoutesFunction", "sts:AssumeRole", "member role/isthmus-member-read", external_id, False)
        assert not may(evaluator, names, row)
