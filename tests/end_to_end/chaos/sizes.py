"""How large a run is, and how much goes wrong."""

from dataclasses import dataclass

EVENTS = {"Dropped": 0.10, "Doubled": 0.10, "Late": 0.30, "LatestSeconds": 10.0}
FAULTS = {"Failed": 0.008, "FailedAfterwards": 0.004, "Disconnected": 0.004, "Lost": 0.004}
"""Of EC2, STS, DynamoDB and Step Functions: 2 % in all."""
THROTTLED = 0.10
"""Of EC2 and STS."""


@dataclass(frozen=True)
class Size:
    vpcs: int
    pairs: int
    """That tags `peer` ask for, now and then."""
    seconds: float
    """How long tags change."""
    pause: float
    """Between two changes, on average."""
    seconds_between_kills: float
    """Of functions."""
    seconds_between_stops: float
    """Of executions."""
    seconds_between_sweeps: float
    """While tags change; the last one comes afterwards."""
    removals: int | None
    """At most so many pairs are taken away by tags; the brake lets ten pass, however few pairs an account has. `None`: as many as
    come, and each sweep releases what the brake holds."""

    @property
    def released(self) -> dict[str, int]:
        """In the task of a sweep: how many of the removals that the brake holds."""
        return {"Release": 10_000} if self.removals is None else {}


SMALL = Size(
    vpcs=12,
    pairs=24,
    seconds=60,
    pause=0.5,
    seconds_between_kills=4,
    seconds_between_stops=8,
    seconds_between_sweeps=25,
    removals=10,
)


def large(seconds: float) -> Size:
    often = {"seconds_between_kills": 10, "seconds_between_stops": 30, "seconds_between_sweeps": 300}
    return Size(vpcs=40, pairs=200, seconds=seconds, pause=1.0, **often, removals=None)
