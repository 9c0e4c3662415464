"""``python -m bench --python-env DIR --floor DIR [--quick]``: measures, prints, and writes `docs/`."""

import argparse
import datetime
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import chart, functions, peerings, quota, report
from bench.goals import goals
from bench.subjects import zipped

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--python-env", type=Path, required=True, help="the environment of the Python functions")
    parser.add_argument("--floor", type=Path, required=True, help="where the floors were built to")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and no large peering; docs/ stays as it is")
    arguments = parser.parse_args()
    began = time.monotonic()
    document = measure(arguments)
    reached = goals(document)
    document["goals"] = [vars(goal) for goal in reached]
    tables = report.all_tables(document, reached)
    print("\n\n".join(tables.values()))
    output = REPOSITORY / ".local" / "bench" if arguments.quick else DOCS
    (output / "performance.json").write_text(json.dumps(document, indent=2) + "\n")
    (output / "performance.svg").write_text(chart.draw(document))
    if not arguments.quick:
        report.write_into(DOCS / "PERFORMANCE.md", tables)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{minutes:.0f} min. Written to {output.relative_to(REPOSITORY)}: performance.json, performance.svg")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rounds = 7 if arguments.quick else 21
    machine = {
        "cores": os.cpu_count(),
        "processor": processor(),
        "kernel": platform.release(),
        "day": datetime.date.today().isoformat(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "rounds": rounds,
        "quota": quota.mechanism(),
    }
    print("each function by itself", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        by_itself = functions.measure(REPOSITORY, arguments.python_env, arguments.floor, Path(folder), rounds)
    binaries = sorted((REPOSITORY / "target" / "lambda").glob("*/bootstrap"))
    zips = {binary.parent.name: zipped([binary], binary.parent) / 1e6 for binary in binaries}
    print("whole peerings on the local cloud", flush=True)
    together = peerings.measure(REPOSITORY, arguments.quick)
    return {"machine": machine, "functions": by_itself, "zip MB": zips, **together}


def processor() -> str:
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
