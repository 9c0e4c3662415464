"""The result of a run, as JSON and as the table of docs/RELIABILITY.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mutants.listing import Mutant

JSON = Path("docs/reliability-mutants.json")
DOCUMENT = Path("docs/RELIABILITY.md")
MARK = "<!-- mutants -->\n"

GUARDS = {
    "ledger": "the ledger and its leases: what is recorded as ours, who may change it, what a roll-back and a teardown remove",
    "consent": "consent: whose tags, accounts and roles in groups permit a peering",
    "routes": "routes: which are ours, which are written, which are deleted",
    "brake": "the brake and `TeardownDelay`: what tags take away, and when",
    "lanes": "the lanes of groups: what a run takes, sets up, undoes and gives back",
}


def rendered(results: Iterable[dict[str, Any]]) -> str:
    """By guard: how many mutants, how many of them were caught."""
    by_guard: dict[str, list[str]] = {guard: [] for guard in GUARDS}
    for result in results:
        by_guard[result["Guard"]].append(result["Result"])
    rows = [(GUARDS[guard], len(found), found.count("caught")) for guard, found in by_guard.items()]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    lines = ["| guard | mutants | caught |", "| --- | ---: | ---: |"]
    return "\n".join([*lines, *(f"| {guard} | {mutants} | {caught} |" for guard, mutants, caught in rows)]) + "\n"


def results(repository: Path) -> list[dict[str, Any]]:
    """How the last run of each mutant ended."""
    path = repository / JSON
    return json.loads(path.read_text(encoding="utf-8"))["Mutants"] if path.is_file() else []


def is_caught(known: list[dict[str, Any]], mutant: Mutant) -> bool:
    """Whether this change was caught."""
    as_listed = (mutant.name, mutant.digest, "caught")
    return any((result["Name"], result["Digest"], result["Result"]) == as_listed for result in known)


def add(repository: Path, mutants: list[Mutant], run: list[dict[str, Any]]) -> None:
    """Writes the results of this run in both files. Those of mutants that it didn't run stay, unless they are listed no more."""
    by_name = {result["Name"]: result for result in [*results(repository), *run]}
    kept = [by_name[mutant.name] for mutant in mutants if mutant.name in by_name]
    text = json.dumps({"Mutants": kept}, indent=1, ensure_ascii=False) + "\n"
    (repository / JSON).write_text(text, encoding="utf-8")
    document = repository / DOCUMENT
    before, _, after = document.read_text(encoding="utf-8").split(MARK)
    document.write_text(before + MARK + rendered(kept) + MARK + after, encoding="utf-8")


def faults(repository: Path, mutants: list[Mutant]) -> Iterator[str]:
    """Where list, JSON and table disagree, one sentence each."""
    found = results(repository)
    listed = {(mutant.guard, mutant.name, mutant.digest) for mutant in mutants}
    run = {(result["Guard"], result["Name"], result["Digest"]) for result in found}
    for guard, name, _ in sorted(listed ^ run):
        yield f"{name} of {guard}: {JSON} has no result of it as it is listed now, or has one that is not listed"
    for result in found:
        if result["Result"] != "caught":
            yield f"{result['Name']}: {result['Result']}"
    if rendered(found) not in (repository / DOCUMENT).read_text(encoding="utf-8").split(MARK):
        yield f"{DOCUMENT}: its table is not the one that {JSON} makes"
