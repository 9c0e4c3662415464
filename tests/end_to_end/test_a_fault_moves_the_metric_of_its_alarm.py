"""What is worth an alarm moves the metric that the alarm watches; what the owner of a VPC has to change moves none of them.

CloudWatch extracts the metrics from log lines. The local cloud does so too, from those that Lambda keeps.
"""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from local_cloud.patch_cloudwatch import points

from .alarms import ROUTES_WRITTEN, Alarms
from .clients import change_wait_scale, client, function, functions
from .executions import Machine
from .network import NEVER, THERE, Network, Vpc, request
from .runtime import printed
from .sweeping import Sweep
from .tagging import Peerings

BROKEN = {"Code": "InternalError", "HttpStatus": 500, "Times": 9999}
ALARMS = {"DeadLetters", "SweepSilent", "Unreachable", "DriftStays", "Faults", "TeardownsHeld", "Throttled"}
OF_A_SWEEP = {"Desired", "InPlace", "Drift", "Refused", "Held", "Started", "Left", "Unreachable"}


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def alarms(environment: dict[str, str]) -> Alarms:
    return Alarms(environment)


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)


def test_these_alarms_exist_and_no_others(alarms: Alarms) -> None:
    assert set(alarms.all()) == ALARMS
    assert all(alarm["AlarmActions"] for alarm in alarms.all().values())


def test_they_watch_what_exists(alarms: Alarms, environment: dict[str, str]) -> None:
    """A dimension with a name that nobody has is a metric without data, and no alarm ever."""
    machines = client(environment, "stepfunctions").list_state_machines()["stateMachines"]
    known = {
        "Stack": {"isthmus"},
        "Error": {"ServiceFault", "Runtime.ExitError"},
        "FunctionName": {each["FunctionName"] for each in functions(environment)},
        "StateMachineArn": {machine["stateMachineArn"] for machine in machines},
        "QueueName": {url.rpartition("/")[2] for url in client(environment, "sqs").list_queues()["QueueUrls"]},
    }
    dimensions = [each for name in ALARMS for metric in alarms.metrics(name) for each in metric["Dimensions"]]
    assert {each["Name"] for each in dimensions} == set(known)
    assert [each for each in dimensions if each["Value"] not in known[each["Name"]]] == []


def test_a_service_that_keeps_failing_is_a_fault(
    network: Network, machine: Machine, environment: dict[str, str], alarms: Alarms, pair: tuple[Vpc, Vpc]
) -> None:
    network.control.plant_faults({"Action": "CreateVpcPeeringConnection", **BROKEN})
    with alarms.moves("Faults"), change_wait_scale(environment, 0.01):
        machine.run(request(*pair)).failed("ServiceFault")


def test_so_is_an_execution_that_is_stopped(
    network: Network, machine: Machine, environment: dict[str, str], alarms: Alarms, pair: tuple[Vpc, Vpc]
) -> None:
    network.control.set(provisioning_for=NEVER)
    arn = machine.start(request(*pair))
    machine.reaches(arn, "WaitActive")
    with alarms.moves("Faults"):
        machine.client.stop_execution(executionArn=arn)


def test_so_is_a_function_that_panics(environment: dict[str, str], alarms: Alarms) -> None:
    """It ends before it can answer; what it printed is all that is left."""
    lines = printed(environment, "WaitActive", {}, AWS_LAMBDA_FUNCTION_MEMORY_SIZE="none", AWS_LAMBDA_LOG_LEVEL="ERROR")
    [point] = [point for line in lines for point in points(line)]
    watched = [
        (metric["Namespace"], metric["MetricName"], tuple((each["Name"], each["Value"]) for each in metric["Dimensions"]))
        for metric in alarms.metrics("Faults")
    ]
    assert (point.namespace, point.name, point.dimensions) in watched and point.value == 1


def overlap(pair: tuple[Vpc, Vpc]) -> None:
    pair[1].add_block("10.1.128.0/20")


def route_elsewhere(pair: tuple[Vpc, Vpc]) -> None:
    vpc, gateway = pair[0], pair[0].internet_gateway()
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock="10.2.0.0/16", GatewayId=gateway)


