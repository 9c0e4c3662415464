"""Starting and stopping the two servers of the local cloud.

``DIR/ministack.pid`` and ``DIR/ec2.pid`` hold the process ids, ``DIR/logs`` the output, ``DIR/env`` the users' variables.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local_cloud import environment, processes

READY_WITHIN_SECONDS = 60
ATTEMPTS = 3
FREE_PORTS = range(20_000, 32_000)
LOG_TAIL_LINES = 30
# A command that is started in place of our own EC2 and STS, with {port} and {events_url} filled in.
EC2_COMMAND = "LOCAL_EC2_COMMAND"


class LocalCloudError(Exception):
    """An error that is reported to the user without a stack trace."""


@dataclass(frozen=True)
class Server:
    """One process of the cloud. It is ready when ``health`` answers 200 or, without one, when its port listens."""

    name: str
    command: list[str]
    port: int
    health: str | None = None

    def pid_file(self, state: Path) -> Path:
        return state / f"{self.name}.pid"

    def log(self, state: Path) -> Path:
        return state / "logs" / f"{self.name}.log"

    def is_ready(self) -> bool:
        if self.health is None:
            return _listens(self.port)
        # Without the environment's proxy: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.health, timeout=2) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False


def servers(state: Path, port: int, ec2_port: int) -> list[Server]:
    """Both servers. Each needs the other's port: functions call EC2, and EC2 sends tag changes to EventBridge."""
    return [_ec2_server(state, port, ec2_port), ministack_server(port)]


def ministack_server(port: int) -> Server:
    command = [sys.executable, "-m", "local_cloud.ministack_server"]
    return Server("ministack", command, port, f"{environment.endpoint(port)}/_local_cloud/health")


def _ec2_server(state: Path, port: int, ec2_port: int) -> Server:
    ministack, call_log = environment.endpoint(port), state / "ec2-calls.jsonl"
    events_url = f"{ministack}/_local_cloud/events"
    if other := os.environ.get(EC2_COMMAND):
        call_log.touch()  # Readers of the log find an empty one, unless the command writes it.
        filled = other.replace("{port}", str(ec2_port)).replace("{events_url}", events_url)
        return Server("ec2", ["/bin/sh", "-c", filled], ec2_port)
    command = [sys.executable, "-m", "local_cloud.ec2", "--port", str(ec2_port), "--call-log", str(call_log)]
    command += ["--events-url", events_url, "--iam-url", ministack]
    return Server("ec2", command, ec2_port, f"{environment.endpoint(ec2_port)}/_local_cloud/health")


def start(state: Path, port: int | None = None, ec2_port: int | None = None) -> int:
    """Start the cloud and write ``DIR/env``; leave a cloud that already runs there as it is."""
    groups = _recorded_groups(state)
    if len(groups) == 2 and all(processes.members(group, state) for group in groups.values()):
        print(f"The local cloud in {state} is already running: {_address(state)}")
        return 0
    stop(state, quiet=True)  # One of the two servers may still run.

    for directory in ("logs", "tmp", "ministack"):
        (state / directory).mkdir(parents=True, exist_ok=True)
    for attempts_left in reversed(range(ATTEMPTS)):
        try:
            _start_on(state, *_ports(port, ec2_port))
            return 0
        except LocalCloudError:
            # Another process may have taken a port since it was chosen.
            if attempts_left == 0 or None not in (port, ec2_port):
                raise
    return 1


def _start_on(state: Path, port: int, ec2_port: int) -> None:
    variables = environment.process_environment(state, port, ec2_port)
    began = time.monotonic()
    started = []
    try:
        for server in servers(state, port, ec2_port):
            process = processes.spawn(server.command, variables, server.log(state))
            server.pid_file(state).write_text(f"{process.pid}\n")
            started.append((server, process))
        for server, process in started:
            _wait_until_ready(server, process, state)
    except BaseException:  # An interrupt by the user, too: no process may stay behind.
        stop(state, quiet=True)
        raise
    environment.write_env_file(state, environment.user_environment(state, port, ec2_port))
    print(f"The local cloud is ready in {time.monotonic() - began:.1f} s: {_address(state)}")


def stop(state: Path, quiet: bool = False) -> int:
    """End every process of the cloud in ``state``. It is no error if none runs."""
    groups = _recorded_groups(state)
    for name, group in groups.items():
        processes.end(group, state)
        (state / f"{name}.pid").unlink(missing_ok=True)
    if not quiet:
        print(f"The local cloud in {state} {'is stopped' if groups else 'was not running'}.")
    return 0


def status(state: Path) -> int:
    """Print which servers run. Exit status 0 if both do, else 3, as for a stopped service."""
    groups = _recorded_groups(state)
    running = {name: bool(processes.members(groups[name], state)) if name in groups else False for name in ("ec2", "ministack")}
    for name, alive in running.items():
        print(f"{name}: {f'running, process {groups[name]}' if alive else 'not running'}")
    if all(running.values()):
        print(_address(state))
        return 0
    return 3


def _wait_until_ready(server: Server, process, state: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not server.is_ready():
        if process.poll() is not None:
            raise LocalCloudError(f"{server.name} ended with status {process.returncode}.\n{_log_tail(server.log(state))}")
        if time.monotonic() > deadline:
            raise LocalCloudError(f"{server.name} did not answer within {READY_WITHIN_SECONDS} s.\n{_log_tail(server.log(state))}")
        time.sleep(0.05)


def _log_tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"The end of {log}:", *(f"  {line}" for line in lines)])


def _recorded_groups(state: Path) -> dict[str, int]:
    """The process groups that the pid files name, by server."""
    return {path.stem: int(path.read_text()) for path in sorted(state.glob("*.pid")) if path.read_text().strip()}


def _ports(port: int | None, ec2_port: int | None) -> tuple[int, int]:
    """The ports that were given, and free ones in place of those that were not."""
    for given in filter(None, (port, ec2_port)):
        _refuse_if_taken(given)
    free = free_ports()
    return port or next(free), ec2_port or next(free)


def free_ports() -> Iterator[int]:
    """Free ports, below the range that the kernel uses for outgoing connections."""
    return filter(_is_free, random.sample(FREE_PORTS, len(FREE_PORTS)))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def _refuse_if_taken(port: int) -> None:
    """A process that listens there already could answer the health check in place of our server."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise LocalCloudError(f"port {port} cannot be used: {error.strerror}") from error


def _address(state: Path) -> str:
    return environment.read_env_file(state).get("AWS_ENDPOINT_URL", "address unknown")
