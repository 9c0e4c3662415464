"""`make deploy`, against a local cloud: what it asks, what it refuses before it builds, and what it deploys."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cloud.deployed import REPOSITORY, started

from .clients import client
from .network import HERE, HUB, THERE
from .releases import ARCHITECTURE
from .terminal import Terminal

OTHER = {"arm64": "x86_64", "x86_64": "arm64"}[ARCHITECTURE]


@pytest.fixture(scope="module")
def cloud() -> Iterator[dict[str, str]]:
    """A cloud in which nothing is deployed yet."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with started(REPOSITORY / ".local" / "test" / f"deploy-{worker}") as variables:
        yield variables


def small_functions(folder: Path) -> Path:
    """For this machine, one for each of ours. None of them is invoked here, and ours take a minute of compression."""
    program = Path(shutil.which("true") or "/bin/true")
    for function in (REPOSITORY / "functions").iterdir():
        (folder / function.name).mkdir(parents=True)
        shutil.copy(program, folder / function.name / "bootstrap")
    return folder


class Make:
    """`make deploy` with functions that are built already, for this machine."""

    def __init__(self, cloud: dict[str, str], folder: Path) -> None:
        self.kept = folder / "kept.parameters"
        set_by_make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARCH", "PROFILE")
        inherited = {name: value for name, value in os.environ.items() if name not in set_by_make}
        self.variables = inherited | {
            **{name: value for name, value in cloud.items() if name.startswith("AWS_")},
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "FUNCTIONS_ARE_BUILT": "yes",
            "LAMBDA": str(small_functions(folder / "functions")),
            "SAM_CLI_POLL_DELAY": "0.2",
            "KEPT": str(self.kept),
        }

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Without a terminal."""
        return subprocess.run(
            ["make", "deploy", *arguments], cwd=REPOSITORY, env=self.variables | variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True,
        )  # fmt: skip

    def on_a_terminal(self, *arguments: str) -> Terminal:
        return Terminal("make", "deploy", *arguments, directory=REPOSITORY, variables=self.variables)


@pytest.fixture
def make(cloud: dict[str, str], tmp_path: Path) -> Make:
    return Make(cloud, tmp_path)


def parameters(cloud: dict[str, str], stack: str, region: str = HERE) -> dict[str, str]:
    [found] = client(cloud, "cloudformation", HUB, region).describe_stacks(StackName=stack)["Stacks"]
    assert found["StackStatus"].endswith("_COMPLETE") and "ROLLBACK" not in found["StackStatus"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}


def stacks(cloud: dict[str, str]) -> list[str]:
    return [each["StackName"] for each in client(cloud, "cloudformation").describe_stacks()["Stacks"]]


def test_a_file_of_parameters_asks_nothing(make: Make, cloud: dict[str, str], tmp_path: Path) -> None:
    lines = ["# in our repository", "StackName=by-file", f"Region={THERE}", "SweepRate=rate(2 hours)", "TagPrefix=file"]
    file = tmp_path / "file"
    file.write_text("\n".join([*lines, "MemberRoleName=file", "RoutableBlocks=10.0.0.0/8,::/0", "FailureEmail="]))
    tracked = (REPOSITORY / "samconfig.toml").read_bytes()
    made = make.run(f"PARAMETERS={file}", f"ARCH={ARCHITECTURE}")
    assert made.returncode == 0, made.stdout + made.stderr
    deployed = parameters(cloud, "by-file", THERE)
    assert (deployed["SweepRate"], deployed["RoutableBlocks"]) == ("rate(2 hours)", "10.0.0.0/8,::/0")
    assert (deployed["TagPrefix"], deployed["FailureEmail"], deployed["Architecture"]) == ("file", "", ARCHITECTURE)
    assert not make.kept.exists() and (REPOSITORY / "samconfig.toml").read_bytes() == tracked

    file.write_text("\n".join(["StackName=by-file", f"Region={THERE}", "LogLevel=DEBUG"]))
    made = make.run(f"PARAMETERS={file}")
    assert made.returncode == 0, made.stdout + made.stderr
    assert parameters(cloud, "by-file", THERE) == deployed | {"LogLevel": "DEBUG"}, "what isn't given stays, the processor too"
    client(cloud, "cloudformation", HUB, THERE).delete_stack(StackName="by-file")


def test_on_a_terminal_it_asks_for_name_and_region_alone(make: Make, cloud: dict[str, str]) -> None:
    with make.on_a_terminal(f"ARCH={ARCHITECTURE}") as terminal:
        terminal.answer("StackName [isthmus]: ", "asked")
        terminal.answer(f"Region [{HERE}]: ")
        terminal.answer("Deploy this changeset?", "y")
        assert terminal.finish() == 0, terminal.text
    assert re.findall(r"^  (\w+) \[", terminal.text, re.MULTILINE) == ["StackName", "Region"]
    assert make.kept.read_text() == f"StackName=asked\nRegion={HERE}\n"
    assert parameters(cloud, "asked")["Mode"] == "apply"

    with make.on_a_terminal("GUIDED=1") as terminal:
        terminal.answer("StackName [asked]: ")
        terminal.answer(f"Region [{HERE}]: ")
        terminal.answer("Mode [apply]: ", "plan")
        terminal.expect("Mode=plan is none of apply, report")
        terminal.answer("Mode [apply]: ", "report")
        rest = [name for name in parameters(cloud, "asked") if name != "Mode"]
        for _ in rest:
            terminal.answer("]: ")
        terminal.answer("Deploy this changeset?", "y")
        assert terminal.finish() == 0, terminal.text
    assert terminal.text.index("RoutesPerTable [") < terminal.text.index("Rarely changed") < terminal.text.index("LogLevel [")
    assert parameters(cloud, "asked")["Mode"] == "report" and "Mode=report" in make.kept.read_text()
    assert f"Architecture={ARCHITECTURE}" in make.kept.read_text(), "as the stack had it"

    made = make.run()
    assert made.returncode == 0, "the kept answers are used, without a terminal: " + made.stdout + made.stderr
    client(cloud, "cloudformation").delete_stack(StackName="asked")


def test_who_says_no_deploys_nothing(make: Make, cloud: dict[str, str]) -> None:
    make.variables["AWS_DEFAULT_REGION"] = ""  # AWS_REGION counts too
    with make.on_a_terminal(f"ARCH={ARCHITECTURE}") as terminal:
        terminal.answer("StackName [isthmus]: ", "refused")
        terminal.answer(f"Region [{HERE}]: ", "Frankfurt")
        terminal.expect("Region=Frankfurt doesn't match")
        terminal.answer(f"Region [{HERE}]: ")
        terminal.answer("Deploy this changeset?", "N")
        terminal.finish()
    [stack] = client(cloud, "cloudformation").describe_stacks(StackName="refused")["Stacks"]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS", "there is a change set, which was not executed"


REFUSED = {
    "no terminal and no file": ((), "", "there is no terminal on which to ask"),
    "a guided run without a terminal": (("GUIDED=1",), "", "there is no terminal on which to ask"),
    "a value that isn't allowed": (("PARAMETERS={file}",), "Mode=plan", "Mode=plan is none of apply, report"),
    "a name that isn't known": (("PARAMETERS={file}",), "Modes=report", "there is no parameter Modes"),
    "a file that isn't there": (("PARAMETERS=none",), "", "none can't be read"),
    "both ways": (("PARAMETERS={file}", "GUIDED=1"), "", "give one of them"),
    "two processors": (
        ("PARAMETERS={file}", f"ARCH={OTHER}"),
        f"Architecture={ARCHITECTURE}",
        f"ARCH={OTHER}, but the parameter Architecture is {ARCHITECTURE}",
    ),
}


@pytest.mark.parametrize(("arguments", "text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_can_t_be_deployed_is_refused_before_it_is_built(
    make: Make, cloud: dict[str, str], tmp_path: Path, arguments: tuple[str, ...], text: str, message: str
) -> None:
    (tmp_path / "file").write_text(text)
    assert_refused(make.run(*(each.format(file=tmp_path / "file") for each in arguments)), message)


def test_without_credentials_nothing_is_built(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert_refused(make.run(f"PARAMETERS={tmp_path / 'file'}", **none), "there are no valid credentials of AWS")


def test_without_a_region_nothing_is_built(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    none = {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}
    assert_refused(make.run(f"PARAMETERS={tmp_path / 'file'}", **none), "there is no Region")


def test_a_target_that_is_not_installed_is_named(make: Make, tmp_path: Path) -> None:
    (tmp_path / "rustc").write_text(f"#!/bin/sh\necho {tmp_path}\n")
    (tmp_path / "rustc").chmod(0o755)
    (tmp_path / "file").touch()
    to_build = {"FUNCTIONS_ARE_BUILT": "", "PATH": f"{tmp_path}:{make.variables['PATH']}"}
    made = make.run(f"PARAMETERS={tmp_path / 'file'}", **to_build)
    assert_refused(made, "the target for arm64 is not installed: rustup target add aarch64-unknown-linux-gnu")


def test_functions_of_another_processor_are_not_deployed(make: Make, cloud: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("StackName=other\n")
    made = make.run(f"PARAMETERS={tmp_path / 'file'}", f"ARCH={OTHER}")
    assert made.returncode and f"is built for {ARCHITECTURE}, not for {OTHER}" in made.stderr
    assert "other" not in stacks(cloud)


def assert_refused(made: subprocess.CompletedProcess[str], message: str) -> None:
    assert made.returncode and message in made.stderr, made.stdout + made.stderr
    assert "building" not in (made.stdout + made.stderr).lower()
