"""A local cloud with the stack deployed, for as long as somebody needs it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def deployed(state: Path) -> Iterator[dict[str, str]]:
    """Starts a cloud of its own in that folder, deploys the stack, and stops it at the end whatever happens.

    Answers the variables that reach it.
    """
    _local_cloud("stop", state)
    _local_cloud("start", state)
    try:
        subprocess.run(["make", "local-deploy", f"STATE={state}"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
        _local_cloud("outputs", state)
        yield variables(state)
    finally:
        _local_cloud("stop", state)


def variables(state: Path) -> dict[str, str]:
    """What `DIR/env` exports."""
    lines = (state / "env").read_text().splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)


def _local_cloud(command: str, state: Path) -> None:
    arguments = [sys.executable, "-m", "local_cloud", command, "--state", state]
    subprocess.run(arguments, cwd=REPOSITORY / "tests", check=True, stdout=subprocess.DEVNULL)
