"""The version check finds each file that differs."""

from __future__ import annotations

import pytest

from checks import __main__ as repository
from checks import version
from checks.source import Source
from checks.test_checks import assert_found, replace

VERSION, CARGO = (Source.read(repository.ROOT, repository.ROOT / name) for name in ("VERSION", "Cargo.toml"))
NUMBER = VERSION.text.strip()
OUTPUT = Source("template.yaml", f"Outputs:\n  Version:\n    Value: {NUMBER}\n")

MUTANTS = {
    "another version": ([replace(VERSION, NUMBER, "9.9.9"), CARGO, OUTPUT], "but VERSION is 9.9.9"),
    "not a version": ([replace(VERSION, NUMBER, f"v{NUMBER}"), CARGO, OUTPUT], "not one line with a semantic version"),
    "another version of the workspace": ([VERSION, replace(CARGO, NUMBER, "9.9.9"), OUTPUT], "the workspace is 9.9.9"),
    "another output": ([VERSION, CARGO, replace(OUTPUT, NUMBER, "9.9.9")], "the output Version is 9.9.9"),
    "no output": ([VERSION, CARGO, replace(OUTPUT, "Version", "Release")], "the output Version is None"),
}


@pytest.mark.parametrize(("files", "expected"), MUTANTS.values(), ids=MUTANTS)
def test_version_mutant(files: list[Source], expected: str) -> None:
    assert_found(version.check(*files), expected)


def test_equal_versions_pass() -> None:
    assert list(version.check(VERSION, CARGO, OUTPUT)) == []
