"""Process groups: starting one, recognising it as ours, and ending all of it.

Each server runs as the leader of its own group. MiniStack's Lambda functions are its children and stay in that group,
so ending the group ends them too, even those whose parent is already gone. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from local_cloud.environment import STATE_MARK


def spawn(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start ``command`` as the leader of a new process group, writing to ``log``."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def members(group: int, state: Path) -> list[int]:
    """The living processes of ``group`` that belong to the cloud in ``state``.

    A process id may have been given to somebody else since it was written down. A process is ours only if its
    environment carries our mark.
    """
    return [pid for pid in _all_processes() if group_of(pid) == group and _is_ours(pid, state)]


def end(group: int, state: Path, patience: float = 5.0) -> None:
    """Ask the group to end; after ``patience`` seconds, make it."""
    _signal(group, state, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while members(group, state) and time.monotonic() < deadline:
        time.sleep(0.05)
    while members(group, state):  # Again and again: a process may have been starting a child meanwhile.
        _signal(group, state, signal.SIGKILL)
        time.sleep(0.01)


def _signal(group: int, state: Path, number: signal.Signals) -> None:
    for pid in members(group, state):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # It ended by itself in the meantime.


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def group_of(pid: int) -> int | None:
    """The process group of ``pid``, or None if it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the command in parentheses and may hold anything; the fields after it are plain.
    status, _parent, group = stat.rpartition(")")[2].split()[:3]
    return None if status == "Z" else int(group)


def _is_ours(pid: int, state: Path) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{STATE_MARK}={state}".encode() in variables
