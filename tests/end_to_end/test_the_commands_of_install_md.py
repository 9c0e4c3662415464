"""The commands of INSTALL.md run as they stand, one after the other, with AWS CLI 1, in an environment without cargo or SAM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from local_cloud.deployed import REPOSITORY
from local_cloud.members import MEMBERS

from .clients import client
from .network import HUB
from .releases import VERSION, Installer, nothing_deployed, this_version

INSTALL = (REPOSITORY / "docs" / "INSTALL.md").read_text(encoding="utf-8")
REGION = "eu-central-1"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", INSTALL, re.MULTILINE | re.DOTALL)
# What needs a checkout: test_make_deploy.py runs `make deploy`.
FROM_SOURCE = "rustup target add aarch64-unknown-linux-gnu\nmake deploy\n"
# In place of GitHub's CLI: downloads come without their permissions, and attestations can't be made here.
GH = """#!/bin/sh
case "$1 $2" in
  "release download") [ "$3 $4 $6" = "v{version} --repo --dir" ] && mkdir "$7" && cat '{release}/SHA256SUMS' > "$7/SHA256SUMS" &&
    cut -c 67- "$7/SHA256SUMS" | while read -r name; do cat "{release}/$name" > "$7/$name" || exit 1; done ;;
  "attestation verify") [ -f "$3" ] && [ "$4" = --repo ] ;;
  *) exit 64 ;;
esac
"""
UNINSTALL = "aws ec2 describe-vpc-peering-connections"


@pytest.fixture(scope="module")
def cloud() -> Iterator[dict[str, str]]:
    with nothing_deployed("install") as variables:
        yield variables


@pytest.fixture(scope="module")
def shell(cloud: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Installer:
    release = this_version(tmp_path_factory.mktemp("release") / "dist")
    shell = Installer(tmp_path_factory.mktemp("install"), cloud)
    shell.add_program("gh", GH.format(version=VERSION, release=release))
    (shell.folder / "config").write_text("[profile network]\n")
    shell.variables |= {"AWS_CONFIG_FILE": str(shell.folder / "config"), "STACK_SETS": str(shell.folder / "stack-sets")}
    return shell


def script(blocks: list[str]) -> str:
    """All in one shell, which ends at the first command that fails."""
    return "set -euo pipefail\n" + "".join(blocks)


def stack_sets(shell: Installer) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shell.folder / "stack-sets").read_text().splitlines()]


def deployed(cloud: dict[str, str]) -> dict[str, dict[str, Any]]:
    stacks = client(cloud, "cloudformation", HUB, REGION).describe_stacks()["Stacks"]
    return {each["StackName"]: each for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"}


def test_the_document_is_of_this_version() -> None:
    versions = set(re.findall(r"\bVERSION=(\S+)", INSTALL))
    assert versions == {VERSION}
    assert BLOCKS.count(FROM_SOURCE) == 1 and len(BLOCKS) >= 14


def test_the_commands_run_as_they_stand(shell: Installer, cloud: dict[str, str]) -> None:
    blocks = [block for block in BLOCKS if block != FROM_SOURCE]
    last = next(index for index, block in enumerate(blocks) if block.startswith(UNINSTALL))
    shell.succeed("bash", "-c", script(blocks[:last]))
    found = deployed(cloud)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in found["isthmus"]["Parameters"]}
    assert (parameters["Mode"], parameters["FailureEmail"]) == ("apply", "network@example.com")
    assert {"isthmus", "isthmus-member"} <= set(found)
    assert json.loads((shell.folder / "sweep.json").read_text())["Started"] == []
    policies = {each["PolicyName"] for each in client(cloud, "iam").list_policies(Scope="Local")["Policies"]}
    assert "isthmus-deployer" in policies and "BUCKET" not in (shell.folder / "deployer-policy.json").read_text()
    assert_stack_sets(shell, {each["OutputKey"]: each["OutputValue"] for each in found["isthmus"]["Outputs"]})

    shell.succeed("bash", "-c", script([*outputs_again(blocks), *blocks[last:]]))
    assert "isthmus" not in deployed(cloud)
    assert client(cloud, "s3", HUB, REGION).list_objects_v2(Bucket="my-deployments").get("Contents", []) == []


def outputs_again(blocks: list[str]) -> list[str]:
    """A new shell needs the Region and `output` of the old one."""
    return [f"export AWS_PROFILE=network AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\n"] + [
        block for block in blocks if block.startswith("STACK=")
    ]


def assert_stack_sets(shell: Installer, outputs: dict[str, str]) -> None:
    made = stack_sets(shell)
    assert [each["Operation"] for each in made[:4]] == ["CreateStackSet", "CreateStackInstances"] * 2
    assert made[-1]["Operation"] == "UpdateStackSet"
    for each in made:
        if "TemplateBody" in each:
            assert each["TemplateBody"] == (REPOSITORY / "member" / "template.yaml").read_text()
            given = {pair["ParameterKey"]: pair["ParameterValue"] for pair in each["Parameters"]}
            assert given.items() >= {name: outputs[name] for name in ("ExternalId", "MemberRoleName", "TagPrefix")}.items()
            assert given["HubRoleArns"] == outputs["FunctionRoleArns"] and given["HubRegion"] == REGION
    assert made[1]["Accounts"][0] in MEMBERS and made[1]["Regions"][0] == REGION
    assert made[2]["PermissionModel"] == "SERVICE_MANAGED"


def test_a_stack_set_command_with_a_mistake_is_found(shell: Installer) -> None:
    """By the CLI's own model: an option that doesn't exist, and a value of another type."""
    shell.variables["STACK_SETS"] = str(shell.folder / "mistakes")
    for wrong in (("--acounts", "222222222222"), ("--operation-preferences", "RegionOrders=eu-west-1")):
        command = ("aws", "cloudformation", "create-stack-instances", "--stack-set-name", "isthmus-member", "--regions", REGION)
        assert shell.run(*command, *wrong).returncode != 0
