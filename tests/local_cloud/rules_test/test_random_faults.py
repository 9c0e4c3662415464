"""Faults at random: which calls they strike, and that the same seed strikes the same ones."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from local_cloud.ec2.api_call import FUNCTIONS
from local_cloud.ec2.control import ControlError

from .cloud import HERE, MEMBER, Cloud

SPARED = "Spared"


@pytest.fixture(autouse=True)
def no_rates_afterwards(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.control.set_fault_rates()


@pytest.fixture
def client(cloud: Cloud) -> Callable[[str], Any]:
    """Clients as functions have them, but without the SDK's own retries."""
    as_a_function = Config(retries={"total_max_attempts": 1}, user_agent_extra=FUNCTIONS)
    return lambda service: boto3.client(service, region_name=HERE, endpoint_url=cloud.url, config=as_a_function)


@pytest.fixture
def ec2(client: Callable[[str], Any]) -> Any:
    return client("ec2")


def outcome(call: Callable[..., Any], **parameters: Any) -> str:
    """The code of a call's error."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    except HTTPClientError:
        return "no answer"
    return SPARED


def test_a_share_of_the_calls_is_struck(cloud: Cloud, ec2: Any) -> None:
    cloud.control.set_fault_rates(Seed=1, Throttled=0.2, Failed=0.1, Disconnected=0.1)
    outcomes = Counter(outcome(ec2.describe_vpcs, MaxResults=5) for _ in range(100))
    counted = cloud.control.fault_rates()
    assert outcomes == {
        "RequestLimitExceeded": counted["Throttled"],
        "InternalError": counted["Failed"],
        "no answer": counted["Disconnected"],
        SPARED: counted["Spared"],
    }
    assert 5 < counted["Throttled"] < 50 < counted["Spared"] < 90 and counted["Failed"] and counted["Disconnected"]
    assert counted["Lost"] == counted["FailedAfterwards"] == 0


def test_the_same_seed_strikes_the_same_calls(cloud: Cloud, ec2: Any) -> None:
    def struck(seed: int) -> list[str]:
        cloud.control.set_fault_rates(Seed=seed, Throttled=0.3)
        return [outcome(ec2.describe_vpcs, MaxResults=5) for _ in range(40)]

    assert struck(7) == struck(7) != struck(8)


@pytest.mark.parametrize(
    ("rate", "answer", "takes_effect"),
    [
        ("Throttled", "RequestLimitExceeded", False),
        ("Failed", "InternalError", False),
        ("FailedAfterwards", "InternalError", True),
        ("Disconnected", "no answer", False),
        ("Lost", "no answer", True),
    ],
)
def test_a_call_takes_effect_or_not(cloud: Cloud, ec2: Any, rate: str, answer: str, takes_effect: bool) -> None:
    vpc = cloud.vpc()
    cloud.control.set_fault_rates(**{rate: 1})
    assert outcome(ec2.create_tags, Resources=[vpc], Tags=[{"Key": "team", "Value": "blue"}]) == answer
    cloud.control.set_fault_rates()
    assert bool(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0].get("Tags")) == takes_effect
    assert cloud.control.fault_rates()[SPARED] == 0, "without rates nothing is counted"


def test_sts_throttles_by_a_code_of_its_own(cloud: Cloud, client: Callable[[str], Any]) -> None:
    cloud.control.set_fault_rates(Throttled=1)
    assume = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/member", "RoleSessionName": "test"}
    assert outcome(client("sts").assume_role, **assume) == "Throttling"


def test_a_test_s_own_calls_are_spared(cloud: Cloud) -> None:
    cloud.control.set_fault_rates(Failed=1)
    cloud.vpc()


def test_a_reset_ends_them(cloud: Cloud, ec2: Any) -> None:
    cloud.control.set_fault_rates(Failed=1)
    cloud.control.reset()
    cloud.forget_clients()
    assert outcome(ec2.describe_vpcs) == SPARED


def test_an_unknown_rate_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ControlError):
        cloud.control.set_fault_rates(Explode=0.1)
