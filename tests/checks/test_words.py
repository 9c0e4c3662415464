"""Words that the code and the documents do not use: figures of speech with a plain equivalent."""

from __future__ import annotations

import re

from checks.__main__ import ROOT

PLACES = ("crates", "functions", "statemachine", "template.yaml", "member/template.yaml", "docs", "README.md")
AVOIDED = re.compile(r"wish|hush|\bvoice\b|doomed|misspel", re.IGNORECASE)


def test_only_plain_words_are_used() -> None:
    paths = [path for place in PLACES for path in (ROOT / place, *(ROOT / place).rglob("*"))]
    files = [path for path in paths if path.is_file() and path.suffix != ".png"]
    assert len(files) > len(PLACES)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in files
        for number, line in enumerate([str(path.relative_to(ROOT)), *path.read_text(encoding="utf-8").splitlines()])
        for match in AVOIDED.finditer(line)
    ]
    assert found == []
