"""What is installed is pinned with its digest, and the checks of the crates find what they are for."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from checks.__main__ import ROOT
from checks.pipelines import tool

REQUIREMENTS = sorted(ROOT.glob("*/**/requirements*.txt"))
LOCKS = sorted(ROOT.glob("tests/**/package-lock.json"))
PINNED = re.compile(r"[A-Za-z0-9._-]+==[^ ]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n")
DENY = (ROOT / "deny.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_python_package_has_a_version_and_a_digest(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("#"))
    assert text and PINNED.sub("", text) == ""


def test_nothing_is_installed_without_them() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installing = [line for line in makefile.splitlines() if "pip install" in line and not line.startswith("#")]
    assert len(installing) == 2 and all("--require-hashes" in line for line in installing)
    assert len(REQUIREMENTS) >= 8 and len(LOCKS) == 3
    assert "npm-cli.js ci " in makefile and "npm-cli.js install" not in makefile


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_npm_package_has_a_digest(path: Path) -> None:
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    assert [name for name, each in packages.items() if name and not each.get("integrity")] == []


def deny(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "deny.toml").write_text(text)
    command = [tool("cargo-deny"), "--config", str(tmp_path / "deny.toml"), "check", "-D", "warnings"]
    command += ["bans", "licenses", "sources"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


EXCEPTION = '  { crate = "ring", allow = ["ISC"] },'
SKIPPED = '  { crate = "base64@0.21", reason = "serde_dynamo 4 needs it" },'
FOUND = {
    "a license that isn't allowed": (EXCEPTION, "", "failed to satisfy license requirements"),
    "two versions of a crate": (SKIPPED, "", "duplicate entries for crate 'base64'"),
    "an exception that isn't needed": (SKIPPED, f'{SKIPPED}\n  {{ crate = "serde@0.9", reason = "none" }},', "unmatched"),
    "another source": ('unknown-registry = "deny"', 'unknown-registry = "deny"\nallow-registry = []', "not explicitly allowed"),
}


@pytest.mark.parametrize(("old", "new", "expected"), FOUND.values(), ids=FOUND)
def test_cargo_deny_finds(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert DENY.count(old) == 1
    found = deny(tmp_path, DENY.replace(old, new))
    assert found.returncode and expected in found.stderr, found.stderr


def test_every_exception_of_cargo_deny_has_its_reason() -> None:
    exceptions = [line for line in DENY.splitlines() if line.startswith("  {") or line.startswith('  "Unicode')]
    assert exceptions and [line for line in exceptions if "# " not in line and "reason = " not in line] == []


def test_an_unused_dependency_is_found(tmp_path: Path) -> None:
    copy = tmp_path / "crate"
    (copy / "src").mkdir(parents=True)
    (copy / "src" / "lib.rs").write_text("//! Nothing.\n")
    (copy / "Cargo.toml").write_text(
        '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\nserde = "1"\n[workspace]\n'
    )
    found = subprocess.run(
        [tool("cargo-shear")], cwd=copy, capture_output=True, text=True, env=os.environ | {"CARGO_NET_OFFLINE": "true"}
    )
    assert found.returncode and "unused dependency `serde`" in found.stdout + found.stderr, found.stdout + found.stderr
