"""What tags brought about, as somebody sees it who looks at EC2 and at both machines."""

from dataclasses import dataclass

from .executions import Machine
from .world import Vpc, wait_until


@dataclass(frozen=True)
class Peerings:
    """Both machines, as tags start them."""

    set_up: Machine
    take_apart: Machine

    def come_up(self, vpc: Vpc, peer: Vpc) -> str:
        """The id of the one connection of the two, once it is active, routed and told."""
        wait_until(lambda: self.is_whole(vpc, peer), f"{vpc.id} and {peer.id} are peered")
        [connection] = self._between(vpc, peer)
        return connection

    def go_away(self, vpc: Vpc, peer: Vpc) -> None:
        wait_until(lambda: not self._between(vpc, peer, live=True), f"{vpc.id} and {peer.id} are not peered any more")
        self.settle(vpc, peer)

    def is_whole(self, vpc: Vpc, peer: Vpc) -> bool:
        active = self._between(vpc, peer)
        return (
            len(active) == 1
            and all(
                end.routes_to(active[0]) and f"active {active[0]}" in (end.status(other) or f"active {active[0]}")
                for end, other in ((vpc, peer), (peer, vpc))
            )
            and any(end.status(other) for end, other in ((vpc, peer), (peer, vpc)))
        )

    def settle(self, vpc: Vpc, peer: Vpc, at_least: int = 0) -> None:
        """Returns once so many executions that peer these two were started, and every one of either machine ended."""
        names = (f"{vpc.id}_{peer.id}", f"{peer.id}_{vpc.id}")
        wait_until(lambda: sum(len(self.set_up.executions(name)) for name in names) >= at_least, "they were started")
        for machine in (self.set_up, self.take_apart):
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