@pytest.mark.parametrize(("cause", "error"), [(overlap, "OverlappingCidrs"), (route_elsewhere, "RouteConflict")])
def test_what_an_owner_has_to_change_is_counted_by_its_name_and_is_no_fault(
    machine: Machine, alarms: Alarms, pair: tuple[Vpc, Vpc], cause: Callable[[tuple[Vpc, Vpc]], None], error: str
) -> None:
    cause(pair)
    before = alarms.failures(error), alarms.watched("Faults")
    machine.run(request(*pair, DryRun=True)).failed(error)
    assert (alarms.failures(error), alarms.watched("Faults")) == before, "of a dry run only who asked for it is told"
    machine.run(request(*pair)).failed(error)
    assert (alarms.failures(error), alarms.watched("Faults")) == (before[0] + 1, before[1])


def test_a_function_for_which_lambda_has_no_room_is_throttled(environment: dict[str, str], alarms: Alarms) -> None:
    invoker, name = client(environment, "lambda"), function(environment, "CreateRequest")["FunctionName"]
    invoker.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with alarms.moves("Throttled"), pytest.raises(invoker.exceptions.TooManyRequestsException):
            invoker.invoke(FunctionName=name, Payload="{}")
    finally:
        invoker.delete_function_concurrency(FunctionName=name)


def test_a_region_that_can_t_be_read_is_unreachable(network: Network, sweep: Sweep, alarms: Alarms) -> None:
    network.control.plant_faults({"Action": "DescribeVpcs", "Region": THERE, "Code": "UnauthorizedOperation", "HttpStatus": 403})
    with alarms.moves("Unreachable"), alarms.moves("SweepSilent"):
        assert sweep(DryRun=True)["Unreachable"]


def test_what_differs_is_drift(network: Network, sweep: Sweep, peerings: Peerings, alarms: Alarms, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    vpc.ec2.delete_route(RouteTableId=vpc.main_table, DestinationCidrBlock="10.2.0.0/16")
    with alarms.moves("DriftStays"):
        sweep(DryRun=True)
    before = alarms.total(ROUTES_WRITTEN)
    sweep()
    peerings.wait_for_executions(vpc, peer)
    assert vpc.routes_to(pcx) and alarms.total(ROUTES_WRITTEN) == before + 1


def test_every_metric_that_an_alarm_or_the_dashboard_shows_is_emitted(
    machine: Machine, sweep: Sweep, environment: dict[str, str], alarms: Alarms, pair: tuple[Vpc, Vpc]
) -> None:
    sweep(DryRun=True)
    machine.run(request(*pair)).succeeded()
    machine.run(request(pair[0], pair[0])).failed("InvalidRequest")
    Machine(environment, environment["GROUPS_STATE_MACHINE_ARN"]).run({"Groups": ["nobody"]}).succeeded()
    dashboard = client(environment, "cloudwatch").get_dashboard(DashboardName="isthmus-us-east-1")["DashboardBody"]
    widgets = [widget["properties"] for widget in json.loads(dashboard)["widgets"]]
    shown = {row[1] for widget in widgets for row in widget.get("metrics", []) if row[0] == "Isthmus"}
    watched = {metric["MetricName"] for name in ALARMS for metric in alarms.metrics(name) if metric["Namespace"] == "Isthmus"}
    assert shown and watched and shown | watched <= alarms.emitted()
    of_groups = {"GroupPairs", "GroupPairsInPlace", "GroupPairsRefused", "GroupPairsLeft"}
    assert alarms.emitted() == OF_A_SWEEP | of_groups | {"Failures", "RoutesWritten"}


@pytest.mark.parametrize("level", ["INFO", "WARN", "ERROR"])
def test_its_line_has_the_level_of_the_stack(environment: dict[str, str], level: str) -> None:
    """Or Lambda would drop it."""
    lines = printed(environment, "Sweep", {"DryRun": True}, AWS_LAMBDA_LOG_LEVEL=level)
    [line] = [json.loads(line) for line in lines if "_aws" in line]
    assert line["level"] == level and datetime.fromisoformat(line["timestamp"]).tzinfo
    assert {point.name for point in points(json.dumps(line))} == OF_A_SWEEP
    assert all(isinstance(line[name], int) for name in OF_A_SWEEP)
