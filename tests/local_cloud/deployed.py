"""A local cloud with the stack deployed, for the length of a test run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_cloud.environment import read_env_file

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def started(state: Path) -> Iterator[dict[str, str]]:
    """Starts a cloud in that directory, with nothing deployed, yields the variables of ``DIR/env``, and always stops it."""
    _local_cloud("stop", state)
    _local_cloud("start", state)
    try:
        yield variables(state)
    finally:
        _local_cloud("stop", state)


@contextmanager
def deployed(state: Path) -> Iterator[dict[str, str]]:
    """The same with the stack deployed."""
    with started(state):
        subprocess.run(["make", "local-deploy", f"STATE={state}"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        _local_cloud("outputs", state)
        yield variables(state)


def variables(state: Path) -> dict[str, str]:
    """The variables that ``DIR/env`` exports."""
    return read_env_file(state)


def _local_cloud(command: str, state: Path) -> None:
    arguments = [sys.executable, "-m", "local_cloud", command, "--state", state]
    subprocess.run(arguments, cwd=REPOSITORY / "tests", check=True, stdout=subprocess.DEVNULL)
