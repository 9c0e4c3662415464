"""Every row of `table.md` is evaluated by the policies of the templates."""

import pytest

from iam.evaluator import Evaluator, hub
from iam.stacks import HUB, Role
from iam.table import ACCOUNTS, Names, Row, deployer, outsiders, rows


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(hub())


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.of_templates()


@pytest.fixture(scope="module")
def roles(evaluator: Evaluator) -> dict[str, Role]:
    ours = (role for role in evaluator.roles.values() if role.account in (HUB, ACCOUNTS["member"]))
    return {role.name: role for role in ours} | outsiders() | {"Deployer": deployer()}


@pytest.mark.parametrize("row", list(rows()), ids=str)
def test_the_policies_agree_with_the_table(evaluator: Evaluator, names: Names, roles: dict[str, Role], row: Row) -> None:
    decision = evaluator.evaluate(roles[row.who], row.action, names.resource(row.on), names.context(row.context))
    assert decision.allowed == row.may, f"allowed by {decision.statements}" if decision.allowed else "no statement allows it"


def test_no_role_may_replace_a_route(roles: dict[str, Role]) -> None:
    """For no resource and in no context: the action is not granted."""
    granted = {action for name, role in roles.items() if name not in outsiders() for _, action in role.grants()}
    assert granted and not [action for action in granted if "Replace" in action or "*" in action]
