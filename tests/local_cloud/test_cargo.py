"""How the Makefile runs cargo: its progress, its exit status, and flags that an older cargo does not know."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from local_cloud import processes
from local_cloud.deployed import REPOSITORY
from local_cloud.ministack_test.cloud import until

FAKE_CARGO = """#!/bin/sh
for argument; do [ "$argument" != -Zmade-up ] || { echo "error: unknown -Z flag" >&2; exit 101; }; done
echo "cargo $*"
[ "$1" = locate-project ] || [ "$2" = locate-project ] || { echo $$ > "$0.pid"; sleep "${SECONDS_TO_RUN:-0}"; exit "${STATUS:-0}"; }
"""


@pytest.fixture
def cargo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cargo that prints its arguments, runs for SECONDS_TO_RUN and exits with STATUS."""
    path = tmp_path / "cargo"
    path.write_text(FAKE_CARGO)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CARGO_REPORT_SECONDS", "1")
    return path


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)


def test_without_a_terminal_lines_with_the_elapsed_time_are_printed(cargo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDS_TO_RUN", "1.5")
    assert run(".ci/cargo", "build", "--locked").stdout.splitlines() == ["cargo build --quiet --locked", "  cargo build: 1 s"]


def test_on_a_terminal_cargo_prints_its_own_progress(cargo: Path) -> None:
    ours, terminal = pty.openpty()
    subprocess.run([".ci/cargo", "build", "--locked"], cwd=REPOSITORY, stdout=terminal, stderr=terminal, timeout=60, check=True)
    os.close(terminal)
    assert os.read(ours, 1000).decode().splitlines() == ["cargo build --locked"]
    os.close(ours)


def test_the_exit_status_is_cargos(cargo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATUS", "101")
    assert run(".ci/cargo", "build").returncode == 101


def test_nothing_runs_on_when_it_is_stopped(cargo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDS_TO_RUN", "60")
    running = subprocess.Popen([".ci/cargo", "build"], cwd=REPOSITORY, stdout=subprocess.PIPE, start_new_session=True)
    pid_file = cargo.with_name("cargo.pid")
    until(lambda: pid_file.exists() and pid_file.read_text().endswith("\n"))
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=30) == 128 + signal.SIGTERM
    until(lambda: processes.group_of(int(pid_file.read_text())) is None)
    os.killpg(running.pid, signal.SIGKILL)  # The fake cargo's own sleep.


@pytest.mark.parametrize("flag", ("-Zprofile-hint-mostly-unused", "-Zmade-up"))
def test_a_flag_that_cargo_does_not_know_is_left_out(cargo: Path, flag: str) -> None:
    printed = run("make", "--dry-run", "functions", f"UNSTABLE={flag}").stdout
    is_known = flag != "-Zmade-up"
    assert (f"RUSTC_BOOTSTRAP=1 .ci/cargo build --locked {flag} --workspace" in printed) == is_known
    assert (f"this cargo does not know {flag}: building without it" in printed) != is_known
    assert ".ci/cargo build --locked" in printed
