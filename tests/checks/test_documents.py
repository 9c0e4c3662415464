"""Every test that a document names exists."""

from __future__ import annotations

import re

from checks.__main__ import ROOT

WRITTEN_IN_CODE = re.compile(r"`([^`\n]+)`")
A_TEST = re.compile(r"[a-z]+(?:_[a-z]+){3,}")


def test_every_test_that_the_security_document_names_exists() -> None:
    paths = [*(ROOT / "tests").rglob("*"), *(ROOT / "crates").glob("*/tests/**/*")]
    files = [path for path in paths if path.suffix in (".py", ".rs")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files)
    words = WRITTEN_IN_CODE.findall((ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8"))
    named_files = {word.rpartition("/")[2] for word in words if word.endswith((".py", ".rs")) and "…" not in word}
    named_tests = {word for word in words if A_TEST.fullmatch(word)}
    assert len(named_files) > 10 and named_tests
    assert named_files <= {path.name for path in files}
    assert {name for name in named_tests if f"fn {name}(" not in sources and f"def {name}(" not in sources} == set()
