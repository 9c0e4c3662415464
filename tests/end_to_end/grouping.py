"""The groups machine, and what it reports about one group."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .executions import Machine
from .network import Network, Vpc


def unused_name() -> str:
    """A group that no other test has: a report is about all members that the cloud has."""
    return f"g-{uuid.uuid4().hex[:12]}"


@contextmanager
def only_reads(network: Network, *vpcs: Vpc) -> Iterator[None]:
    """Nothing of these VPCs is changed, and no function writes anything to EC2."""
    with network.untouched(*vpcs), network.calls() as calls:
        yield
    assert [action for action in calls.ec2() if not action.startswith(("Describe", "GetManaged"))] == []


class Groups:
    """The deployed machine."""

    def __init__(self, network: Network, environment: dict[str, str]) -> None:
        self.machine = Machine(environment, environment["GROUPS_STATE_MACHINE_ARN"])
        self._network = network
        self._members: list[Vpc] = []

    def join(self, name: str, *vpcs: Vpc, role: str = "", heard: bool = False) -> None:
        """Makes them members, by one tag each. Unless that is heard of, no run is started."""
        if not heard:
            self._network.control.disturb_events(drop=len(vpcs))
        for vpc in vpcs:
            vpc.tag(isthmus__group=f"{name}:{role}" if role else name)
            self._members.append(vpc)

    def report(self, name: str, **given: Any) -> dict[str, Any]:
        """What a dry run answers about that group."""
        output = self.machine.run({"Groups": [name], "DryRun": True} | given).succeeded().output
        [group] = output["Groups"]
        return output | group

    def run(self, name: str) -> dict[str, Any]:
        """What a run answers about that group, once it has set up and torn down what is to be."""
        output = self.machine.run({"Groups": [name]}).succeeded().output
        [group] = output["Groups"]
        return output | group

    def runs(self) -> list[str]:
        """The names of all runs that tags started."""
        return [arn.rsplit(":", 1)[1] for arn in self.machine.executions("tags-")]

    def leave(self) -> None:
        """Takes the tags off, and stops the runs that wait for their minute: they would read what other tests count.

        Prints the last runs, which pytest shows if the test failed.
        """
        for arn in sorted(self.machine.executions("tags-"))[-4:]:
            found = self.machine.client.describe_execution(executionArn=arn)
            print(found["name"], found["status"], found.get("output") or found.get("cause"))
        self._network.control.disturb_events(drop=len(self._members))
        for vpc in self._members:
            vpc.untag("isthmus:group")
        self._network.control.disturb_events(drop=0)
        self._network.settle()
        found = self.machine.client.list_executions(stateMachineArn=self.machine.arn, statusFilter="RUNNING")
        for execution in found["executions"]:
            self.machine.client.stop_execution(executionArn=execution["executionArn"])
        if found["executions"]:
            self._network.services.advance(320)  # what they held is nobody's then


def peered(one: Vpc, other: Vpc) -> bool:
    """Whether one connection of the two is active, and the main tables of both lead to it."""
    active = [each["VpcPeeringConnectionId"] for each in one.connections("active")]
    both = [pcx for pcx in active if pcx in [each["VpcPeeringConnectionId"] for each in other.connections("active")]]
    if len(both) != 1:
        return False
    routed = [{table for table, _, _ in vpc.routes_to(both[0])} for vpc in (one, other)]
    return routed == [{one.main_table}, {other.main_table}]


def status(vpc: Vpc, name: str) -> str:
    """What is told on a member about its pairs of that group."""
    return vpc.tags().get(f"isthmus:status:group:{name}", "")


def refused(report: dict[str, Any]) -> dict[frozenset[str], str]:
    """The errors of the refused pairs."""
    return {frozenset((each["VpcId"], each["PeerVpcId"])): each["Error"] for each in report["Refused"]}


def why(report: dict[str, Any], vpc: Vpc, peer: Vpc) -> str:
    """The message about that pair."""
    pair = {vpc.id, peer.id}
    [message] = [each["Message"] for each in report["Refused"] if {each["VpcId"], each["PeerVpcId"]} == pair]
    return str(message)
