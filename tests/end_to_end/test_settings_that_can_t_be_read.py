"""A parameter that no function can read: the function names it before it does anything."""

import pytest

from .runtime import printed

LONG = "x" * 3_000  # Lambda allows 4 KB of variables
HOSTILE = {
    "STACK_ACCOUNT": "１２３４５６７８９０１２",
    "MEMBER_ACCOUNTS": "222222222222,*",
    "EXTERNAL_ACCOUNTS": "555555555555 666666666666",
    "TRUSTED_ACCOUNTS": "123456789012\u202e",
    "GROUP_ACCOUNTS": "a:hub=*",
    "ROUTABLE_BLOCKS": "10.0.0.0/33",
    "CONNECTION_TAGS": LONG,
    "TEARDOWN_ON_UNTAG": "yes",
    "TEARDOWN_DELAY": "99999999999999999999",
    "MODE": LONG,
    "ROUTES_PER_TABLE": "4294967296",
    "PEERINGS_PER_VPC": "-1",
    "OUTSTANDING_REQUESTS": "",
}


@pytest.mark.parametrize(("name", "value"), HOSTILE.items(), ids=HOSTILE)
def test_it_is_named(environment: dict[str, str], name: str, value: str) -> None:
    lines = printed(environment, "StartRequested", {"detail": {}}, **{name: value})
    said = "\n".join(lines)
    assert name in said and "not started" not in said, said[:1_000]
    assert len(said) < 10_000
