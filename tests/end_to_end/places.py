"""The Regions and accounts of the peer, relative to a VPC in the stack's own account and Region."""

import pytest

from .network import HERE, HUB, MEMBER, THERE

PLACES = pytest.mark.parametrize(
    ("peer_region", "peer_account"),
    [(HERE, HUB), (THERE, HUB), (HERE, MEMBER), (THERE, MEMBER)],
    ids=["one Region", "two Regions", "two accounts", "two accounts in two Regions"],
)
