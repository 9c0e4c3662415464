"""`make package` and `make deploy`, as far as they come before anything is built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from checks.__main__ import ROOT


def make(tmp_path: Path, *arguments: str, installed: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`make` with a Rust in which these targets are installed, and which can't compile."""
    sysroot = tmp_path / "sysroot"
    for target in installed:
        (sysroot / "lib" / "rustlib" / target / "lib").mkdir(parents=True)
    programs = {"rustc": f"echo {sysroot}", "cargo": "echo cargo was started; exit 1"}
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    set_by_make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARCH", "PROFILE")
    inherited = {name: value for name, value in os.environ.items() if name not in set_by_make}
    variables = inherited | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def test_a_processor_whose_target_is_not_installed_is_skipped_by_name(tmp_path: Path) -> None:
    made = make(tmp_path, "package")
    assert "arm64 is skipped: its target isn't installed (rustup target add aarch64-unknown-linux-gnu)" in made.stdout
    assert "x86_64 is skipped: its target isn't installed (rustup target add x86_64-unknown-linux-gnu)" in made.stdout
    assert made.returncode and "there is nothing to package" in made.stderr


def test_the_others_are_built(tmp_path: Path) -> None:
    made = make(tmp_path, "package", installed=("aarch64-unknown-linux-gnu",))
    assert "arm64 is skipped" not in made.stdout and "building the functions (release, arm64)" in made.stdout
    assert made.returncode and "cargo was started" in made.stdout


def test_on_macos_it_says_at_once_that_it_does_not_work(tmp_path: Path) -> None:
    made = make(tmp_path, "deploy", "UNAME=Darwin")
    assert made.returncode and "make deploy needs Linux, and this is Darwin: install a release instead" in made.stderr
    assert made.stdout == ""
