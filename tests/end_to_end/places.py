"""Where the peer of a VPC in the stack's own account and Region may live."""

import pytest

from .world import HERE, HUB, MEMBER, THERE

PLACES = pytest.mark.parametrize(
    ("peer_region", "peer_account"),
    [(HERE, HUB), (THERE, HUB), (HERE, MEMBER), (THERE, MEMBER)],
    ids=["one Region", "two Regions", "two accounts", "two accounts in two Regions"],
)
