"""What a scenario has set up: VPCs of ours, what is foreign there, what is desired of them, and how to ask for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from end_to_end.executions import Execution
from end_to_end.ledger import Ledger
from end_to_end.network import Network, Vpc

FOREIGN_BLOCK = "10.99.0.0/16"
ANYWHERE = "0.0.0.0/0"
STATUS, EXECUTION = "isthmus:status:", "isthmus:execution"

Facts = set[str]
"""Statements about connections, routes and DNS resolution, such as `rtb-1: 10.2.0.0/16 active`."""


@dataclass(frozen=True)
class Ending:
    """How one execution, or one sweep, has ended."""

    error: str = ""
    told: str = ""
    """The cause of the failure, or what an answer says was refused or left: text with the ids of what it is about. Empty if it
    says nothing.
    """


class Foreign:
    """What is somebody else's: a VPC that is peered by hand with the first of ours, routes to it, gateways, and tags."""

    def __init__(self, network: Network, *vpcs: Vpc) -> None:
        self._vpcs, first = vpcs, vpcs[0]
        self._other = network.vpc(FOREIGN_BLOCK, region=first.region, account=first.account, consents=False)
        self.connection = network.peer_manually(self._other, first)
        self._other.ec2.create_tags(Resources=[self.connection], Tags=[{"Key": "owner", "Value": "somebody else"}])
        block = first.ec2.describe_vpcs(VpcIds=[first.id])["Vpcs"][0]["CidrBlock"]
        for vpc, destination in ((first, FOREIGN_BLOCK), (self._other, block)):
            route = {"RouteTableId": vpc.main_table, "DestinationCidrBlock": destination}
            vpc.ec2.create_route(**route, VpcPeeringConnectionId=self.connection)
        for vpc in vpcs:
            gateway = vpc.internet_gateway()
            vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
            vpc.tag(Name="ours", team="payments")

    def read(self, adopted: str | None = None) -> str:
        """All of it, as EC2 describes it. `adopted` is a connection of somebody else that ours may use."""
        mine = {
            vpc.id: {
                "routes": {table: [each for each in routes if self._owns(each)] for table, routes in vpc.tables().items()},
                "tags": {key: value for key, value in vpc.tags().items() if not key.startswith(STATUS)},
                "adopted": vpc.connection(adopted) if adopted else None,
            }
            for vpc in self._vpcs
        }
        return json.dumps([mine, self._other.everything(), self._other.tags()], default=str, sort_keys=True, indent=1)

    def _owns(self, route: dict[str, Any]) -> bool:
        return route.get("VpcPeeringConnectionId") in (None, self.connection)


@dataclass
class World:
    ledger: Ledger
    foreign: Foreign
    pairs: list[tuple[Vpc, Vpc]]
    desired: Facts
    act: Callable[[], list[Ending]]
    """Asks for what is desired, and waits for the end."""
    act_again: Callable[[], list[Ending]] | None = None
    """The same once more, where it is another call."""
    new: list[Facts] = field(default_factory=list)
    """Parts of what is desired, each of which is there as a whole or not at all."""
    adopted: str | None = None
    leave: Callable[[], None] = lambda: None
    """Takes off the tags that would have later sweeps do something here."""

    @property
    def vpcs(self) -> list[Vpc]:
        return list(dict.fromkeys(vpc for pair in self.pairs for vpc in pair))

    def facts(self) -> dict[str, set[str]]:
        """What there is now, each with what it can be found by: the ids of the connection and of the route table, and the execution
        in the connection's tags.
        """
        found: dict[str, set[str]] = {}
        named_by: dict[str, set[str]] = {}
        connections: dict[str, str] = {}
        for vpc in self.vpcs:
            for connection in vpc.connections():
                pcx = connection["VpcPeeringConnectionId"]
                if pcx == self.foreign.connection:
                    continue
                connections[pcx] = connection_fact(*_ends(connection), connection["Status"]["Code"])
                named_by.setdefault(pcx, {pcx}).update(each["Value"] for each in connection["Tags"] if each["Key"] == EXECUTION)
                if _resolves(vpc, connection):
                    found[dns_fact(vpc.id)] = named_by[pcx]
        for pcx, fact in sorted(connections.items()):
            found[f"once more {fact}" if fact in found else fact] = named_by[pcx]
        for vpc in self.vpcs:
            for table, routes in vpc.tables().items():
                for route in routes:
                    if (target := route.get("VpcPeeringConnectionId")) not in (None, self.foreign.connection):
                        destination = route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"]
                        found[route_fact(table, destination, route["State"])] = {table} | named_by.get(str(target), {str(target)})
        return found

    def assert_no_lease(self) -> None:
        for pair in self.pairs:
            self.ledger.assert_free(*pair)

    def end(self) -> None:
        """Later sweeps find nothing to do here."""
        self.leave()
        for vpc in self.vpcs:
            if written := [key for key in vpc.tags() if key.startswith(STATUS)]:
                vpc.untag(*written)
        for pair in self.pairs:
            self.ledger.delete(*pair)


def connection_fact(one: str, other: str, status: str) -> str:
    return f"{' and '.join(sorted((one, other)))}: {status}"


def route_fact(table: str, destination: str, state: str = "active") -> str:
    return f"{table}: {destination} {state}"


def dns_fact(vpc: str) -> str:
    return f"{vpc}: allows DNS resolution"


def ending(execution: Execution) -> Ending:
    """A success tells what it could not have."""
    if execution.status == "SUCCEEDED":
        return Ending(told=told(execution.output.get("Warnings")))
    error = execution.error if execution.status == "FAILED" else execution.status
    # Where the roll-back has failed, the cause says to look for a connection with the execution in its tags.
    left = [execution.arn] if execution.cause.get("Action") == "RollBack" else []
    return Ending(error or "no error", told(execution.cause, *left))


def told(*what: Any) -> str:
    """As text; empty if all of it is empty."""
    return json.dumps(what) if any(what) else ""


def _ends(connection: dict[str, Any]) -> tuple[str, str]:
    return connection["RequesterVpcInfo"]["VpcId"], connection["AccepterVpcInfo"]["VpcId"]


def _resolves(vpc: Vpc, connection: dict[str, Any]) -> bool:
    sides = [connection[f"{side}VpcInfo"] for side in ("Requester", "Accepter")]
    [own] = [side for side in sides if side["VpcId"] == vpc.id]
    return bool(own.get("PeeringOptions", {}).get("AllowDnsResolutionFromRemoteVpc"))
