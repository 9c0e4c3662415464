"""From `dist/` alone, without cargo, SAM or Python: install, peer, upgrade and roll back under way, uninstall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .clients import client, function, functions, output
from .executions import Machine
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until
from .releases import ARCHITECTURE, NEXT, VERSION, Installer, next_version, nothing_deployed, this_version
from .sweeping import Sweep, drift

BLOCKS = ("10.1.0.0/16", "10.2.0.0/16")
GIVEN = (f"MemberAccounts={MEMBER}", f"Regions={THERE}", "TeardownDelay=0", "SweepRate=rate(2 hours)")


@pytest.fixture(scope="module")
def cloud() -> Iterator[dict[str, str]]:
    with nothing_deployed("release") as variables:
        yield variables


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return this_version(tmp_path_factory.mktemp("release") / "dist")


@pytest.fixture(scope="module")
def installer(cloud: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Installer:
    installer = Installer(tmp_path_factory.mktemp("installer"), cloud)
    installer.succeed("aws", "s3", "mb", "s3://releases")
    return installer


@pytest.fixture(scope="module")
def network(cloud: dict[str, str]) -> Network:
    network = Network(cloud)
    network.remove_delays()
    return network


def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCKS[0]), network.vpc(BLOCKS[1], region=THERE, account=MEMBER)


def join_member(installer: Installer, cloud: dict[str, str], release: Path) -> None:
    """The member template of the release, in both Regions of both accounts, RoleRegion first."""
    values = {
        "HubAccount": HUB, "HubRegion": HERE, "HubBusName": "isthmus", "RoleRegion": HERE,
        "HubRoleArns": output(cloud, "FunctionRoleArns"), "ExternalId": output(cloud, "ExternalId"),
    }  # fmt: skip
    parameters = [f"{key}={value}" for key, value in values.items()]
    for account, region in ((MEMBER, HERE), (HUB, HERE), (MEMBER, THERE), (HUB, THERE)):
        place = {"AWS_ACCESS_KEY_ID": account, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        command = ("aws", "cloudformation", "deploy", "--stack-name", "isthmus-member", "--template-file", release / "member.yaml")
        installer.succeed(*command, "--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", *parameters, **place)


def parameters(cloud: dict[str, str]) -> dict[str, str]:
    [stack] = client(cloud, "cloudformation").describe_stacks(StackName="isthmus")["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def code(cloud: dict[str, str]) -> dict[str, str]:
    return {each["FunctionName"]: each["CodeSha256"] for each in functions(cloud)}


def change_under_way(installer: Installer, network: Network, machine: Machine, release: Path) -> Any:
    """Installs the release while an execution waits for its connection; returns how that ends."""
    network.control.set(provisioning_for=NEVER)
    vpc, peer = pair(network)
    arn = machine.start(request(vpc, peer))
    machine.reaches(arn, "WaitActive")
    installer.install(release)
    assert machine.client.describe_execution(executionArn=arn)["status"] == "RUNNING"
    network.control.set(provisioning_for=0)
    network.control.advance(NEVER)
    finished = machine.wait(arn).succeeded()
    assert vpc.routes_to(finished.output["VpcPeeringConnectionId"]) == {(vpc.main_table, BLOCKS[1], "active")}
    return finished


def test_there_is_nothing_to_build_with(installer: Installer) -> None:
    assert not [name for name in ("cargo", "rustc", "sam", "python3", "python", "zig", "make") if installer.has(name)]


def test_a_release_from_its_installation_to_its_removal(
    installer: Installer, network: Network, cloud: dict[str, str], release: Path, tmp_path: Path
) -> None:
    assert f"installed: Isthmus\t{VERSION}" in installer.install(release, *GIVEN)
    given = parameters(cloud)
    assert given.items() >= dict(each.split("=", 1) for each in GIVEN).items() and given["Architecture"] == ARCHITECTURE
    join_member(installer, cloud, release)
    first, ledger = code(cloud), output(cloud, "LedgerTableName")
    machine, sweep = Machine(cloud, output(cloud, "StateMachineArn")), Sweep(cloud, output(cloud, "SweepFunctionName"))

    vpc, peer = pair(network)
    vpc.tag(isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")
    wait_until(lambda: vpc.status(peer).startswith("active"), "the tag has peered them")
    [pcx] = [each["VpcPeeringConnectionId"] for each in vpc.connections("active")]
    assert vpc.routes_to(pcx) == {(vpc.main_table, BLOCKS[1], "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, BLOCKS[0], "active")}

    change_under_way(installer, network, machine, next_version(tmp_path))
    assert output(cloud, "Version") == NEXT and not set(code(cloud).values()) & set(first.values())
    later = {"Later": "of a later version", "CodePrefix": parameters(cloud)["CodePrefix"]}
    assert parameters(cloud) == given | later and NEXT in later["CodePrefix"]

    change_under_way(installer, network, machine, release)
    assert output(cloud, "Version") == VERSION and code(cloud) == first and parameters(cloud) == given
    assert function(cloud, "CreateRequest")["State"] == "Active" and drift(sweep(), vpc) == []

    vpc.untag("isthmus:peer")
    wait_until(lambda: not vpc.connections(), "the peering is torn down")
    installer.succeed("aws", "cloudformation", "delete-stack", "--stack-name", "isthmus")
    installer.succeed("aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name", "isthmus")
    assert functions(cloud) == []
    assert client(cloud, "dynamodb").list_tables()["TableNames"] == [ledger], "the ledger stays"


def stacks(cloud: dict[str, str]) -> list[str]:
    return [each["StackName"] for each in client(cloud, "cloudformation").describe_stacks()["Stacks"]]


def refused(installer: Installer, cloud: dict[str, str], release: Path, *arguments: str, **variables: str) -> str:
    """The message of an installation that ends before anything is uploaded or deployed."""
    before = stacks(cloud), uploaded(cloud)
    ran = installer.run(release / "install.sh", *arguments, **variables)
    assert ran.returncode != 0 and (stacks(cloud), uploaded(cloud)) == before
    return ran.stderr


def uploaded(cloud: dict[str, str]) -> list[str]:
    return [each["Key"] for each in client(cloud, "s3").list_objects_v2(Bucket="releases").get("Contents", [])]


@pytest.mark.parametrize("name", ["template.yaml", f"sweep-{ARCHITECTURE}.zip", "peering.asl.json"])
def test_a_file_that_was_changed_is_refused(
    installer: Installer, cloud: dict[str, str], release: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "dist"
    copy.mkdir()
    for file in release.iterdir():
        (copy / file.name).symlink_to(file)
    (copy / name).unlink()
    (copy / name).write_bytes((release / name).read_bytes() + b" ")
    assert f"{name}: FAILED" in refused(installer, cloud, copy, "--bucket", "releases")
    (copy / name).unlink()
    assert name in refused(installer, cloud, copy, "--bucket", "releases")


OTHER = {"arm64": "x86_64", "x86_64": "arm64"}[ARCHITECTURE]
REFUSED = {
    "no bucket": ((), "install.sh --bucket NAME"),
    "a bucket that isn't there": (("--bucket", "nobodys"), "bucket nobodys can't be used"),
    "a bucket of another Region": (("--bucket", "elsewhere"), f"bucket elsewhere is in {THERE}, but the stack's Region is {HERE}"),
    "an unknown parameter": (("--bucket", "releases", "TagPrefixes=x"), "the stack has no parameter TagPrefixes"),
    "the code's place": (("--bucket", "releases", "CodePrefix=x"), "CodePrefix is set by install.sh"),
    "another processor": (("--bucket", "releases", f"Architecture={OTHER}"), f"this release has no functions for {OTHER}"),
    "no such file": (("--bucket", "releases", "--parameters", "none"), "can't read none"),
    "an unknown option": (("--bucket", "releases", "--prune"), "install.sh --bucket NAME"),
}


@pytest.mark.parametrize(("arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_what_can_t_be_installed_is_refused_at_once(
    installer: Installer, cloud: dict[str, str], release: Path, arguments: tuple[str, ...], message: str
) -> None:
    if "elsewhere" in arguments:
        installer.succeed("aws", "s3", "mb", "s3://elsewhere", "--region", THERE)
    assert message in refused(installer, cloud, release, *arguments)


def test_without_a_region_nothing_is_installed(installer: Installer, cloud: dict[str, str], release: Path) -> None:
    none = {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}
    assert "there is no Region" in refused(installer, cloud, release, "--bucket", "releases", **none)


def test_a_file_names_stack_region_and_parameters(installer: Installer, cloud: dict[str, str], release: Path) -> None:
    """And what is given beside it comes before it."""
    lines = ["# how it is installed here", "StackName=by-file", f"Region={THERE}", "", "TagPrefix=file", "MemberRoleName=file"]
    (installer.folder / "isthmus.parameters").write_text("\n".join([*lines, "SweepRate=rate(3 hours)"]))
    installer.succeed("aws", "s3", "mb", "s3://there", "--region", THERE)
    command = (release / "install.sh", "--bucket", "there", "--parameters", "isthmus.parameters", "TagPrefix=given")
    assert VERSION in installer.succeed(*command)
    there = client(cloud, "cloudformation", HUB, THERE)
    [stack] = there.describe_stacks(StackName="by-file")["Stacks"]
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert (values["TagPrefix"], values["MemberRoleName"], values["SweepRate"]) == ("given", "file", "rate(3 hours)")
    there.delete_stack(StackName="by-file")
