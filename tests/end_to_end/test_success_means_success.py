"""A success says that what was asked for is so: a teardown that looked in the wrong Region has removed nothing, and a sweep that
could read nothing has compared nothing."""

import json
from typing import Any

import pytest

from .clients import client
from .executions import Machine
from .ledger import Ledger
from .network import HERE, HUB, MEMBER, THERE, Network, request
from .sweeping import Sweep

DENIED = {"Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 9999}


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def without(fields: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in names}


@pytest.mark.parametrize(
    ("left_out", "swapped", "says"),
    [
        (("PeerRegion", "PeerOwnerId"), False, f"write PeerRegion {THERE} and PeerOwnerId {MEMBER}"),
        (("PeerRegion",), False, f"write PeerRegion {THERE}"),
        (("PeerOwnerId",), False, f"write PeerOwnerId {MEMBER}"),
        (("Region", "OwnerId"), True, f"write Region {THERE} and OwnerId {MEMBER}"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else None,
)
def test_a_teardown_that_leaves_out_where_a_vpc_is_names_the_field(
    network: Network, machine: Machine, teardown: Machine, left_out: tuple[str, ...], swapped: bool, says: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER)
    pcx = machine.run(request(vpc, peer)).succeeded().output["VpcPeeringConnectionId"]
    one, other = (peer, vpc) if swapped else (vpc, peer)
    mistaken = without(one.end() | other.end("Peer"), *left_out)
    with network.untouched(vpc, peer):
        for each in (teardown, machine):
            execution = each.run(mistaken).failed("VpcNotFound")
            assert says in execution.cause["Message"] and pcx in execution.cause["Message"], execution.cause
            assert execution.cause["VpcId"] == peer.id
    assert teardown.run(one.end() | other.end("Peer")).succeeded().output["Status"] == "deleted"
    assert teardown.run(one.end() | other.end("Peer")).succeeded().output["Status"] == "absent"


def test_a_vpc_that_is_not_there_is_not_absent(network: Network, teardown: Machine, ledger: Ledger) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    nowhere = without(vpc.end() | peer.end("Peer"), "PeerRegion")
    for _ in range(2):
        execution = teardown.run(nowhere).failed("VpcNotFound")
        assert (execution.cause["VpcId"], execution.cause["Region"]) == (peer.id, HERE)
    assert teardown.run(vpc.end() | peer.end("Peer")).succeeded().output["Status"] == "absent"


@pytest.mark.parametrize("region", [HERE, None], ids=["its own Region", "every Region"])
def test_a_sweep_that_can_t_read_fails(network: Network, sweep: Sweep, region: str | None) -> None:
    of_region = {} if region is None else {"Region": region}
    network.control.plant_faults(*({"Action": action, **of_region, **DENIED} for action in ("DescribeVpcs",)))
    with pytest.raises(AssertionError, match="AccessDenied"):
        sweep()
    network.control.clear_faults()
    sweep(DryRun=True)


def test_a_sweep_that_can_t_read_another_region_says_so(network: Network, sweep: Sweep) -> None:
    network.control.plant_faults({"Action": "DescribeVpcs", "Region": THERE, **DENIED})
    assert any(THERE in each for each in sweep(DryRun=True)["Unreachable"])


@pytest.mark.parametrize(
    ("event", "field"),
    [({"dryRun": True}, "dryRun"), ({"DryRun": True, "Rety": True}, "Rety"), ({"DryRun": "yes"}, None), ([], None), ("x", None)],
    ids=str,
)
def test_what_a_sweep_does_not_understand_is_an_invalid_request(environment: dict[str, str], event: Any, field: str | None) -> None:
    functions = client(environment, "lambda", HUB, HERE)
    answer = functions.invoke(FunctionName=environment["SWEEP_FUNCTION_NAME"], Payload=json.dumps(event))
    failed = json.load(answer["Payload"])
    assert failed["errorType"] == "InvalidRequest", failed
    cause = json.loads(failed["errorMessage"])
    assert field is None or (cause["Field"] == field and field in cause["Message"]), cause


def test_a_failed_sweep_reaches_the_queue_that_has_an_alarm(environment: dict[str, str]) -> None:
    """Its schedule invokes it asynchronously: after the last attempt Lambda puts the event there."""
    functions = client(environment, "lambda", HUB, HERE)
    config = functions.get_function_event_invoke_config(FunctionName=environment["SWEEP_FUNCTION_NAME"], Qualifier="$LATEST")
    assert config["MaximumRetryAttempts"] == 2
    queue = config["DestinationConfig"]["OnFailure"]["Destination"]
    alarms = client(environment, "cloudwatch", HUB, HERE).describe_alarms()["MetricAlarms"]
    watched = [dimension["Value"] for alarm in alarms for dimension in alarm["Dimensions"] if dimension["Name"] == "QueueName"]
    assert queue.rsplit(":", 1)[-1] in watched, (queue, watched)
