"""The lists of mutants, and what is wrong with them."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LISTS = Path(__file__).parent / "lists"
SOURCES = Path("crates/peering/src")
TESTS = Path("crates/peering/tests")


@dataclass(frozen=True)
class Mutant:
    """One wrong change: `old` becomes `new`, in a file of the domain."""

    guard: str
    name: str
    file: Path
    old: str
    new: str
    removes: str
    tests: tuple[str, ...]
    filter: str | None = None

    @property
    def digest(self) -> str:
        """Of the change alone: a result is about this change and no other."""
        return hashlib.sha256("\0".join([str(self.file), self.old, self.new]).encode()).hexdigest()[:12]


def read() -> list[Mutant]:
    """All mutants, guard by guard."""
    found = []
    for path in sorted(LISTS.glob("*.toml")):
        for fields in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]:
            file, tests = SOURCES / fields.pop("file"), tuple(fields.pop("tests"))
            found.append(Mutant(guard=path.stem, file=file, tests=tests, **fields))
    return found


def faults(repository: Path, mutants: list[Mutant]) -> Iterator[str]:
    """Why a mutant can't be applied or judged, one sentence each."""
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if names.count(mutant.name) > 1:
            yield f"{mutant.name}: another mutant has this name"
        if [each.name for each in mutants if each.digest == mutant.digest] != [mutant.name]:
            yield f"{mutant.name}: another mutant is the same change"
        if mutant.old == mutant.new:
            yield f"{mutant.name}: it changes nothing"
        source = repository / mutant.file
        times = source.read_text(encoding="utf-8").count(mutant.old) if source.is_file() else 0
        if times != 1:
            yield f"{mutant.name}: its old text occurs {times} times in {mutant.file}, and has to occur once"
        files = [repository / TESTS / f"{test}.rs" for test in mutant.tests]
        if not files or not all(file.is_file() for file in files):
            yield f"{mutant.name}: {TESTS} lacks one of {', '.join(mutant.tests) or 'no test'}"
        elif mutant.filter and not any(mutant.filter in file.read_text(encoding="utf-8") for file in files):
            yield f"{mutant.name}: none of its tests is named {mutant.filter}"
