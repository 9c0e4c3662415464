"""Limits a process to Lambda's share of a core: a function of 128 MB gets 128/1769 of one.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: "At 1,769 MB, a function has the equivalent of one vCPU"
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARE_OF_128_MB = 128 / 1769
V2 = Path("/sys/fs/cgroup")
V1 = Path("/sys/fs/cgroup/cpu")
NAME = f"isthmus-bench-{os.getpid()}"


def mechanism() -> str:
    """The mechanism that limits CPU time on this machine."""
    if (V2 / "cgroup.controllers").exists() and "cpu" in (V2 / "cgroup.subtree_control").read_text() and os.access(V2, os.W_OK):
        return "cgroup v2"
    if (V1 / "cpu.cfs_quota_us").exists() and os.access(V1, os.W_OK):
        return "cgroup v1"
    return "SIGSTOP"


@contextmanager
def limited(pid: int, period_ms: float, share: float = SHARE_OF_128_MB) -> Iterator[None]:
    """Limits the process to `share` of a core, in periods of that length."""
    if mechanism() == "SIGSTOP":
        with _stopped_and_continued(pid, period_ms / 1000, share):
            yield
        return
    group = limit(pid, period_ms, share)
    try:
        yield
    finally:
        release(pid, group)


def limit(pid: int, period_ms: float, share: float = SHARE_OF_128_MB) -> Path:
    """Moves the process to its own control group with the limit."""
    period = int(period_ms * 1000)
    group = _group(pid)
    if group.is_relative_to(V1):
        (group / "cpu.cfs_period_us").write_text(str(period))
        (group / "cpu.cfs_quota_us").write_text(str(int(period * share)))
    else:
        (group / "cpu.max").write_text(f"{int(period * share)} {period}")
    (group / "cgroup.procs").write_text(str(pid))
    return group


@contextmanager
def prioritized() -> Iterator[None]:
    """Gives this process and its children priority over all other processes."""
    if mechanism() == "SIGSTOP":
        yield
        return
    group = _group(os.getpid())
    (group / "cgroup.procs").write_text(str(os.getpid()))
    try:
        yield
    finally:
        release(os.getpid(), group)


def _group(pid: int) -> Path:
    """A new control group for that process, with the maximum weight."""
    v2 = mechanism() == "cgroup v2"
    group = (V2 if v2 else V1) / f"{NAME}-{pid}"
    group.mkdir()
    name, weight = ("cpu.weight", "10000") if v2 else ("cpu.shares", "262144")
    (group / name).write_text(weight)
    return group


def release(pid: int, group: Path) -> None:
    """Moves the process back, if it still runs, and removes its group."""
    if Path(f"/proc/{pid}").exists():
        (group.parent / "cgroup.procs").write_text(str(pid))
    for _ in range(50):
        try:
            return group.rmdir()
        except OSError:
            time.sleep(0.02)  # a process that has just ended is still in it


@contextmanager
def _stopped_and_continued(pid: int, period: float, share: float) -> Iterator[None]:
    """Without writable control groups. Less precise: CPU time that the process does not use in a period is lost."""
    done = threading.Event()

    def cycle() -> None:
        while not done.is_set():
            os.kill(pid, signal.SIGCONT)
            time.sleep(period * share)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(period * (1 - share))
        os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=cycle)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
