"""The step of the example workflow ends with the status of its script, in the shell that GitHub uses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.__main__ import ROOT

# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}


def peering_step() -> dict[str, Any]:
    workflow = yaml.safe_load((ROOT / "examples" / "pipelines" / "github-actions.yml").read_text(encoding="utf-8"))
    [step] = [step for job in workflow["jobs"].values() for step in job["steps"] if "start-and-wait.sh" in step.get("run", "")]
    return step


@pytest.mark.parametrize("status", [0, 1, 64])
def test_the_step_has_the_exit_status_of_the_script(tmp_path: Path, status: int) -> None:
    scripts = {"bin/jq": "cat > /dev/null\n", ".github/start-and-wait.sh": f"cat > /dev/null\nexit {status}\n"}
    for name, text in scripts.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}")
        (tmp_path / name).chmod(0o755)
    step = peering_step()
    (tmp_path / "step.sh").write_text(step["run"])
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    ran = subprocess.run([*SHELLS[step.get("shell")], "step.sh"], cwd=tmp_path, env={"PATH": path}, stdin=subprocess.DEVNULL)
    assert ran.returncode == status
