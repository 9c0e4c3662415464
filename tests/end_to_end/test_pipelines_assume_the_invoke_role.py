"""Who may assume the role that starts the machines: in the local stack all roles of one account, and one role of another."""

import pytest

from .clients import assume, output
from .network import HUB, MEMBER

PIPELINE_ACCOUNT = "111111111111"


@pytest.mark.parametrize(
    "caller",
    [
        f"arn:aws:iam::{HUB}:role/any",
        f"arn:aws:iam::{PIPELINE_ACCOUNT}:role/any",
        f"arn:aws:iam::{MEMBER}:role/owner-of-pipelines",
    ],
)
def test_accounts_and_roles_that_the_stack_names_may_assume_it_and_pass_session_tags(
    environment: dict[str, str], caller: str
) -> None:
    tags = [{"Key": "team", "Value": "payments"}]
    assert assume(environment, output(environment, "InvokeRoleArn"), caller, Tags=tags) is None


@pytest.mark.parametrize(
    "caller",
    [
        f"arn:aws:iam::{MEMBER}:role/any",
        f"arn:aws:iam::{MEMBER}:root",
        f"arn:aws:iam::{MEMBER}:role/owner-of-pipelines-too",
        "arn:aws:iam::999999999999:role/owner-of-pipelines",
        "arn:aws:iam::333333333333:root",
    ],
)
def test_nobody_else_may(environment: dict[str, str], caller: str) -> None:
    assert assume(environment, output(environment, "InvokeRoleArn"), caller) == "AccessDenied"
