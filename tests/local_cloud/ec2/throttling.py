"""EC2's throttling: a bucket of tokens for each account, Region and action.

https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html has the defaults. Off unless a test sets
``throttling``: how many times faster than AWS the buckets are refilled.
"""

import time
from dataclasses import dataclass

from .api_call import ApiCall
from .state import settings

PEERING, ROUTES, TAGS, READS = (50, 5), (50, 5), (100, 10), (100, 20)
"""Size of the bucket, and tokens a second."""
BUCKETS = {
    **{f"{verb}VpcPeeringConnection": PEERING for verb in ("Create", "Accept", "Delete", "Reject")},
    **dict.fromkeys(("CreateRoute", "DeleteRoute", "ReplaceRoute", "ModifyVpcPeeringConnectionOptions"), ROUTES),
    **dict.fromkeys(("CreateTags", "DeleteTags"), TAGS),
}


def is_limited(action: str) -> bool:
    return action in BUCKETS or action.startswith("Describe")


def limits(action: str) -> tuple[int, int]:
    """Size of its bucket, and tokens a second."""
    return BUCKETS.get(action, READS)


@dataclass
class Bucket:
    tokens: float
    filled_at: float


class Throttling:
    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def refuses(self, call: ApiCall) -> bool:
        """Takes a token. Whether there was none."""
        if not settings.throttling or call.service != "ec2" or not is_limited(call.action):
            return False
        size, rate = limits(call.action)
        now = time.monotonic()
        bucket = self._buckets.setdefault((call.account, call.region, call.action), Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + (now - bucket.filled_at) * rate * settings.throttling)
        bucket.filled_at = now
        if bucket.tokens < 1:
            return True
        bucket.tokens -= 1
        return False

    def fill(self) -> None:
        """Every bucket is full again."""
        self._buckets.clear()
