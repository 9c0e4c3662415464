"""The price of a peering by AWS's price list, and the least time that EC2's throttling allows.

Prices of us-east-1: https://aws.amazon.com/step-functions/pricing/, https://aws.amazon.com/lambda/pricing/ (arm64).
Buckets: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

TRANSITION = 0.025 / 1000
REQUEST = 0.20 / 1_000_000
GIGABYTE_SECOND = 0.0000133334
MEMORY_GB = 128 / 1024

# The states of a first run without retries, including the choice and the end.
TRANSITIONS = 6

CREATE_ROUTE_BURST, CREATE_ROUTE_PER_SECOND = 50, 5


def dollars(transitions: float, invocations: float, billed_ms: float) -> float:
    """The price of one peering, without logs, traces, the ledger (three writes are 1.3 % of it) and the free tier."""
    return transitions * TRANSITION + invocations * REQUEST + billed_ms / 1000 * MEMORY_GB * GIGABYTE_SECOND


def throttled_seconds(routes_a_region: int) -> float:
    """The least time for so many routes of one account and Region, by EC2's bucket for `CreateRoute`."""
    return max(0.0, (routes_a_region - CREATE_ROUTE_BURST) / CREATE_ROUTE_PER_SECOND)
