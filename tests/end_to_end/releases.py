"""Releases as `make package` writes them, and an environment in which somebody installs one: without cargo, SAM or Python."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_cloud.deployed import REPOSITORY, started

from release import template
from release.package import package

ARCHITECTURE = platform.machine().replace("aarch64", "arm64")
VERSION = (REPOSITORY / "VERSION").read_text().strip()
NEXT = "98.0.0"
LOWEST_LEVEL = 1
# What install.sh and INSTALL.md need, beside the AWS CLI.
PROGRAMS = ("bash", "cat", "cut", "dirname", "env", "grep", "mkdir", "mktemp", "rm", "sed", "sh", "sha256sum", "tr")


@contextmanager
def nothing_deployed(name: str) -> Iterator[dict[str, str]]:
    """A cloud in which no stack is, of that name and this worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with started(REPOSITORY / ".local" / "test" / f"{name}-{worker}") as variables:
        yield variables


def this_version(out: Path) -> Path:
    """The release of the checkout, of the functions that the tests run."""
    package(out, {ARCHITECTURE: Path(os.environ["LAMBDA"])}, "{}\n", level=LOWEST_LEVEL)
    return out


def next_version(folder: Path) -> Path:
    """A later release: another version, other functions, and one parameter more."""
    source, built = folder / "source", folder / "built"
    for name in ("examples", "statemachine", "member"):
        shutil.copytree(REPOSITORY / name, source / name)
    shutil.copy(REPOSITORY / "LICENSE", source)
    (source / "VERSION").write_text(f"{NEXT}\n")
    text = (REPOSITORY / "template.yaml").read_text()
    for old, new in ((f"Value: {VERSION}\n", f"Value: {NEXT}\n"), ("\nParameters:\n", f"\nParameters:\n{_PARAMETER}")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (source / "template.yaml").write_text(text)
    for function in template.functions(template.read(text)):
        (built / function).mkdir(parents=True)
        binary = (Path(os.environ["LAMBDA"]) / function / "bootstrap").read_bytes()
        (built / function / "bootstrap").write_bytes(binary + b"\0")  # another file, and the same program
    out = folder / "dist"
    package(out, {ARCHITECTURE: built}, "{}\n", source=source, level=LOWEST_LEVEL)
    return out


_PARAMETER = "  Later:\n    Type: String\n    Default: of a later version\n    Description: Not used.\n"


class Installer:
    """A shell with the AWS CLI and the usual programs of a system, in `folder`."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, programs = folder, folder / "bin"
        programs.mkdir(parents=True)
        for name in PROGRAMS:
            (programs / name).symlink_to(str(shutil.which(name)))
        cli = (Path(os.environ["PIPELINE_TOOLS"]) / "bin" / "aws").resolve().with_name("python")
        script = f'#!/bin/sh\nPYTHONPATH={REPOSITORY}/tests exec {cli} -m local_cloud.aws "$@"\n'
        self.add_program("aws", script)
        self.variables = {name: value for name, value in environment.items() if name.startswith("AWS_")} | {
            "PATH": str(programs),
            "HOME": str(folder),
            # Neither the user's own profile nor the instance metadata service is used.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def add_program(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(script)
        path.chmod(0o755)

    def has(self, program: str) -> bool:
        return shutil.which(program, path=self.variables["PATH"]) is not None

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.variables | variables, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def succeed(self, *command: str | Path, **variables: str) -> str:
        """The output of a command, which has to succeed."""
        ran = self.run(*command, **variables)
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def install(self, release: Path, *arguments: str) -> str:
        return self.succeed(release / "install.sh", "--bucket", "releases", *arguments)
