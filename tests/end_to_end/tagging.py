"""Waits for what a change of tags causes, by reading EC2 and the executions of both machines."""

from dataclasses import dataclass

from .executions import Machine
from .network import Vpc, wait_until


@dataclass(frozen=True)
class Peerings:
    """The peerings that tags request, and the executions of both machines that tags start."""

    set_up: Machine
    teardown: Machine

    def wait_until_active(self, vpc: Vpc, peer: Vpc) -> str:
        """Waits until the two are peered, with routes and status tags. Returns the id of the connection."""
        wait_until(lambda: self.is_complete(vpc, peer), f"{vpc.id} and {peer.id} are peered")
        [connection] = self._between(vpc, peer)
        return connection

    def wait_until_removed(self, vpc: Vpc, peer: Vpc) -> None:
        wait_until(lambda: not self._between(vpc, peer, live=True), f"{vpc.id} and {peer.id} are no longer peered")
        self.wait_for_executions(vpc, peer)

    def is_complete(self, vpc: Vpc, peer: Vpc) -> bool:
        active = self._between(vpc, peer)
        return (
            len(active) == 1
            and all(
                end.routes_to(active[0]) and f"active {active[0]}" in (end.status(other) or f"active {active[0]}")
                for end, other in ((vpc, peer), (peer, vpc))
            )
            and any(end.status(other) for end, other in ((vpc, peer), (peer, vpc)))
        )

    def wait_for_executions(self, vpc: Vpc, peer: Vpc, at_least: int = 0) -> None:
        """Waits until `at_least` peering executions of these two were started and no execution of either machine is running."""
        names = (f"{vpc.id}_{peer.id}", f"{peer.id}_{vpc.id}")
        wait_until(
            lambda: sum(len(self.set_up.executions(name)) for name in names) >= at_least, f"{at_least} executions were started"
        )
        for machine in (self.set_up, self.teardown):
            for name in names:
                for arn in machine.executions(name):
                    machine.wait(arn)

    def running(self, machine: Machine, vpc: Vpc) -> list[str]:
        arns = machine.executions(vpc.id)
        return [arn for arn in arns if machine.client.describe_execution(executionArn=arn)["status"] == "RUNNING"]

    def _between(self, vpc: Vpc, peer: Vpc, live: bool = False) -> list[str]:
        found = vpc.connections() if live else vpc.connections("active")
        ends = {vpc.id, peer.id}
        return [
            connection["VpcPeeringConnectionId"]
            for connection in found
            if {connection["RequesterVpcInfo"]["VpcId"], connection["AccepterVpcInfo"]["VpcId"]} == ends
        ]
