"""A parameter that no function can read: the function names it before it does anything."""

import pytest

from .runtime import printed

LONG = "x" * 3_000  # Lambda allows 4 KB of variables
HOSTILE = {
    "STACK_ACCOUNT": ["", "12345678901", "１２３４５６７８９０１２", LONG],
    "MEMBER_ACCOUNTS": ["222222222222;333333333333", "222222222222,*", "arn:aws:iam::222222222222:root", LONG],
    "EXTERNAL_ACCOUNTS": ["5555", "555555555555 666666666666"],
    "TRUSTED_ACCOUNTS": ["*", "123456789012\u202e"],
    "GROUP_ACCOUNTS": ["a:hub=*", "a:owner=123456789012", "a", LONG],
    "ROUTABLE_BLOCKS": ["10.0.0.0/33", "10.0.0.0", "::/129", LONG],
    "CONNECTION_TAGS": ["no equals sign", LONG],
    "TEARDOWN_ON_UNTAG": ["yes", ""],
    "TEARDOWN_DELAY": ["5 minutes", "1e3", "99999999999999999999"],
    "MODE": ["Apply", "", LONG],
    "ROUTES_PER_TABLE": ["-1", "1.5", "4294967296"],
    "PEERINGS_PER_VPC": ["many"],
    "OUTSTANDING_REQUESTS": [""],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values])
def test_it_is_named(environment: dict[str, str], name: str, value: str) -> None:
    lines = printed(environment, "StartRequested", {"detail": {}}, **{name: value})
    said = "\n".join(lines)
    assert name in said and "not started" not in said, said[:1_000]
    assert len(said) < 10_000
