"""Events that are lost, doubled and late at random."""

from collections import Counter
from collections.abc import Iterator

import pytest

from local_cloud.ec2.control import ControlError

from .cloud import Cloud, eventually
from .test_events import events_of, tag

EVENTS = 60


@pytest.fixture(autouse=True)
def no_rates_afterwards(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.control.set_event_rates()


def delivered(cloud: Cloud) -> list[str]:
    """The values that a tag was given, in the order in which the events tell them; once all are delivered."""
    vpc = cloud.vpc()
    for number in range(EVENTS):
        tag(cloud, vpc, value=str(number))
    eventually(lambda: cloud.control.event_rates()["Waiting"] == 0)
    return [each["event"]["detail"]["tags"]["value"] for each in events_of(cloud, vpc)]


def test_a_share_is_lost_and_doubled(cloud: Cloud) -> None:
    cloud.control.set_event_rates(Seed=1, Dropped=0.2, Doubled=0.2)
    arrived = Counter(delivered(cloud))
    counted = cloud.control.event_rates()
    assert (counted["Sent"], counted["Late"]) == (EVENTS, 0)
    assert EVENTS - len(arrived) == counted["Dropped"] > 0
    assert list(arrived.values()).count(2) == counted["Doubled"] > 0 and max(arrived.values()) == 2


def test_the_same_seed_loses_the_same_ones(cloud: Cloud) -> None:
    def kept(seed: int) -> list[str]:
        cloud.control.set_event_rates(Seed=seed, Dropped=0.3)
        return delivered(cloud)

    assert kept(7) == kept(7) != kept(8)


def test_late_ones_arrive_out_of_order(cloud: Cloud) -> None:
    cloud.control.set_event_rates(Seed=1, Late=0.5, LatestSeconds=1)
    arrived = delivered(cloud)
    assert arrived != sorted(arrived, key=int) and sorted(arrived, key=int) == [str(number) for number in range(EVENTS)]
    assert 0 < cloud.control.event_rates()["Late"] < EVENTS


def test_changes_of_statuses_are_as_they_come(cloud: Cloud) -> None:
    cloud.control.set_event_rates(Dropped=1)
    vpc = cloud.vpc()
    cloud.ec2().create_tags(Resources=[vpc], Tags=[{"Key": "isthmus:status:vpc-0a", "Value": "active"}])
    eventually(lambda: len(events_of(cloud, vpc)) == 1)
    assert cloud.control.event_rates()["Sent"] == 0


def test_a_reset_ends_it(cloud: Cloud) -> None:
    cloud.control.set_event_rates(Dropped=1)
    cloud.control.reset()
    cloud.forget_clients()
    assert len(delivered(cloud)) == EVENTS


def test_an_unknown_rate_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ControlError):
        cloud.control.set_event_rates(Explode=0.1)
