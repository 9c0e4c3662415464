"""What the tests use: accounts, VPCs, peerings and expected errors."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.ec2.control import Control

HERE, THERE = "eu-central-1", "us-west-2"
HUB, MEMBER = "123456789012", "222222222222"
UNAIDED = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
"""boto3 neither retries nor refuses anything by itself."""
UNKNOWN_CONNECTION = "pcx-0123456789abcdef0"

_numbers = itertools.count(1)


@dataclass
class Cloud:
    url: str
    control: Control
    log: Any
    events: list[dict[str, Any]]
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def ec2(self, region: str = HERE, account: str = HUB) -> Any:
        if (region, account) not in self._clients:
            self._clients[region, account] = self._client("ec2", region, **self._credentials(account))
        return self._clients[region, account]

    def sts(self) -> Any:
        return self._client("sts", HERE)

    def forget_clients(self) -> None:
        self._clients.clear()

    def vpc(self, block: str | None = None, region: str = HERE, account: str = HUB, **tags: str) -> str:
        specification = {"ResourceType": "vpc", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
        created = self.ec2(region, account).create_vpc(
            CidrBlock=block or fresh_block(), TagSpecifications=[specification] if tags else []
        )
        return created["Vpc"]["VpcId"]

    def request(self, vpc: str, peer: str, region: str = HERE, account: str = HUB, **more: Any) -> str:
        created = self.ec2(region, account).create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer, **more)
        return created["VpcPeeringConnection"]["VpcPeeringConnectionId"]

    def accept(self, connection: str, region: str = HERE, account: str = HUB) -> None:
        self.ec2(region, account).accept_vpc_peering_connection(VpcPeeringConnectionId=connection)

    def peering(self) -> tuple[str, str, str]:
        """Two new VPCs and an active connection between them."""
        vpc, peer = self.vpc(), self.vpc()
        connection = self.request(vpc, peer)
        self.accept(connection)
        return vpc, peer, connection

    def describe(self, connection: str, region: str = HERE, account: str = HUB) -> dict[str, Any]:
        found = self.ec2(region, account).describe_vpc_peering_connections(VpcPeeringConnectionIds=[connection])
        return found["VpcPeeringConnections"][0]

    def visible(self, region: str = HERE) -> list[str]:
        found = self.ec2(region).describe_vpc_peering_connections()["VpcPeeringConnections"]
        return [each["VpcPeeringConnectionId"] for each in found]

    def status(self, connection: str, region: str = HERE, account: str = HUB) -> str:
        return self.describe(connection, region, account)["Status"]["Code"]

    def main_table(self, vpc: str, region: str = HERE) -> str:
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        return self.ec2(region).describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]

    def routes(self, table: str, region: str = HERE) -> dict[str, dict[str, Any]]:
        """A table's routes by destination."""
        found = self.ec2(region).describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return {route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"]: route for route in found}

    def _client(self, service: str, region: str, **credentials: str) -> Any:
        return boto3.client(service, region_name=region, endpoint_url=self.url, config=UNAIDED, **credentials)

    def _credentials(self, account: str) -> dict[str, str]:
        if account == HUB:
            return {}
        assumed = self.sts().assume_role(RoleArn=f"arn:aws:iam::{account}:role/member", RoleSessionName="test")
        found = assumed["Credentials"]
        return {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }


def fresh_block() -> str:
    """A /24 that no other VPC of this run has."""
    number = next(_numbers)
    return f"10.{number // 256}.{number % 256}.0/24"


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code


def eventually(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@cache
def named(name: str, *values: str) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}
