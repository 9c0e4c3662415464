"""A run of the groups machine that ends half-way, in any way: the next round, or the next run, goes on."""

from typing import Any

import pytest
from local_cloud.faults import EXECUTE_THEN_FAIL

from .clients import setting
from .grouping import Groups, peered, status
from .ledger import Ledger
from .network import HUB, MEMBER, THERE, Network, Vpc, wait_until
from .sweeping import Sweep


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def mesh(network: Network, groups: Groups, group: str) -> list[Vpc]:
    members = [network.vpc(f"10.{number}.0.0/16", region=region) for number, region in [(1, THERE), (2, THERE), (3, "us-east-1")]]
    groups.join(group, *members)
    return members


def is_whole(ledger: Ledger, members: list[Vpc]) -> bool:
    pairs = [(members[one], members[other]) for one, other in [(0, 1), (0, 2), (1, 2)]]
    for pair in pairs:
        ledger.assert_free(*pair)
    return all(peered(*pair) for pair in pairs)


def test_a_run_that_is_stopped_is_gone_on_with_by_the_sweep_s(
    network: Network, groups: Groups, group: str, ledger: Ledger, sweep: Sweep
) -> None:
    network.control.set(provisioning_for=900)
    members = mesh(network, groups, group)
    arn = groups.machine.start({"Groups": [group]})
    wait_until(lambda: len(members[0].connections("provisioning")) == 2, "its lanes wait for EC2")
    groups.machine.client.stop_execution(executionArn=arn)
    assert ledger.holder(members[0], members[1]) == arn
    network.control.set(provisioning_for=0)
    network.control.advance(900)
    [run] = [name for name in sweep()["Started"] if name.startswith("sweep-")] or [None]
    assert ledger.holder(members[0], members[1]) == arn, "a lane of it may still write"
    network.services.advance(320)
    runs = [name for name in [run, *sweep()["Started"]] if name and name.startswith("sweep-")]
    for next_arn in groups.machine.executions(runs[0]):
        groups.machine.wait(next_arn).succeeded()
    assert is_whole(ledger, members)


@pytest.mark.parametrize(
    "fault",
    [
        {"Action": "CreateVpcPeeringConnection", "Code": "InternalError", "HttpStatus": 500, "Times": 8},
        {"Action": "AcceptVpcPeeringConnection", "Code": "InternalError", "HttpStatus": 500, "Times": 8},
        {"Action": "CreateRoute", "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 20},
        {"Action": "CreateRoute", "Code": "InternalError", "HttpStatus": 500, "Times": 8, "Effect": EXECUTE_THEN_FAIL},
    ],
    ids=lambda fault: f"{fault['Action']}-{fault['Code']}-{fault.get('Effect', '')}",
)
def test_what_ec2_fails_is_done_in_the_end(
    network: Network, groups: Groups, group: str, ledger: Ledger, fault: dict[str, Any]
) -> None:
    members = mesh(network, groups, group)
    network.control.plant_faults(fault)
    assert groups.run(group)["SetUp"] == 3
    assert is_whole(ledger, members)


def test_a_lane_without_its_role_keeps_nobody_else_waiting(
    network: Network, environment: dict[str, str], groups: Groups, group: str, ledger: Ledger
) -> None:
    hub, here, there = (
        network.vpc("10.1.0.0/16"),
        network.vpc("10.2.0.0/16"),
        network.vpc("10.3.0.0/16", account=MEMBER, consents=False),
    )
    groups.join(group, hub, role="hub")
    groups.join(group, here, there, role="spoke")
    denied = {"Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 99, "Account": MEMBER}
    actions = ("CreateVpcPeeringConnection", "AcceptVpcPeeringConnection")  # whichever of the two VPCs asks
    network.control.plant_faults(*({"Action": action, **denied} for action in actions))
    with setting(environment, GROUP_ACCOUNTS=f"{group}:hub={HUB} {group}:spoke={MEMBER}"):
        report = groups.run(group)
    assert (report["SetUp"], report["RefusedCount"], report["Refused"][0]["Error"]) == (1, 1, "AccessDenied")
    assert peered(hub, here) and there.connections() == []
    assert status(hub, group).startswith(f"1 of 2 active, 1 refused: AccessDenied {there.id} 20")


def test_a_refused_connection_is_deleted_again(network: Network, groups: Groups, group: str, ledger: Ledger) -> None:
    one, other = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    groups.join(group, one, other)
    network.control.plant_faults(
        {"Action": "AcceptVpcPeeringConnection", "Code": "UnauthorizedOperation", "HttpStatus": 403, "Times": 99}
    )
    report = groups.run(group)
    assert (report["SetUp"], report["RefusedCount"], report["Refused"][0]["Error"]) == (0, 1, "AccessDenied")
    assert one.connections() == [] and "Connection" not in ledger.assert_free(one, other)
    assert status(one, group).startswith("failed AccessDenied ")
