"""`start-and-wait.sh`: one execution however often the pipeline is run, and a failed execution fails the pipeline."""

import json

import pytest

from .executions import Machine
from .network import Network, Vpc, request
from .pipelines import Pipeline

SCRIPT = "start-and-wait.sh"


@pytest.fixture
def pipeline(environment: dict[str, str]) -> Pipeline:
    return Pipeline(environment)


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    network.remove_delays()
    return network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")


def names_for(machine: Machine, text: str) -> list[str]:
    """The names of the executions with that input, oldest first."""
    executions = [machine.client.describe_execution(executionArn=arn) for arn in machine.executions("pipeline-")]
    found = [execution for execution in executions if execution["input"] == text]
    return [execution["name"] for execution in sorted(found, key=lambda execution: execution["startDate"])]


def test_two_runs_at_once_and_one_later_wait_for_the_same_execution(
    machine: Machine, pipeline: Pipeline, pair: tuple[Vpc, Vpc]
) -> None:
    text = json.dumps(request(*pair), indent=2) + "\n"
    at_once = [pipeline.start(SCRIPT, text) for _ in range(2)]
    outputs = [run.communicate(timeout=300) for run in at_once]
    assert [run.returncode for run in at_once] == [0, 0], outputs
    again = pipeline.run(SCRIPT, text)
    assert again.returncode == 0, again.stderr
    assert {out for out, _ in outputs} == {again.stdout}
    output = json.loads(again.stdout)
    assert (output["Status"], output["Created"]) == ("active", True)
    assert len(pair[0].connections("active")) == 1
    assert len(names_for(machine, text)) == 1


def test_a_run_with_another_id_starts_another_execution(machine: Machine, pipeline: Pipeline, pair: tuple[Vpc, Vpc]) -> None:
    text = json.dumps(request(*pair))
    first, second = (json.loads(pipeline.run(SCRIPT, text, RUN_ID=run).stdout) for run in ("1", "2"))
    assert (first["Created"], second["Created"]) == (True, False)
    assert len(set(names_for(machine, text))) == 2


def test_a_failure_is_printed_and_the_next_run_starts_anew(machine: Machine, pipeline: Pipeline, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    text = json.dumps(request(vpc, peer, PeerVpcId=vpc.id))
    for count in (1, 2):
        failed = pipeline.run(SCRIPT, text)
        assert (failed.returncode, failed.stdout) == (1, "")
        assert "FAILED: InvalidRequest: {" in failed.stderr and "can't be peered with itself" in failed.stderr
        assert len(names_for(machine, text)) == count
    first, second = names_for(machine, text)
    assert second == f"{first}-2"


def test_the_teardown_machine_is_started_in_the_same_way(
    environment: dict[str, str], pipeline: Pipeline, pair: tuple[Vpc, Vpc]
) -> None:
    text = json.dumps(request(*pair))
    assert pipeline.run(SCRIPT, text).returncode == 0
    removed = pipeline.run(SCRIPT, text, STATE_MACHINE_ARN=environment["TEARDOWN_STATE_MACHINE_ARN"])
    assert removed.returncode == 0, removed.stderr
    assert json.loads(removed.stdout)["Status"] == "deleted"
    assert pair[0].connections() == []


def test_what_looks_like_a_file_s_address_is_not_read(machine: Machine, pipeline: Pipeline) -> None:
    """The AWS CLI would replace an argument `file://…` by the content of that file."""
    failed = pipeline.run(SCRIPT, '"file:///etc/passwd"')
    assert failed.returncode == 1
    assert "InvalidRequest" in failed.stderr
    assert "root:" not in failed.stderr
    assert names_for(machine, '"file:///etc/passwd"') != []


def test_a_machine_that_does_not_exist_fails_the_pipeline(
    environment: dict[str, str], pipeline: Pipeline, pair: tuple[Vpc, Vpc]
) -> None:
    failed = pipeline.run(SCRIPT, json.dumps(request(*pair)), STATE_MACHINE_ARN=environment["STATE_MACHINE_ARN"] + "x")
    assert failed.returncode == 1
    assert "StateMachineDoesNotExist" in failed.stderr
