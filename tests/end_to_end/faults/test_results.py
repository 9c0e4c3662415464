"""The figures of a long run, and the table that is made of them."""

from __future__ import annotations

import json
from pathlib import Path

from end_to_end.faults.kinds import KINDS
from end_to_end.faults.places import Case
from end_to_end.faults.results import Results, write
from end_to_end.faults.trial import Result

MACHINE = {"Cpus": 2, "Model": "a processor"}


def case(nth: int, kind: str = "throttled once") -> Case:
    return Case(
        "teardown", "ec2 DeleteRoute us-east-1 123456789012", nth, "DeleteRoutes", {each.name: each for each in KINDS}[kind]
    )


def test_every_case_is_counted_once() -> None:
    results = Results("7", [case(0), case(1), case(2), case(0, "AccessDenied for ever"), case(1, "AccessDenied for ever")])
    results.results = {
        case(0): Result(1, held=True),
        case(1): Result(1, held=False),
        case(2): Result(0, held=True),
        case(0, "AccessDenied for ever"): Result(4, held=False, errors=["AccessDenied", "AccessDenied"]),
    }
    document = results.document("2026-11-27", MACHINE, 12.4)
    assert document["Kinds"]["throttled once"] == {"Injected": 2, "Survived": 1, "FailedByName": 0, "Told": 1, "Converged": 2}
    assert document["Kinds"]["AccessDenied for ever"] == {
        "Injected": 2,
        "Survived": 0,
        "FailedByName": 1,
        "Told": 0,
        "Converged": 1,
    }
    assert (document["NotReached"], document["Errors"]) == (1, {"AccessDenied": 1})
    assert document["Lost"] == [str(case(1, "AccessDenied for ever"))]


def test_the_document_and_the_table_are_written(tmp_path: Path) -> None:
    file, page = tmp_path / "figures.json", tmp_path / "page.md"
    page.write_text("Before.\n<!-- local cloud -->\nan earlier run\n<!-- local cloud -->\nAfter.\n")
    results = Results("7", [case(0), case(1)], {case(0): Result(1, held=True)})
    write(results.document("2026-11-27", MACHINE, 12.4), file, page)
    assert json.loads(file.read_text())["Machine"] == MACHINE
    text = page.read_text()
    assert text.startswith("Before.\n<!-- local cloud -->\nSeed `7`, 2026-11-27, 1 scenarios, 12 s on 2 cores of a processor.\n")
    assert "\n| throttled once | 2 | 1 | 0 | 0 | 1 |\n" in text and "\n| all | 2 | 1 | 0 | 0 | 1 |\n" in text
    assert "an earlier run" not in text and text.endswith(f"Not converged:\n- {case(1)}\n<!-- local cloud -->\nAfter.\n")
