"""The input and the result of every check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """The text of a file, and its path from the repository's root. Tests create invalid ones in memory."""

    name: str
    text: str

    @classmethod
    def read(cls, root: Path, path: Path) -> Source:
        return cls(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))

    def finding(self, line: int | None, message: str) -> Finding:
        return Finding(self.name, line, message)


@dataclass(frozen=True)
class Finding:
    """A problem and its place."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"
