"""What every check reads and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A file's text under the name by which findings call it; tests make broken ones that exist only in memory."""

    name: str
    text: str

    @classmethod
    def read(cls, root: Path, path: Path) -> Source:
        return cls(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))

    def finding(self, line: int | None, message: str) -> Finding:
        return Finding(self.name, line, message)


@dataclass(frozen=True)
class Finding:
    """Something wrong, and where."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"
