"""What became of the cases of a long run: a JSON document, and the table in RELIABILITY.md."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.report import write_into
from local_cloud.deployed import REPOSITORY

from end_to_end.faults.kinds import KINDS
from end_to_end.faults.places import Case
from end_to_end.faults.trial import Result

DOCUMENT = REPOSITORY / "docs" / "reliability-local-cloud.json"
PAGE = REPOSITORY / "docs" / "RELIABILITY.md"
MARK = "local cloud"
"""The table is between two comments of this name."""

INJECTED, SURVIVED, FAILED, TOLD, CONVERGED = "Injected", "Survived", "FailedByName", "Told", "Converged"
COUNTS = (INJECTED, SURVIVED, FAILED, TOLD, CONVERGED)


@dataclass
class Results:
    seed: str
    tried: list[Case] = field(default_factory=list)
    results: dict[Case, Result] = field(default_factory=dict)
    """Of the cases that passed."""

    def document(self, date: str, machine: dict[str, Any], seconds: float) -> dict[str, Any]:
        reached = [case for case in self.tried if case not in self.results or self.results[case].struck]
        errors = Counter(error for case in reached if case in self.results for error in sorted(set(self.results[case].errors)))
        return {
            "Seed": self.seed,
            "Date": date,
            "Machine": machine,
            "Seconds": round(seconds),
            "Scenarios": len({case.scenario for case in reached}),
            "NotReached": len(self.tried) - len(reached),
            "Kinds": {kind.name: self._counts([case for case in reached if case.kind == kind]) for kind in KINDS},
            "Errors": dict(sorted(errors.items())),
            "Lost": [str(case) for case in reached if case not in self.results],
        }

    def _counts(self, cases: list[Case]) -> dict[str, int]:
        found = [self.results[case] for case in cases if case in self.results]
        failed, held = ([bool(each.errors) for each in found], [each.held and not each.errors for each in found])
        told = len(found) - sum(failed) - sum(held)
        return dict(zip(COUNTS, (len(cases), sum(held), sum(failed), told, len(found)), strict=True))


def table(document: dict[str, Any]) -> str:
    """In Markdown."""
    machine = document["Machine"]
    rows = [[kind, *(counts[count] for count in COUNTS)] for kind, counts in document["Kinds"].items()]
    total = ["all", *(sum(row[column] for row in rows) for column in range(1, len(COUNTS) + 1))]
    errors = ", ".join(f"{count} `{error}`" for error, count in document["Errors"].items())
    return "\n".join(
        [
            f"Seed `{document['Seed']}`, {document['Date']}, {document['Scenarios']} scenarios, {document['Seconds']} s "
            f"on {machine['Cpus']} cores of {machine['Model']}.",
            "",
            "| fault | injected | survived | failed by name | told in the answer | then converged |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            *("| " + " | ".join(str(cell) for cell in row) + " |" for row in [*rows, total]),
            "",
            f"Failed by: {errors or 'none'}. Not converged:{'' if document['Lost'] else ' none.'}",
            *(f"- {case}" for case in document["Lost"]),
        ]
    )


def write(document: dict[str, Any], file: Path = DOCUMENT, page: Path = PAGE) -> None:
    file.write_text(json.dumps(document, indent=2) + "\n")
    write_into(page, {MARK: table(document)})
