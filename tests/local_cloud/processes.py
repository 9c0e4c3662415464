"""Process groups: starting one, recognizing it as ours, and ending all its processes.

Each server runs as the leader of its own group. MiniStack's Lambda functions are its children and stay in that group,
so ending the group ends them as well, even if their parent has ended. Linux only: it reads ``/proc``.
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

    The system may have given the process id to another process since it was recorded. A process is ours only if its
    environment has our variable.
    """
    return [pid for pid in _all_processes() if group_of(pid) == group and _is_ours(pid, state)]


def end(group: int, state: Path, patience: float = 5.0) -> None:
    """Send SIGTERM to the group; after ``patience`` seconds, SIGKILL."""
    _signal(group, state, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while members(group, state) and time.monotonic() < deadline:
        time.sleep(0.05)
    while members(group, state):  # Repeated, because a process may have started a child meanwhile.
        _signal(group, state, signal.SIGKILL)
        time.sleep(0.01)


def _signal(group: int, state: Path, number: signal.Signals) -> None:
    for pid in members(group, state):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # It has ended meanwhile.


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def group_of(pid: int) -> int | None:
    """The process group of ``pid``, or None if the process has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the command in parentheses and may contain anything; the fields after it have no parentheses.
    status, _parent, group = stat.rpartition(")")[2].split()[:3]
    return None if status == "Z" else int(group)


def _is_ours(pid: int, state: Path) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{STATE_MARK}={state}".encode() in variables
