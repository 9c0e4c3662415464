"""A local cloud with the stack deployed, for the length of a test run."""

import fcntl
import os
import subprocess
import sys
import uuid
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
        _make("local-deploy", f"STATE={state}", f"BUILT={_built()}")
        _local_cloud("outputs", state)
        yield variables(state)


def _built() -> Path:
    """What `sam build` writes, once for all workers of a test run."""
    built = REPOSITORY / ".local" / "test" / "sam"
    built.parent.mkdir(parents=True, exist_ok=True)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(uuid.uuid4())
    with built.with_suffix(".run").open("a+") as last:
        fcntl.flock(last, fcntl.LOCK_EX)
        last.seek(0)
        if last.read() != run:
            _make("local-build", f"BUILT={built}")
            last.truncate(0)
            last.write(run)
    return built


def variables(state: Path) -> dict[str, str]:
    """The variables that ``DIR/env`` exports."""
    return read_env_file(state)


def _make(*arguments: str) -> None:
    subprocess.run(["make", *arguments], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)


def _local_cloud(command: str, state: Path) -> None:
    arguments = [sys.executable, "-m", "local_cloud", command, "--state", state]
    subprocess.run(arguments, cwd=REPOSITORY / "tests", check=True, stdout=subprocess.DEVNULL)
