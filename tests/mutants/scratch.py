"""The copy of the repository that mutants are applied to. It stays from run to run, so that cargo reuses what it has built."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants.listing import Mutant

FAILED = re.compile(r"^test (\S+) \.\.\. FAILED$", re.MULTILINE)
NOT_BUILT = "error: could not compile"
ENDED_BY = ("test result: FAILED", "process didn't exit successfully")


@dataclass(frozen=True)
class Outcome:
    """How the tests ended with a mutant, or without."""

    result: str
    failed: list[str]
    seconds: float
    output: str


class Scratch:
    """The copy, and how cargo is run in it."""

    def __init__(self, repository: Path, place: Path, command: Sequence[str], seconds: int) -> None:
        self.place, self.seconds = place, seconds
        # One of its own: cargo takes the same package of two checkouts for one, and a mutant must be in no other build.
        # Each build differs from the last in one place: what an incremental one keeps halves its time.
        self.environment = {**os.environ, "CARGO_TARGET_DIR": str(place.parent / "target"), "CARGO_INCREMENTAL": "1"}
        self.command = [*command, "--package", "isthmus-peering", "--no-fail-fast"]
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, check=True, capture_output=True, text=True).stdout
        tracked = {name for name in listed.split("\0") if name and (repository / name).is_file()}
        for name in tracked:
            write(place / name, (repository / name).read_bytes())
        for path in [path for path in place.rglob("*") if path.is_file()]:
            if str(path.relative_to(place)) not in tracked:
                path.unlink()

    def run(self, mutant: Mutant) -> Outcome:
        """Applies the mutant, runs its tests, and takes it back."""
        file = self.place / mutant.file
        source = file.read_text(encoding="utf-8")
        write(file, source.replace(mutant.old, mutant.new).encode())
        try:
            return self.test(mutant.tests, mutant.filter)
        finally:
            write(file, source.encode())

    def test(self, tests: Sequence[str], name: str | None = None) -> Outcome:
        """Runs these test binaries, of which `name` is a part of the tests' names."""
        binaries = [word for test in tests for word in ("--test", test)]
        began = time.monotonic()
        process = subprocess.Popen(
            [*self.command, *binaries, *(["--", name] if name else [])],
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=self.seconds)
            result, failed = judge(process.returncode, output), sorted(FAILED.findall(output))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            result, failed = "caught", [f"no end within {self.seconds} seconds"]
        return Outcome(result, failed, round(time.monotonic() - began, 1), output)


def judge(code: int, output: str) -> str:
    """What the end of `cargo test` says about a mutant."""
    if code == 0:
        return "survived"
    if NOT_BUILT in output:
        return "does not compile"
    return "caught" if any(end in output for end in ENDED_BY) else "cargo failed"


def write(path: Path, content: bytes) -> None:
    """Only where it differs: cargo builds anew what has a later time."""
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
