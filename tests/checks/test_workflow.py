"""Steps of workflows, run in the shell that GitHub uses: the example's, and the release's as far as they are scripts."""

from __future__ import annotations

import os
import re
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


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RELEASE = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
CHANGELOG = """# Changelog

## Unreleased

- Later.

## 1.2.3 - 2026-12-01

### Added

- This.

## 1.2.2 - 2026-11-01

- Before.
"""


def run_step(folder: Path, job: str, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    [step] = [step for step in RELEASE["jobs"][job]["steps"] if step["name"] == name]
    (folder / "step.sh").write_text(step["run"])
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([*SHELLS[step.get("shell")], "step.sh"], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("tag", "version", "expected"),
    [
        ("v1.2.3", "1.2.3", ""),
        ("v1.2.4", "1.2.3", "the tag is v1.2.4, but VERSION is 1.2.3"),
        ("v1.2.30", "1.2.30", "CHANGELOG.md has nothing about 1.2.30"),
        ("v1.2", "1.2", "CHANGELOG.md has nothing about 1.2"),
    ],
)
def test_a_tag_is_released_if_version_and_change_log_say_so(tmp_path: Path, tag: str, version: str, expected: str) -> None:
    (tmp_path / "VERSION").write_text(f"{version}\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    ran = run_step(tmp_path, "build", "Compare the tag with VERSION and CHANGELOG.md", GITHUB_REF_NAME=tag)
    assert (ran.returncode != 0, ran.stderr.strip()) == (bool(expected), expected)
    if not expected:
        assert (tmp_path / "release-notes.md").read_text().strip() == "### Added\n\n- This."


def test_the_release_has_every_file(tmp_path: Path) -> None:
    for name in ("dist/SHA256SUMS", "dist/sweep-arm64.zip", "gh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "gh").chmod(0o755)
    ran = run_step(tmp_path, "publish", "Make the release", GITHUB_REF_NAME="v1.2.3", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert ran.stdout.splitlines()[:3] == ["release", "create", "v1.2.3"] and "Isthmus 1.2.3" in ran.stdout
    assert ran.stdout.splitlines()[-2:] == ["dist/SHA256SUMS", "dist/sweep-arm64.zip"]


def test_a_release_waits_for_the_tests_and_is_attested() -> None:
    publish = RELEASE["jobs"]["publish"]
    assert (
        publish["needs"] == ["check-and-test", "build"]
        and RELEASE["jobs"]["check-and-test"]["uses"] == "$/.github/workflows/ci.yml"
    )
    attested = [step["with"] for step in publish["steps"] if step.get("uses", "").startswith("actions/attest@")]
    assert {"subject-path": "dist/*"} in attested and any("sbom-path" in each for each in attested)
    assert publish["steps"][-1]["name"] == "Make the release"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash_with_their_version(path: Path) -> None:
    used = re.findall(r"uses: (?!\$/)(.*)", path.read_text(encoding="utf-8"))
    assert used and [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[0-9.]+", each)] == []
