"""Each error that can be provoked gives its number. The others are held to the table by the program's own tests."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, unknown_vpc_id, wait_until
from .program import PROGRAM, Finished, Program, answering, refusing, topology
from .sweeping import started

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
DENIED = {"Code": "UnauthorizedOperation", "HttpStatus": 403}


def at(vpc: Vpc) -> str:
    return f"{vpc.id}@{vpc.region}@{vpc.account}"


def invalid_request(network: Network) -> list[str]:
    vpc = network.vpc(BLOCK)
    return ["peer", at(vpc), at(vpc)]


def vpc_not_found(network: Network) -> list[str]:
    return ["peer", at(network.vpc(BLOCK)), unknown_vpc_id()]


def overlapping_cidrs(network: Network) -> list[str]:
    return ["plan", at(network.vpc(BLOCK)), at(network.vpc(BLOCK))]


def peer_not_trusted(network: Network) -> list[str]:
    return ["plan", at(network.vpc(BLOCK)), at(network.vpc(PEER_BLOCK, region=THERE, account=MEMBER, consents=False))]


def route_conflict(network: Network) -> list[str]:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK, GatewayId=vpc.internet_gateway())
    return ["peer", at(vpc), at(peer)]


def quota_exceeded(network: Network) -> list[str]:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    network.control.set(quotas={"routes_per_table": 1})
    return ["peer", at(vpc), at(peer)]


def access_denied(network: Network) -> list[str]:
    network.control.plant_faults({"Action": "CreateRoute", **DENIED})
    return ["peer", at(network.vpc(BLOCK)), at(network.vpc(PEER_BLOCK))]


def not_ours(network: Network) -> list[str]:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    network.peer_manually(vpc, peer)
    return ["unpeer", at(vpc), at(peer), "--yes"]


def excluded(network: Network) -> list[str]:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    vpc.tag(isthmus__exclude="true")
    return ["plan", at(vpc), at(peer)]


def refused_by_aws(network: Network) -> list[str]:
    network.control.plant_faults(
        {"Action": "CreateVpcPeeringConnection", "Code": "UnsupportedOperation", "HttpStatus": 400, "Times": 99}
    )
    return ["peer", at(network.vpc(BLOCK)), at(network.vpc(PEER_BLOCK))]


@pytest.mark.parametrize(
    ("error", "code", "provoke"),
    [
        ("InvalidRequest", 10, invalid_request),
        ("VpcNotFound", 11, vpc_not_found),
        ("OverlappingCidrs", 12, overlapping_cidrs),
        ("PeerNotTrusted", 13, peer_not_trusted),
        ("RouteConflict", 14, route_conflict),
        ("QuotaExceeded", 15, quota_exceeded),
        ("AccessDenied", 16, access_denied),
        ("NotOurs", 22, not_ours),
        ("Excluded", 25, excluded),
        ("RefusedByAws", 26, refused_by_aws),
    ],
)
def test_each_error_gives_its_number(
    isthmus: Program, network: Network, error: str, code: int, provoke: Callable[[Network], list[str]]
) -> None:
    words = provoke(network)
    document = isthmus("--output", "json", *words).exited(code).document()
    assert document["error"] == error and document["cause"]["Message"]
    if error == "AccessDenied":
        network.control.plant_faults({"Action": "CreateRoute", **DENIED})
    said = isthmus(*words).exited(code)
    assert said.out == "" and f"error[{error}]: " in said.err
    assert said.err.endswith(f"  help: isthmus explain {error}\n")


def test_what_an_owner_has_to_tag_is_a_command(isthmus: Program, network: Network) -> None:
    vpc = network.vpc(BLOCK)
    peer = network.vpc(PEER_BLOCK, region=THERE, account=MEMBER, consents=False)
    said = isthmus("plan", at(vpc), at(peer)).exited(13)
    tags = f"--resources {peer.id} --tags Key=isthmus:accept:{vpc.id},Value={vpc.id}"
    assert f"  help: aws ec2 create-tags --region {THERE} {tags}\n" in said.err
    [key, value] = [word.partition("=")[2] for word in tags.split()[-1].split(",")]
    peer.ec2.create_tags(Resources=[peer.id], Tags=[{"Key": key, "Value": value}])
    isthmus("plan", at(vpc), at(peer)).exited(0)


def test_a_pair_that_a_tag_asks_for_is_not_torn_down(isthmus: Program, network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    vpc.tag(isthmus__peer=peer.id)
    wait_until(lambda: bool(vpc.connections("active")), "the tag has peered them")
    machine.run(request(vpc, peer)).succeeded()
    assert "error[StillTagged]: " in isthmus("unpeer", at(vpc), at(peer), "--yes").exited(23).err


def test_an_execution_that_was_stopped_is_a_service_fault(isthmus: Program, network: Network, machine: Machine) -> None:
    network.control.set(provisioning_for=NEVER)
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    execution = isthmus("peer", at(vpc), at(peer), "--no-wait").exited(0).out.strip()
    machine.reaches(execution, "WaitActive")
    machine.client.stop_execution(executionArn=execution)
    document = isthmus("--output", "json", "watch", execution).exited(24).document()
    assert (document["error"], document["cause"]["Code"]) == ("ServiceFault", "Aborted")


def test_a_failed_execution_shows_the_state_that_failed(isthmus: Program, network: Network) -> None:
    words = overlapping_cidrs(network)
    said = isthmus("peer", *words[1:]).exited(12)
    assert [line.split()[:2] for line in said.err.splitlines()[:2]] == [["✗", "CreateRequest"], ["✓", "RecordFailure"]]


def test_a_failed_sweep_has_the_name_of_its_error(isthmus: Program, network: Network) -> None:
    network.control.plant_faults({"Action": "DescribeVpcs", **DENIED, "Times": 99})
    failed = isthmus("--output", "json", "sweep", "--dry-run").exited(16).document()
    assert failed["error"] == "AccessDenied" and failed["cause"]["Message"]


def test_sweep_says_what_differs(isthmus: Program, network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK)
    network.control.disturb_events(drop=1)
    vpc.tag(isthmus__peer=peer.id)
    report = isthmus("sweep", "--dry-run", "--exit-code").exited(3)
    pairs = {frozenset(line.split()[:3:2]): line.split()[-1] for line in report.out.splitlines() if " ⇄ " in line}
    assert pairs[frozenset((vpc.id, peer.id))] == "Missing"
    swept = isthmus("--output", "json", "sweep").exited(0).document()
    for name in started(swept, vpc):
        machine.wait(machine.executions(name)[0])
    assert vpc.connections("active")


def one_sentence(said: Finished, error: str) -> str:
    """What a person reads where no execution was asked: one line, nothing on stdout."""
    assert said.out == ""
    [line] = said.err.splitlines()
    assert line.startswith(f"error[{error}]: "), line
    return line


def test_no_stack_no_credentials_no_region_no_permission(isthmus: Program, network: Network) -> None:
    ends = [at(network.vpc(BLOCK)), at(network.vpc(PEER_BLOCK))]
    missing = one_sentence(isthmus("--stack", "nowhere", "plan", *ends).exited(7), "StackNotFound")
    assert "nowhere" in missing and "--stack" in missing
    assert isthmus("--stack", "nowhere", "--output", "json", "sweep").exited(7).document()["error"] == "StackNotFound"
    assert isthmus("plan", *ends, ISTHMUS_STACK="nowhere").code == 7

    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert "log in" in one_sentence(isthmus.without(*keys)("plan", *ends).exited(4), "NotAllowed")
    regions = ("AWS_REGION", "AWS_DEFAULT_REGION")
    assert "--region" in one_sentence(isthmus.without(*regions)("plan", *ends).exited(2), "Usage")

    for service, words, action in [
        ("SFN", ["plan", *ends], "states:StartExecution"),
        ("LAMBDA", ["sweep"], "lambda:InvokeFunction"),
    ]:
        with refusing(service, "AccessDeniedException", "User: you is not authorized") as there:
            assert action in one_sentence(isthmus(*words, **there).exited(4), "NotAllowed")
        with refusing(service, "ExpiredTokenException", "The security token is expired") as there:
            assert "log in" in one_sentence(isthmus(*words, **there).exited(4), "NotAllowed")
        with refusing(service, "ValidationException", "no") as there:
            assert "ValidationException" in one_sentence(isthmus(*words, **there).exited(1), "Failed")
    one_sentence(isthmus("sweep", AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:9").exited(1), "Failed")


def test_who_can_no_longer_ask_is_told_how_to_go_on(isthmus: Program, network: Network) -> None:
    ends = [at(network.vpc(BLOCK)), at(network.vpc(PEER_BLOCK))]
    started = {"executionArn": "arn", "startDate": 1}
    with refusing("SFN", "ExpiredTokenException", "expired", StartExecution=started) as there:
        said = isthmus("peer", *ends, **there).exited(4)
        document = isthmus("--output", "json", "peer", *ends, **there).exited(4).document()
    error, help_ = said.err.splitlines()
    assert "log in" in error and help_.startswith("  help: isthmus watch isthmus-")
    assert document["cause"]["Execution"].startswith("arn:aws:states:")


def test_credentials_and_region_come_from_a_profile_or_a_role(isthmus: Program, tmp_path: Path) -> None:
    keys = {"Version": 1, "AccessKeyId": HUB, "SecretAccessKey": "local"}
    config = tmp_path / "config"
    config.write_text(f"[profile people]\nregion = {HERE}\ncredential_process = echo '{json.dumps(keys)}'\n")
    nothing = isthmus.without("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    there = {"AWS_CONFIG_FILE": str(config)}
    nothing("--profile", "people", "sweep", "--dry-run", **there).exited(0)
    nothing("sweep", "--dry-run", AWS_PROFILE="people", **there).exited(0)
    assert "no valid credentials" in nothing("--region", HERE, "sweep", **there).exited(4).err
    # The session of a role acts in the role's account, which has no stack.
    role = f"arn:aws:iam::{MEMBER}:role/owner-of-{MEMBER}"
    isthmus("--role-arn", f"arn:aws:iam::{HUB}:role/people", "sweep", "--dry-run").exited(0)
    isthmus("sweep", "--dry-run", ISTHMUS_ROLE_ARN=role).exited(7)


def test_a_stack_that_is_newer_or_older(isthmus: Program) -> None:
    with answering("isthmus-topology", topology([], version=2)) as there:
        assert "release" in one_sentence(isthmus("status", **there).exited(8), "OtherRelease")
        assert isthmus("--output", "json", "status", **there).exited(8).document()["error"] == "OtherRelease"
    with answering("isthmus-sweep", {"Answer": 42}) as there:
        one_sentence(isthmus("sweep", **there).exited(8), "OtherRelease")
        # It has no function topology.
        assert "older" in one_sentence(isthmus("status", **there).exited(7), "StackNotFound")


def test_an_execution_that_there_is_not(isthmus: Program) -> None:
    assert "no-such" in one_sentence(isthmus("watch", "no-such").exited(2), "Usage")


def test_a_shell_takes_its_completions(isthmus: Program) -> None:
    script = isthmus("completions", "bash").exited(0).out
    done = subprocess.run(["bash", "-c", f"{script}\ncomplete -p isthmus"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert isthmus("--output", "json", "completions", "bash").exited(0).document() == {"Shell": "bash", "Script": script}


def test_a_reader_that_has_read_enough_is_no_failure(isthmus: Program) -> None:
    command = f"{PROGRAM} completions zsh | head -c 1 > /dev/null"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], env=isthmus.environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
