"""Every row of `table.md`, asked of IAM about the templates as they stand."""

import pytest

from iam.judge import Judge, hub
from iam.stacks import HUB, Role
from iam.table import ACCOUNTS, Row, Words, outsiders, rows


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(hub())


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.of_templates()


@pytest.fixture(scope="module")
def roles(judge: Judge) -> dict[str, Role]:
    ours = (role for role in judge.roles.values() if role.account in (HUB, ACCOUNTS["member"]))
    return {role.name: role for role in ours} | outsiders()


@pytest.mark.parametrize("row", list(rows()), ids=str)
def test_the_policies_answer_as_the_table_says(judge: Judge, words: Words, roles: dict[str, Role], row: Row) -> None:
    decision = judge.decide(roles[row.who], row.action, words.resource(row.on), words.context(row.context))
    assert decision.allowed == row.may, f"allowed by {decision.statements}" if decision.allowed else "no statement allows it"


def test_no_role_may_replace_a_route(roles: dict[str, Role]) -> None:
    """In no form, whatever it would be called with: the action isn't granted."""
    granted = {action for name, role in roles.items() if name not in outsiders() for _, action in role.grants()}
    assert granted and not [action for action in granted if "Replace" in action or "*" in action]
