"""What each function costs, in time and money, with more or less memory: Lambda gives a share of a core in proportion to it.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html

EC2 takes as long as in its own Region: a function that waits costs by its memory, and needs no core.
"""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench import certificates, quota
from bench.cost import GIGABYTE_SECOND
from bench.ec2_stub import PEER, VPC
from bench.functions import stub
from bench.runtime_api import Sandbox
from bench.subjects import ACCOUNT, CALL, REGIONS, environment
from bench.template import memory_mb

SIZES = (128, 256, 512, 1024, 1769)
WHOLE_CORE = 1769
PERIOD_MS = 20  # as observed on Lambda
CALLS = 10  # of which the first one follows init
WARM = 4  # that are measured
LATENCY_MS = 60
ENDS = {"VpcId": VPC, "Region": REGIONS[VPC], "PeerVpcId": PEER, "PeerRegion": REGIONS[PEER]}


def measure(repository: Path, rounds: int = 3) -> list[dict[str, Any]]:
    """A row for each function and size: the milliseconds of a call, the first of ten included, and dollars for a million."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key, bundle = certificates.make(Path(folder))
        with stub(certificate, key, milliseconds=LATENCY_MS) as endpoints:
            return _rows(repository, environment(endpoints, bundle), rounds)


def _rows(repository: Path, given: dict[str, str], rounds: int) -> list[dict[str, Any]]:
    rows = []
    for function, event in events(repository, given):
        command = [str(repository / "target" / "lambda" / function / "bootstrap")]
        print(f"  {function} with more or less memory", flush=True)
        for size in SIZES:
            row = {"function": function, "memory MB": size, "is its size": size == memory_mb(function)}
            rows.append(row | _calls(command, given, event, size, rounds))
    return rows


def best(rows: list[dict[str, Any]], function: str, at_least_mb: float) -> int:
    """The size with the least product of dollars and milliseconds, of those with so much memory."""
    fit = [row for row in rows if row["function"] == function and row["memory MB"] >= at_least_mb]
    return min(fit, key=lambda row: row["ms a call"] * row["$ per million"])["memory MB"]


def _calls(command: list[str], given: dict[str, str], event: Any, size: int, rounds: int) -> dict[str, float]:
    first, warm = [], []
    for _ in range(rounds):
        with Sandbox(command, given) as sandbox, quota.limited(sandbox.pid, PERIOD_MS, min(1.0, size / WHOLE_CORE)):
            first.append(sandbox.invoke(event) * 1e3)
            warm += [sandbox.invoke(event) * 1e3 for _ in range(WARM)]
    of_ten = [median(first)] + [median(warm)] * (CALLS - 1)
    seconds = sum(math.ceil(ms) for ms in of_ten) / CALLS / 1e3
    return {
        "first ms": of_ten[0],
        "warm ms": of_ten[1],
        "ms a call": sum(of_ten) / CALLS,
        "$ per million": 1e6 * seconds * size / 1024 * GIGABYTE_SECOND,
    }


def events(repository: Path, given: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """The functions that read or write EC2 and what they are called with: of the peering machine, each with the answer before."""

    def answer(function: str, event: Any) -> Any:
        with Sandbox([str(repository / "target" / "lambda" / function / "bootstrap")], given) as sandbox:
            sandbox.invoke(event)
            return sandbox.answer

    create = CALL | {"Request": ENDS}
    peering = {"Peering": answer("create-request", create)["Peering"]}
    yield "create-request", create
    yield "accept-in-peer-region", CALL | peering
    yield "wait-active", CALL | peering
    yield "update-routes", CALL | peering | {"Attempt": 1}
    yield "plan-teardown", CALL | {"Request": ENDS | {"DryRun": True}}
    yield "start-peering", TAGGED
    yield "sweep", {"DryRun": True}


TAGGED = {
    "id": "7a0e8b9c-0000-4000-8000-000000000000",
    "source": "aws.tag",
    "detail-type": "Tag Change on Resource",
    "account": ACCOUNT,
    "region": REGIONS[VPC],
    "time": "2026-01-02T03:04:05Z",
    "resources": [f"arn:aws:ec2:{REGIONS[VPC]}:{ACCOUNT}:vpc/{VPC}"],
    "detail": {"service": "ec2", "resource-type": "vpc", "changed-tag-keys": ["isthmus:peer"], "tags": {}},
}
