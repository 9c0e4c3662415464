"""The result of a long run, for `docs/reliability-chaos.json`, and as a table for `docs/RELIABILITY.md`."""

import datetime
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.__main__ import processor
from bench.report import table, write_into
from local_cloud.deployed import REPOSITORY

from end_to_end.chaos.run import Result

DOCS = REPOSITORY / "docs"
MARK = "chaos"


def write(result: Result, docs: Path = DOCS) -> None:
    """Prints it as well."""
    document = {"day": datetime.date.today().isoformat(), "machine": _machine(), **result.as_document()}
    (docs / "reliability-chaos.json").write_text(json.dumps(document, indent=2) + "\n")
    text = table(["what", "how much"], rows(document))
    write_into(docs / "RELIABILITY.md", {MARK: text})
    print(json.dumps(document, indent=2))


def rows(document: Mapping[str, Any]) -> list[list[str]]:
    size, disturbances, letters = document["size"], document["disturbances"], document["dead_letters"]
    held = f", and {document['releases']} more to release what the brake held" if document["releases"] else ""
    found = document["differences"]
    return [
        ["day, machine", f"{document['day']}, {document['machine']}"],
        ["seed, seconds", f"{document['seed']}, {size['seconds']:.0f}"],
        ["VPCs, pairs that tags `peer` may ask for", f"{size['vpcs']}, {size['pairs']}"],
        ["changes", f"{sum(document['changes'].values()):,}: {counted(document['changes'])}"],
        ["times that tags ceased to ask for a pair", f"{document['removals']:,}"],
        ["events", counted(disturbances["events"])],
        ["calls of EC2 and STS", counted(disturbances["ec2_calls"])],
        ["calls of DynamoDB and Step Functions", counted(disturbances["other_calls"])],
        ["functions killed", f"{disturbances['killed']:,}"],
        ["executions stopped", f"{disturbances['stopped']:,}"],
        *([f"executions of {name}", counted(endings)] for name, endings in document["executions"].items()),
        ["dead letters", counted(letters)],
        ["sweeps while tags changed", f"{document['sweeps_meanwhile']:,}"],
        ["sweeps in the end", f"1, which started {document['started_by_sweep']:,} executions{held}"],
        ["refusals that the next sweep told", f"{document['told_later']:,}"],
        ["pairs peered in the end", f"{document['peered']:,}"],
        ["differences from what the tags ask for", "none" if not found else f"**{len(found)}**"],
    ]


def counted(figures: Mapping[str, int]) -> str:
    """The most frequent ones first."""
    order = sorted(figures.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{count:,} {name}" for name, count in order if count) or "none"


def _machine() -> str:
    return f"{os.cpu_count()} cores of {processor()}, Linux {platform.release().split('-')[0]}"
