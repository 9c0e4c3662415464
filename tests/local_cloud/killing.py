"""Killing the function that has made a call: the process at the other end of the call's connection. Linux only: ``/proc``."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from local_cloud.environment import STATE_MARK


def kill_function(port: int) -> None:
    """Kill the process whose connections include the one from that port of 127.0.0.1, if it is a function of this cloud."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        if _is_our_function(process) and sockets & _open_files(process):
            os.kill(int(process.name), signal.SIGKILL)


def _inodes(port: int) -> list[str]:
    """Of the sockets at that local port. https://docs.kernel.org/networking/proc_net_tcp.html"""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port and row[9] != "0"]


def _open_files(process: Path) -> set[str]:
    try:
        return {os.readlink(file) for file in (process / "fd").iterdir()}
    except OSError:
        return set()  # It has ended, or closed the file meanwhile.


def _is_our_function(process: Path) -> bool:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    of_this_cloud = f"{STATE_MARK}={os.environ.get(STATE_MARK)}".encode()
    return of_this_cloud in variables and any(each.startswith(b"AWS_LAMBDA_FUNCTION_NAME=") for each in variables)
