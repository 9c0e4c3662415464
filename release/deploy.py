"""`make deploy`: checks credentials and parameters, then builds for the stack's processor, then deploys by SAM."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from release import parameters, questions
from release.package import ROOT, TARGETS, machine
from release.parameters import REGION, STACK, STACK_NAME, STACK_REGION, Groups, ParameterError

DEFAULT_ARCHITECTURE = "arm64"
BUILT = ROOT / ".aws-sam" / "build"


def main() -> int:
    arguments = argparse.ArgumentParser(prog="make deploy")
    arguments.add_argument("--parameters", type=Path)
    arguments.add_argument("--guided", action="store_true")
    arguments.add_argument("--architecture", choices=TARGETS)
    arguments.add_argument("--kept", type=Path, required=True)
    try:
        deploy(arguments.parse_args())
    except ParameterError as error:
        print(f"make deploy: {error}", file=sys.stderr)
        return 2
    except (EOFError, KeyboardInterrupt):
        print("\nmake deploy: nothing is deployed", file=sys.stderr)
        return 130
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def deploy(arguments: argparse.Namespace) -> None:
    known = parameters.groups(ROOT / "template.yaml")
    asks = arguments.guided or not (arguments.parameters or arguments.kept.exists())
    if arguments.guided and arguments.parameters:
        raise ParameterError("PARAMETERS asks nothing, and GUIDED everything: give one of them")
    if asks:
        questions.need_terminal()
    given = parameters.read(arguments.parameters or arguments.kept) if arguments.parameters or arguments.kept.exists() else {}
    parameters.check(given, known)
    place = _place(given, asks)
    account = _account(place[REGION])
    present = _present(place)
    if arguments.guided:
        given = questions.ask_all(known, _defaults(known) | present | given)
    architecture = _architecture(arguments.architecture, given, present)
    _can_build(architecture)
    if asks:
        parameters.write(arguments.kept, place | {name: value for name, value in given.items() if name not in place})
        print(f"The answers are kept in {arguments.kept}.")
    print(f"stack {place[STACK]} in {place[REGION]} of account {account}, for {architecture}", flush=True)
    values = {name: value for name, value in given.items() if name not in place} | {"Architecture": architecture}
    _build(architecture)
    _deploy(place, values, confirm=not arguments.parameters and sys.stdin.isatty())


def _place(given: dict[str, str], asks: bool) -> dict[str, str]:
    """The stack's name and Region: as given, or as answered."""
    # boto3 doesn't read AWS_REGION, which CLI 2 and other SDKs do.
    region = given.get(REGION) or os.environ.get("AWS_REGION") or boto3.Session().region_name or ""
    if asks:
        return {
            STACK: questions.ask(STACK_NAME, given.get(STACK, STACK_NAME.default)),
            REGION: questions.ask(STACK_REGION, region),
        }
    if not region:
        raise ParameterError(f"there is no Region: write {REGION}=… into the file, or set AWS_REGION")
    return {STACK: given.get(STACK, STACK_NAME.default), REGION: region}


def _defaults(known: Groups) -> dict[str, str]:
    return {each.name: each.default for group in known.values() for each in group}


def _account(region: str) -> str:
    try:
        return boto3.client("sts", region_name=region).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise ParameterError(f"there are no valid credentials of AWS: {error}") from error


def _present(place: dict[str, str]) -> dict[str, str]:
    """The parameters of the stack, if it exists. Refuses one that can't be updated now."""
    cloudformation = boto3.client("cloudformation", region_name=place[REGION])
    try:
        [stack] = cloudformation.describe_stacks(StackName=place[STACK])["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise ParameterError(f"the stack {place[STACK]} can't be read: {error}") from error
    if stack["StackStatus"] == "ROLLBACK_COMPLETE":
        raise ParameterError(f"the first creation of stack {place[STACK]} failed: delete it, and its ledger's table, first")
    if stack["StackStatus"].endswith("_IN_PROGRESS") and stack["StackStatus"] != "REVIEW_IN_PROGRESS":
        raise ParameterError(f"the stack {place[STACK]} is {stack['StackStatus']}: wait for its end")
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}


def _architecture(wanted: str | None, given: dict[str, str], present: dict[str, str]) -> str:
    """The one processor for which everything is built and deployed."""
    named = given.get("Architecture")
    if wanted and named and wanted != named:
        raise ParameterError(f"ARCH={wanted}, but the parameter Architecture is {named}")
    return wanted or named or present.get("Architecture") or DEFAULT_ARCHITECTURE


def _can_build(architecture: str) -> None:
    if os.environ.get("FUNCTIONS_ARE_BUILT"):
        return
    if not shutil.which("cargo"):
        raise ParameterError("cargo is not installed: README.md says how to install it, INSTALL.md how to do without it")
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    if not Path(sysroot, "lib", "rustlib", TARGETS[architecture], "lib").exists():
        raise ParameterError(f"the target for {architecture} is not installed: rustup target add {TARGETS[architecture]}")


def _build(architecture: str) -> None:
    subprocess.run([_sam(), "build"], cwd=ROOT, check=True, env=os.environ | {"PROFILE": "release", "ARCH": architecture})
    for binary in sorted(BUILT.glob("*/bootstrap")):
        if (found := machine(binary)) != architecture:
            raise ParameterError(f"{binary} is built for {found}, not for {architecture}")


def _deploy(place: dict[str, str], values: dict[str, str], confirm: bool) -> None:
    """By SAM, with the settings of samconfig.toml. A parameter that isn't given keeps the value that the stack has."""
    overrides = [f'{name}="{_quoted(value)}"' for name, value in values.items()]
    command = [_sam(), "deploy", "--stack-name", place[STACK], "--region", place[REGION], "--parameter-overrides", *overrides]
    subprocess.run([*command, "--confirm-changeset" if confirm else "--no-confirm-changeset"], cwd=ROOT, check=True)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _sam() -> str:
    return os.environ["SAM"]


if __name__ == "__main__":
    sys.exit(main())
