"""Applies each mutant to a copy of the repository, runs the tests that have to notice it, and writes what came of it.

Exits with 1 unless every mutant that it runs is caught.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from mutants import listing, table
from mutants.listing import Mutant
from mutants.scratch import Outcome, Scratch

REPOSITORY = Path(__file__).resolve().parents[2]
LINES_SHOWN = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="where the copy is kept")
    parser.add_argument("--cargo", default="cargo", help="the command that is cargo")
    parser.add_argument("--only", default="", help="a part of the names of the mutants, or a guard")
    parser.add_argument(
        "--missing", action="store_true", help="only those that aren't known to be caught: to go on after an interruption"
    )
    parser.add_argument(
        "--seconds", type=int, default=600, help="how long a build and its tests may take: a mutant may make one run for ever"
    )
    parser.add_argument("flags", nargs="*", help="flags of cargo, after --")
    arguments = parser.parse_args()
    mutants = listing.read()
    wrong = list(listing.faults(REPOSITORY, mutants))
    if wrong:
        print("\n".join(wrong))
        return 1
    known = table.results(REPOSITORY)
    chosen = [mutant for mutant in mutants if arguments.only in (mutant.guard, "") or arguments.only in mutant.name]
    chosen = [mutant for mutant in chosen if not (arguments.missing and table.is_caught(known, mutant))]
    if not chosen:
        print("there is no such mutant")
        return 1
    command = [*shlex.split(arguments.cargo), "test", *arguments.flags]
    scratch = Scratch(REPOSITORY, arguments.state.resolve() / "repository", command, arguments.seconds)
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    print(f"{len(tests)} test binaries without a mutant", flush=True)
    without = scratch.test(tests)
    if without.result != "survived":
        print(f"they have to pass:\n{without.output}")
        return 1
    results = []
    for mutant in chosen:
        results.append(run(scratch, mutant))
        table.add(REPOSITORY, mutants, results)
    caught = [result["Result"] for result in results].count("caught")
    print(f"{caught} of {len(results)} mutants are caught")
    return 0 if caught == len(results) else 1


def run(scratch: Scratch, mutant: Mutant) -> dict[str, Any]:
    outcome: Outcome = scratch.run(mutant)
    told = outcome.result if outcome.result == "caught" else outcome.result.upper()
    print(f"{told:9} {outcome.seconds:6.1f} s  {mutant.guard}: {mutant.name} ({len(outcome.failed)} tests fail)", flush=True)
    if outcome.result in ("does not compile", "cargo failed"):
        print("\n".join(outcome.output.splitlines()[-LINES_SHOWN:]), flush=True)
    return {
        "Guard": mutant.guard,
        "Name": mutant.name,
        "File": str(mutant.file),
        "Removes": mutant.removes,
        "Digest": mutant.digest,
        "Result": outcome.result,
        "CaughtBy": outcome.failed,
        "Day": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    sys.exit(main())
