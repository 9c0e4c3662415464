"""``python -m bench --python-env DIR --floor DIR [--quick] [--part PART]``: measures, prints, and writes `docs/`."""

import argparse
import datetime
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import at_scale, chart, crowd, functions, memory, peerings, quota, report, sizes
from bench.goals import goals
from bench.subjects import zipped

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--python-env", type=Path, required=True, help="the environment of the Python functions")
    parser.add_argument("--floor", type=Path, required=True, help="the directory of the built floors")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and no large peering; docs/ is not written")
    parser.add_argument(
        "--part",
        choices=["functions", "memory", "peerings", "crowd", "sweep", "groups", "lanes"],
        help="measure only this, and keep the other figures in docs/",
    )
    arguments = parser.parse_args()
    began = time.monotonic()
    document = measure(arguments)
    reached = goals(document)
    document["goals"] = [vars(goal) for goal in reached]
    tables = report.all_tables(document, reached)
    print("\n\n".join(tables.values()))
    output = REPOSITORY / ".local" / "bench" if arguments.quick else DOCS
    output.mkdir(parents=True, exist_ok=True)
    (output / "performance.json").write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    (output / "performance.svg").write_text(chart.draw(document))
    if not arguments.quick:
        report.write_into(DOCS / "PERFORMANCE.md", tables)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{minutes:.0f} min. Written to {output.relative_to(REPOSITORY)}: performance.json, performance.svg")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    document = json.loads((DOCS / "performance.json").read_text()) if arguments.part else {}
    if arguments.part in (None, "functions"):
        rounds = 7 if arguments.quick else 21
        document["machine"] = machine(rounds)
        print("single functions", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            document |= functions.measure(REPOSITORY, arguments.python_env, arguments.floor, Path(folder), rounds)
        binaries = sorted((REPOSITORY / "target" / "lambda").glob("*/bootstrap"))
        document["zip MB"] = {binary.parent.name: zipped([binary], binary.parent) / 1e6 for binary in binaries}
    if arguments.part in (None, "memory"):
        print("the memory of functions", flush=True)
        document["memory"] = memory.measure(REPOSITORY)
        document["sizes"] = sizes.measure(REPOSITORY, rounds=1 if arguments.quick else 3)
    if arguments.part in (None, "peerings"):
        print("whole peerings on the local cloud", flush=True)
        document |= peerings.measure(REPOSITORY, arguments.quick)
    if arguments.part in (None, "crowd"):
        print("a hub and 125 spokes", flush=True)
        document["crowd"] = crowd.measure(REPOSITORY, speed=8 if arguments.quick else 1)
    if arguments.part in (None, "sweep"):
        print("the sweep of a large organization", flush=True)
        document["sweep"] = at_scale.measure(REPOSITORY, "sweep")
    if arguments.part in (None, "groups"):
        print("the plan of groups", flush=True)
        document["groups"] = at_scale.measure(REPOSITORY, "groups")
    if arguments.part in (None, "lanes"):
        print("groups under AWS's buckets, in virtual time", flush=True)
        document["lanes"] = at_scale.measure(REPOSITORY, "lanes")
    return document


def machine(rounds: int) -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": processor(),
        "kernel": platform.release().split("-")[0],
        "day": datetime.date.today().isoformat(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "rounds": rounds,
        "quota": quota.mechanism(),
    }


def processor() -> str:
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
