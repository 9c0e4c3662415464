"""The function `topology`, asked by a person and by a dashboard."""

import json
from typing import Any

import pytest

from .clients import client
from .network import HUB, MEMBER, THERE, Network, Vpc
from .tagging import Peerings

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


class Topology:
    def __init__(self, environment: dict[str, str]) -> None:
        self._functions = client(environment, "lambda")
        self._name = environment["TOPOLOGY_FUNCTION_NAME"]

    def __call__(self, **event: Any) -> Any:
        answer = self._functions.invoke(FunctionName=self._name, Payload=json.dumps(event))
        payload = json.load(answer["Payload"])
        assert "FunctionError" not in answer, payload
        return payload

    def about(self, vpc: Vpc) -> dict[str, Any]:
        ends = ("Requester", "Accepter")
        [peering] = [each for each in self()["Peerings"] if vpc.id in [each[end]["VpcId"] for end in ends]]
        return peering


@pytest.fixture
def topology(environment: dict[str, str]) -> Topology:
    return Topology(environment)


def test_a_route_that_was_deleted_by_hand_is_drift_with_its_table(network: Network, topology: Topology, peerings: Peerings) -> None:
    network.remove_delays()
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    vpc.tag(Name="payments", isthmus__peer=f"{peer.id}@{THERE}@{MEMBER}")
    peer.tag(isthmus__accept=HUB)
    peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    network.settle()
    with network.calls() as calls:
        seen = topology.about(vpc)
    assert calls.writes() == [] and not any("DeleteTags" in action for action in calls.ec2())
    assert (seen["Finding"], seen["Ours"], seen["Status"]) == ("InPlace", True, "active")
    assert seen["Routes"][peer.id] == {"Wanted": 1, "Present": 1}
    [shown] = [each for each in topology()["Vpcs"] if each["VpcId"] == vpc.id]
    assert (shown["Name"], shown["CidrBlocks"], shown["RouteTables"]) == ("payments", [BLOCK], [vpc.main_table])

    peer.ec2.delete_route(RouteTableId=peer.main_table, DestinationCidrBlock=BLOCK)
    seen = topology.about(vpc)
    missing = {"RouteTableId": peer.main_table, "DestinationCidrBlock": BLOCK}
    assert (seen["Finding"], seen["Differs"]) == ("Drift", "Routes")
    assert seen["Routes"][peer.id] == {"Wanted": 1, "Present": 0, "Missing": [missing]}


def test_a_member_is_read_by_the_role_that_can_only_read(network: Network, topology: Topology) -> None:
    vpc = network.vpc(BLOCK, region=THERE, account=MEMBER)
    record = network.record()
    assert vpc.id in [each["VpcId"] for each in topology()["Vpcs"]]
    made = [call for call in record.calls() if call["Service"] == "ec2" and "topology" in (call["SessionName"] or "")]
    assert {call["RoleArn"] for call in made if call["Account"] == MEMBER} == {f"arn:aws:iam::{MEMBER}:role/isthmus-member-read"}


def test_a_dashboard_gets_a_picture(network: Network, topology: Topology) -> None:
    vpc = network.vpc(BLOCK)
    html = topology(widgetContext={"theme": "dark", "width": 600, "height": 400})
    assert "<svg" in html and vpc.id in html and "<script" not in html
    assert "VPCs and peerings" in topology(describe=True)
