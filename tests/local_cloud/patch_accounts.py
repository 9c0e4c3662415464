"""All services: which account a request acts in."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

# "ASIA", eight characters with the account's upper bits, one with its lowest bit, and the rest at random.
SESSION_KEY = re.compile(r"ASIA([A-Z2-7]{8})([A-Z2-7])[A-Z2-7]{7}")
FIRST_BIT = 1 << 39


def account_of_session(original: Callable[[str], str | None], access_key_id: str) -> str | None:
    """The access key of an assumed role acts in the role's account, as in the local EC2. STS writes the account into the key.

    MiniStack knows only the sessions of its own STS, which is not used here, and takes any other key for the hub's.
    https://awsteele.com/blog/2020/09/26/aws-access-key-format.html
    """
    return original(access_key_id) or _written_account(access_key_id)


def _written_account(access_key_id: str) -> str | None:
    key = SESSION_KEY.fullmatch(access_key_id)
    if key is None:
        return None
    upper_bits = int.from_bytes(base64.b32decode(key[1]), "big") - FIRST_BIT
    lowest_bit = int(key[2] not in "ABCDEFGHIJKLMNOP")
    account = 2 * upper_bits + lowest_bit
    return f"{account:012}" if 0 <= account < 10**12 else None
