"""Large organizations, in memory: the sweep, at a quarter of a second a call of EC2; the plan of groups; and their lanes."""

import json
import subprocess
from pathlib import Path
from typing import Any

RUN = ["run", "--release", "--package", "isthmus-testing", "--example"]


def measure(repository: Path, subject: str) -> dict[str, Any]:
    """What `crates/testing/examples/<subject>_at_scale.rs` prints."""
    command = [".ci/cargo", *RUN, f"{subject}_at_scale"]
    ran = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True)
    [figures] = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    return json.loads(figures)
