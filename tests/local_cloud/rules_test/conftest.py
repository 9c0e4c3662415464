"""One server for the whole run, its settings reset before every test."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local_cloud.ec2.control import Control
from local_cloud.ec2.state import UNDOCUMENTED
from local_cloud.launcher import READY_WITHIN_SECONDS, free_ports

from .cloud import Cloud

INSTANT = {
    "pending_after": 0,
    "provisioning_for": 0,
    "visible_after": 0,
    "requester_visible_after": 0,
    "deleting_for": 0,
}
NO_QUOTAS = {"peerings_per_vpc": 50, "outstanding_requests": 100_000, "routes_per_table": 500}


@pytest.fixture(scope="session", autouse=True)
def credentials() -> None:
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    os.environ.pop("AWS_SESSION_TOKEN", None)


@pytest.fixture(scope="session")
def received_events() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An event bus: its URL and what it has received."""
    received: list[dict[str, Any]] = []

    class Bus(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bus)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", received
    server.shutdown()


@pytest.fixture(scope="session")
def running_cloud(
    tmp_path_factory: pytest.TempPathFactory, received_events: tuple[str, list[dict[str, Any]]], credentials: None
) -> Iterator[Cloud]:
    port, log = next(free_ports()), tmp_path_factory.mktemp("ec2") / "calls.jsonl"
    events_url, events = received_events
    command = [sys.executable, "-m", "local_cloud.ec2", "--port", str(port), "--call-log", str(log)]
    server = subprocess.Popen([*command, "--events-url", events_url], cwd=Path(__file__).parents[2])
    cloud = Cloud(f"http://127.0.0.1:{port}", Control(f"http://127.0.0.1:{port}"), log, events)
    try:
        _wait_until_healthy(server, cloud.control)
        yield cloud
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def cloud(running_cloud: Cloud) -> Cloud:
    """The cloud without delays and with high quotas; a test about either sets its own."""
    running_cloud.control.set(**INSTANT, **UNDOCUMENTED, quotas=NO_QUOTAS)
    running_cloud.control.clear_faults()
    running_cloud.control.set_latency(0)
    running_cloud.control.disturb_events()
    return running_cloud


def _wait_until_healthy(server: subprocess.Popen[bytes], control: Control) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            control.health()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the local EC2 did not start")
