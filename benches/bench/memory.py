"""The memory of the functions that hold the route tables of both sides, at the largest sizes that EC2 allows.

200 tables a VPC, and 500 routes a table, which EC2 allows by default, or 1,000, its most:
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-route-tables
"""

import tempfile
from pathlib import Path
from typing import Any

from bench import certificates
from bench.ec2_stub import SWEPT_REGIONS
from bench.functions import stub
from bench.processes import peak_rss_bytes
from bench.runtime_api import Sandbox
from bench.sizes import ENDS
from bench.subjects import CALL, environment
from bench.template import memory_mb

TABLES = 200
ALL = {"Tables": "all"}


def measure(repository: Path) -> dict[str, dict[str, float]]:
    """The peak RSS in MB, by function and number of routes a table. One route is ours, which the plan adds."""
    found: dict[str, dict[str, float]] = {}
    for routes in (500, 1000):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key, bundle = certificates.make(Path(folder))
            with stub(certificate, key, tables=TABLES, routes=routes - 1) as endpoints:
                given = environment(endpoints, bundle) | {"ROUTES_PER_TABLE": str(routes)}
                create = CALL | {"Request": ENDS | {"Routes": ALL, "PeerRoutes": ALL}}
                answer, found[f"create-request, {routes} routes"] = _peak(repository, "create-request", create, given)
                update = CALL | {"Peering": answer["Peering"], "Attempt": 1}  # a repeated call reads the tables
                _, found[f"update-routes, {routes} routes"] = _peak(repository, "update-routes", update, given)
                if routes == 500:
                    case = f"sweep of {len(SWEPT_REGIONS)} Regions, {routes} routes"
                    answer, found[case] = _peak(repository, "sweep", {"DryRun": True}, given)
                    assert answer["Desired"] == len(SWEPT_REGIONS) and answer["Unreachable"] == [], answer
    return found


def _peak(repository: Path, function: str, event: Any, given: dict[str, str]) -> tuple[Any, dict[str, float]]:
    bootstrap = repository / "target" / "lambda" / function / "bootstrap"
    with Sandbox([str(bootstrap)], given) as sandbox:
        seconds = sandbox.invoke(event)
        peak = peak_rss_bytes(sandbox.pid) / 1e6
    return sandbox.answer, {"peak MB": peak, "limit MB": memory_mb(function), "seconds": seconds}
