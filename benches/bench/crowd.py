"""A hub and 125 spokes, as many as EC2 allows, all in one Region of one account: every call takes from the same buckets.

All spokes are tagged in one call; then the hub's `isthmus:routes` changes. EC2 throttles as AWS does by default. *Least* is what
the slowest bucket needs for the calls that can't be saved.
"""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from end_to_end.clients import setting
from end_to_end.executions import Machine
from end_to_end.network import Network, Vpc
from local_cloud.ec2.throttling import limits

from bench.clouds import Cloud, ours

SPOKES = 125
QUOTAS = {"peerings_per_vpc": SPOKES, "outstanding_requests": 25, "routes_per_table": 500}
# AWS's own time until a request is visible and active is in both figures, and is 0 here.
NEEDED = {
    "125 spokes tagged at once": Counter(
        CreateVpcPeeringConnection=SPOKES, AcceptVpcPeeringConnection=SPOKES, CreateRoute=2 * SPOKES, CreateTags=2 * SPOKES
    ),
    "the hub's routes in one more table": Counter(CreateRoute=SPOKES),
}


def measure(repository: Path, speed: float) -> list[dict[str, Any]]:
    """`speed`: how many times faster than AWS the buckets are refilled."""
    with ours(repository) as cloud:
        cloud.network.control.set(quotas=QUOTAS)
        rows = [by_group(cloud, speed)]
        hub = Hub(cloud)
        actions: list[Callable[[], int]] = [hub.tag_all, hub.select_one_more]
        for name, act in zip(NEEDED, actions, strict=True):
            print(f"  {name}", flush=True)
            rows.append({"case": name} | hub.timed(act, NEEDED[name], speed))
        return rows


def by_group(cloud: Cloud, speed: float) -> dict[str, Any]:
    """The same spokes, by one tag on each: lanes use 80 % of a refill."""
    hub = Hub(cloud)
    groups = Machine(cloud.environment, cloud.environment["GROUPS_STATE_MACHINE_ARN"])
    with setting(cloud.environment, PEERINGS_PER_VPC=str(SPOKES)):
        cloud.network.control.disturb_events(drop=SPOKES + 1)
        hub.vpc.tag(isthmus__group="bench:hub")
        for spoke in hub.spokes:
            spoke.tag(isthmus__group="bench:spoke")
        cloud.network.settle()
        cloud.network.control.disturb_events(drop=0)
        cloud.network.control.set(throttling=speed)
        began = time.monotonic()
        with cloud.network.calls() as calls:
            report = groups.run({"Groups": ["bench"]}).succeeded().output
            seconds = time.monotonic() - began
        cloud.network.control.set(throttling=0)
    [group] = report["Groups"]
    least = least_seconds(NEEDED["125 spokes tagged at once"], speed)
    return {
        "case": "125 spokes of a group",
        "seconds": seconds,
        "least": least,
        "ratio": seconds / least,
        "calls": len(calls.ec2()),
        "throttled": sum(call.get("Error") == "RequestLimitExceeded" for call in calls.made),
        "succeeded": group["SetUp"],
        "failed": group["RefusedCount"],
    }


def least_seconds(calls: Counter[str], speed: float) -> float:
    """What the slowest bucket needs to refill."""
    waits = []
    for action, number in calls.items():
        size, rate = limits(action)
        waits.append((number - size) / (rate * speed))
    return max(0.0, *waits)


class Hub:
    def __init__(self, cloud: Cloud) -> None:
        self.network: Network = cloud.network
        self.machine: Machine = cloud.machine
        self.vpc: Vpc = self.network.vpc("10.255.0.0/16")
        self.spokes = [self.network.vpc(f"10.{number}.0.0/16") for number in range(SPOKES)]
        self.table = self.vpc.main_table

    def timed(self, act: Callable[[], int], needed: Counter[str], speed: float) -> dict[str, Any]:
        """The seconds until every route stands."""
        self.network.settle()
        before = len(self.ended())
        self.network.control.set(throttling=speed)
        began = time.monotonic()
        with self.network.calls() as calls:
            pairs = act()
            while sum("VpcPeeringConnectionId" in route for route in self.vpc.tables()[self.table]) < pairs:
                time.sleep(0.5)
            seconds = time.monotonic() - began
            while "RUNNING" in (statuses := self.ended()[before:]):
                time.sleep(1)
        self.network.control.set(throttling=0)
        least = least_seconds(needed, speed)
        done = Counter(statuses)
        return {
            "seconds": seconds,
            "least": least,
            "ratio": seconds / least,
            "calls": len(calls.ec2()),
            "throttled": sum(call.get("Error") == "RequestLimitExceeded" for call in calls.made),
            "succeeded": done["SUCCEEDED"],
            "failed": len(statuses) - done["SUCCEEDED"],
        }

    def tag_all(self) -> int:
        ids = [spoke.id for spoke in self.spokes]
        self.vpc.ec2.create_tags(Resources=ids, Tags=[{"Key": "isthmus:peer", "Value": self.vpc.id}])
        return SPOKES

    def select_one_more(self) -> int:
        self.table = self.vpc.table(tier="other")
        self.vpc.tag(isthmus__routes=f"{self.vpc.main_table} {self.table}")
        return SPOKES

    def ended(self) -> list[str]:
        """The statuses of all executions of the peering machine, oldest first."""
        pages = self.machine.client.get_paginator("list_executions").paginate(stateMachineArn=self.machine.arn)
        executions = [execution for page in pages for execution in page["executions"]]
        return [each["status"] for each in sorted(executions, key=lambda each: each["startDate"])]
