"""A VPC that a test created, changed and read by its owner."""

from dataclasses import dataclass, field
from typing import Any

LIVE = ["initiating-request", "pending-acceptance", "provisioning", "active"]
ENDED = ["failed", "expired", "rejected", "deleting", "deleted"]


@dataclass(frozen=True)
class Vpc:
    """Its ids, and EC2 as its owner calls it."""

    id: str
    region: str
    account: str
    main_table: str
    ec2: Any = field(repr=False, compare=False)

    def end(self, prefix: str = "") -> dict[str, str]:
        """The fields of a request that name this end; `prefix` is `Peer` for the other one."""
        return {f"{prefix}VpcId": self.id, f"{prefix}Region": self.region, f"{prefix}OwnerId": self.account}

    def table(self, **tags: str) -> str:
        """One more route table."""
        table = self.ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"]
        if tags:
            self.ec2.create_tags(Resources=[table], Tags=as_tags(tags))
        return table

    def subnet(self, block: str, table: str | None = None) -> str:
        """A subnet, associated with that table or, without one, using the main table."""
        subnet = self.ec2.create_subnet(VpcId=self.id, CidrBlock=block)["Subnet"]["SubnetId"]
        if table:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return subnet

    def internet_gateway(self) -> str:
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.id)
        return gateway

    def add_block(self, block: str) -> None:
        """A secondary IPv4 block, or an IPv6 one."""
        if ":" in block:
            self.ec2.associate_vpc_cidr_block(VpcId=self.id, Ipv6CidrBlock=block, Ipv6Pool="ipv6pool-ec2-0123456789abcdef0")
        else:
            self.ec2.associate_vpc_cidr_block(VpcId=self.id, CidrBlock=block)

    def tag(self, **tags: str) -> None:
        self.ec2.create_tags(Resources=[self.id], Tags=as_tags({key.replace("__", ":"): value for key, value in tags.items()}))

    def untag(self, *keys: str) -> None:
        self.ec2.delete_tags(Resources=[self.id], Tags=[{"Key": key} for key in keys])

    def tags(self) -> dict[str, str]:
        described = self.ec2.describe_vpcs(VpcIds=[self.id])["Vpcs"][0]
        return {tag["Key"]: tag["Value"] for tag in described.get("Tags", [])}

    def status(self, peer: "Vpc", prefix: str = "isthmus") -> str:
        """The status that the stack wrote on this VPC for its peering with `peer`."""
        return self.tags().get(f"{prefix}:status:{peer.id}", "")

    def change_dns(self, **attribute: bool) -> None:
        """Sets `EnableDnsSupport` or `EnableDnsHostnames`: EC2 accepts one attribute a call."""
        [(name, value)] = attribute.items()
        self.ec2.modify_vpc_attribute(VpcId=self.id, **{name: {"Value": value}})

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Every route of every table of this VPC, as EC2 describes it."""
        pages = self.ec2.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [self.id]}])
        return {table["RouteTableId"]: table["Routes"] for page in pages for table in page["RouteTables"]}

    def routes_to(self, connection: str) -> set[tuple[str, str, str]]:
        """Table, destination and state of every route to that connection."""
        return {
            (table, route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"], route["State"])
            for table, routes in self.tables().items()
            for route in routes
            if route.get("VpcPeeringConnectionId") == connection
        }

    def connections(self, *statuses: str) -> list[dict[str, Any]]:
        """The connections of this VPC in those statuses, live ones by default, as EC2 shows them to its own account and Region."""
        found = [
            connection
            for side in ("requester", "accepter")
            for connection in self.ec2.describe_vpc_peering_connections(
                Filters=[
                    {"Name": f"{side}-vpc-info.vpc-id", "Values": [self.id]},
                    {"Name": "status-code", "Values": list(statuses or LIVE)},
                ]
            )["VpcPeeringConnections"]
        ]
        return sorted(found, key=lambda connection: connection["VpcPeeringConnectionId"])

    def everything(self) -> dict[str, Any]:
        """Everything that a peering could change: the route tables, and the connections in any status, with their tags."""
        return {"tables": self.tables(), "connections": self.connections(*LIVE, *ENDED)}

    def connection(self, connection: str) -> dict[str, Any]:
        described = self.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[connection])
        return described["VpcPeeringConnections"][0]


def as_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
