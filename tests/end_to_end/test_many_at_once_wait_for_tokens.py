"""EC2's buckets of tokens, and its quota of outstanding requests: many executions at once wait, and none fails.

A hub and its spokes, all in one Region of one account: the worst case, for all of them share each bucket.
"""

import pytest
from iam.recorded import Record

from .executions import Machine
from .network import Network, request, wait_until
from .sweeping import Sweep

SPOKES = 50
FASTER = 4  # than AWS


class Hub:
    def __init__(self, network: Network) -> None:
        self.vpc = network.vpc("10.255.0.0/16")
        self.spokes = [network.vpc(f"10.{number}.0.0/16") for number in range(SPOKES)]

    def tag_all(self) -> None:
        """In one call."""
        ids = [spoke.id for spoke in self.spokes]
        self.vpc.ec2.create_tags(Resources=ids, Tags=[{"Key": "isthmus:peer", "Value": self.vpc.id}])

    def routed(self) -> int:
        """How many spokes have a route to the hub, and the hub one to them."""
        tables = self.vpc.tables().values()
        to_spokes = {route["DestinationCidrBlock"] for routes in tables for route in routes if "VpcPeeringConnectionId" in route}
        return sum(f"10.{number}.0.0/16" in to_spokes for number in range(SPOKES))

    def ended(self, machine: Machine) -> list[str]:
        """The statuses of the executions of its pairs."""
        arns = [arn for spoke in self.spokes for arn in machine.executions(spoke.id)]
        return [machine.client.describe_execution(executionArn=arn)["status"] for arn in arns]


def throttled(record: Record) -> int:
    """How many of the calls EC2 refused, for want of tokens or places."""
    codes = ("RequestLimitExceeded", "OutstandingVpcPeeringConnectionLimitExceeded")
    return sum(call.get("Error") in codes for call in record.calls())


def test_spokes_that_are_tagged_at_once_and_a_changed_selection(network: Network, machine: Machine, sweep: Sweep) -> None:
    network.leave_outstanding_requests(8)
    hub = Hub(network)
    network.settle()
    record = network.record()
    network.control.set(throttling=FASTER)
    # However slow this machine is, and with it the calls: the first finds no token.
    network.control.plant_faults({"Action": "CreateRoute", "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": SPOKES})
    hub.tag_all()
    wait_until(lambda: hub.routed() == SPOKES, "all are routed", 400)
    wait_until(lambda: set(hub.ended(machine)) == {"SUCCEEDED"}, "all have succeeded", 100)
    assert len(hub.vpc.connections("active")) == SPOKES
    assert throttled(record) >= SPOKES, "they did wait"

    network.control.set(throttling=0)
    table = hub.vpc.table(tier="other")
    network.control.set(throttling=FASTER)
    hub.vpc.tag(isthmus__routes=f"{hub.vpc.main_table} {table}")
    wait_until(lambda: sum("VpcPeeringConnectionId" in route for route in hub.vpc.tables()[table]) == SPOKES, "all are routed", 400)
    wait_until(lambda: set(hub.ended(machine)) == {"SUCCEEDED"}, "all have succeeded", 100)
    network.control.set(throttling=0)
    refused = [each for each in sweep(DryRun=True)["Refused"] if hub.vpc.id in (each["VpcId"], each["PeerVpcId"])]
    assert refused == [], "none is barred"


@pytest.mark.parametrize("action", ["AcceptVpcPeeringConnection", "CreateRoute"])
def test_an_execution_waits_for_as_long_as_it_is_throttled(network: Network, machine: Machine, action: str) -> None:
    """Longer than the retries of the SDK, and than those of the machine for a failure of AWS."""
    network.remove_delays()
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    network.control.plant_faults({"Action": action, "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 26})
    execution = machine.run(request(vpc, peer)).succeeded()
    assert execution.output["Status"] == "active"


def test_an_event_waits_for_as_long_as_it_is_throttled(network: Network) -> None:
    """Longer than the retries of the SDK: an event that has failed three times is lost until the next sweep."""
    network.remove_delays()
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    network.settle()
    network.control.plant_faults({"Action": "DescribeVpcs", "Code": "RequestLimitExceeded", "HttpStatus": 503, "Times": 26})
    vpc.tag(isthmus__peer=peer.id)
    wait_until(lambda: vpc.connections("active") != [], "they are peered")


def test_the_quota_of_outstanding_requests_is_waited_out(network: Network, machine: Machine) -> None:
    """Somebody else's request takes the last place, until it is accepted."""
    network.settle()
    network.leave_outstanding_requests(1)
    vpc, peer, third, fourth = (network.vpc(f"10.{number}.0.0/16") for number in range(4))
    last = network.peer_manually(third, fourth, accept=False)
    record = network.record()
    arn = machine.start(request(vpc, peer))
    wait_until(lambda: throttled(record) > 0, "it has no place")
    fourth.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=last)
    assert machine.wait(arn).succeeded().output["Status"] == "active"
