"""The check of the mutants finds each one that can't be applied, and each whose result is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mutants import listing, table
from mutants.scratch import judge

from checks.__main__ import ROOT

MUTANTS = listing.read()


def test_every_mutant_can_be_applied_and_judged() -> None:
    assert len(MUTANTS) > 60
    assert {mutant.guard for mutant in MUTANTS} == set(table.GUARDS)
    assert list(listing.faults(ROOT, MUTANTS)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"old": "no such text"}, "occurs 0 times"),
        ({"old": "fn "}, "times in"),
        ({"new": MUTANTS[0].old}, "it changes nothing"),
        ({"file": Path("crates/peering/src/nowhere.rs")}, "occurs 0 times"),
        ({"tests": ("nothing",)}, "lacks one of nothing"),
        ({"tests": ()}, "lacks one of no test"),
        ({"filter": "no_such_test"}, "none of its tests is named no_such_test"),
        ({"name": MUTANTS[1].name}, "another mutant has this name"),
        ({"file": MUTANTS[1].file, "old": MUTANTS[1].old, "new": MUTANTS[1].new}, "another mutant is the same change"),
    ],
)
def test_a_mutant_that_can_t_be_applied_is_named(change: dict[str, object], expected: str) -> None:
    wrong = replace(MUTANTS[0], **change)  # type: ignore[arg-type]
    assert any(expected in fault for fault in listing.faults(ROOT, [wrong, *MUTANTS[1:]]))


def test_a_result_of_another_change_is_none() -> None:
    changed = replace(MUTANTS[0], new=MUTANTS[0].new + " ")
    assert any("has no result of it" in fault for fault in table.faults(ROOT, [changed, *MUTANTS[1:]]))
    assert any("has no result of it" in fault for fault in table.faults(ROOT, MUTANTS[1:]))


def test_only_a_test_that_fails_catches_a_mutant() -> None:
    assert judge(0, "test result: ok.") == "survived"
    assert judge(101, "test one ... FAILED\n\ntest result: FAILED.") == "caught"
    assert judge(101, "error: could not compile `isthmus-peering`") == "does not compile"
    assert judge(101, "error: failed to write to the disk") == "cargo failed"
