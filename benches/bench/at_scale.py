"""The sweep of a large organization, on a network in memory in which each call of EC2 takes a quarter of a second."""

import json
import subprocess
from pathlib import Path

EXAMPLE = ["run", "--release", "--package", "isthmus-testing", "--example", "sweep_at_scale"]


def measure(repository: Path) -> dict[str, float]:
    """What `crates/testing/examples/sweep_at_scale.rs` prints."""
    ran = subprocess.run([".ci/cargo", *EXAMPLE], cwd=repository, check=True, capture_output=True, text=True)
    [figures] = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    return json.loads(figures)
