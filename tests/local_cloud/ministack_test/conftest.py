"""One MiniStack with our patches for all tests, without EC2: nothing here calls it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud import environment, function_calls, processes
from local_cloud.launcher import READY_WITHIN_SECONDS, Server, free_ports, ministack_server
from local_cloud.ministack_test.cloud import Cloud, unique
from local_cloud.ministack_test.ledger_table import Table


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("cloud")
    (state / "tmp").mkdir()
    port = next(free_ports())
    server = ministack_server(port)
    log = state / "ministack.log"
    process = processes.spawn(server.command, environment.process_environment(state, port, port), log)
    try:
        _wait_until_ready(server, process, log)
        yield Cloud(environment.endpoint(port), state / function_calls.FILE)
    finally:
        processes.end(process.pid, state)


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> Iterator[Table]:
    """A table like the stack's ledger."""
    made = Table(cloud)
    yield made
    made.client.delete_table(TableName=made.name)


@pytest.fixture
def pair() -> str:
    """The key of an item that no other test has."""
    return unique("vpc-1@us-east-1@123456789012|vpc")


def _wait_until_ready(server: Server, process, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not server.is_ready():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
