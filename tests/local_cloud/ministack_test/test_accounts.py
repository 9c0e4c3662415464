"""Which account a request acts in."""

from __future__ import annotations

import pytest
from moto.iam.utils import generate_access_key_id_from_account_id

from local_cloud.environment import ACCOUNT
from local_cloud.ministack_test.cloud import Cloud, unique

OTHER_ACCOUNTS = ("222222222222", "000000000001", "999999999998")


def account_of(cloud: Cloud, access_key: str) -> str:
    """The account in which that access key makes an event bus."""
    made = cloud.client("events", account=access_key).create_event_bus(Name=unique("bus"))
    return made["EventBusArn"].split(":")[4]


@pytest.mark.parametrize("account", (*OTHER_ACCOUNTS, ACCOUNT))
def test_a_12_digit_access_key_and_that_of_an_assumed_role_act_in_the_same_account(cloud: Cloud, account: str) -> None:
    session = generate_access_key_id_from_account_id(account, prefix="ASIA")  # As the local STS makes it.
    assert account_of(cloud, account) == account_of(cloud, session) == account


def test_other_access_keys_act_in_the_hub(cloud: Cloud) -> None:
    for access_key in ("test", "AKIAIOSFODNN7EXAMPLE", "ASIAAAAAAAAAAAAAAAAA"):
        assert account_of(cloud, access_key) == ACCOUNT
