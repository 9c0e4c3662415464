"""EC2 as the tests set it up and read it back: VPCs of both accounts in any Region, by boto3 and never by the code under test."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from iam.recorded import Record
from local_cloud.ec2.control import Control

from .calls import Calls, is_by_a_function, is_write
from .vpc import Vpc, as_tags

HUB = "123456789012"
MEMBER = "222222222222"
VENDOR = "555555555555"
"""An external account: it has no role of ours. Its VPCs are its owner's, whose calls are made by `Vpc.ec2`."""
HERE = "us-east-1"
THERE = "eu-west-1"
POLL = 0.25  # seconds between two looks; more of them would slow down what is looked at
NEVER = 600  # seconds; longer than any test waits, until it advances the clock

_IDS = re.compile(r"(?:vpc|rtb|pcx)-[0-9a-f]+")


class Network:
    """The local EC2."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._url = environment["AWS_ENDPOINT_URL_EC2"]
        self._call_log = Path(environment["LOCAL_CLOUD_CALL_LOG"])
        self.control = Control(self._url)
        self.services = Control(environment["AWS_ENDPOINT_URL"])
        """Faults of DynamoDB and Step Functions, and the time since executions ended."""
        self.ec2 = lru_cache(maxsize=None)(self._ec2)

    def _ec2(self, region: str = HERE, account: str = HUB) -> Any:
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        if account != HUB:
            sts = boto3.client("sts", endpoint_url=self._url, region_name=region, **keys)
            role = f"arn:aws:iam::{account}:role/owner-of-{account}"
            session = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            keys = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        return boto3.client("ec2", endpoint_url=self._url, region_name=region, **keys)

    def vpc(self, *blocks: str, region: str = HERE, account: str = HUB, consents: bool = True) -> Vpc:
        """A VPC with these blocks, the first of them primary. One of another account consents to the stack's, or not."""
        ec2 = self.ec2(region, account)
        consent = [{"ResourceType": "vpc", "Tags": as_tags({"isthmus:accept": HUB})}] if consents and account != HUB else []
        if consent:
            self.control.disturb_events(drop=1)  # consent from the start: the tag event is not part of the test
        vpc = ec2.create_vpc(CidrBlock=blocks[0], TagSpecifications=consent)["Vpc"]["VpcId"]
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        made = Vpc(vpc, region, account, tables[0]["RouteTableId"], ec2)
        for block in blocks[1:]:
            made.add_block(block)
        return made

    def vpc_with_dns(self, *blocks: str, **place: str) -> Vpc:
        """A VPC with DNS support and DNS hostnames, which DNS resolution over a peering needs and a new VPC lacks."""
        vpc = self.vpc(*blocks, **place)
        vpc.change_dns(EnableDnsSupport=True)
        vpc.change_dns(EnableDnsHostnames=True)
        return vpc

    def peer_manually(self, requester: Vpc, accepter: Vpc, accept: bool = True) -> str:
        """The id of a connection that somebody else creates and, if `accept`, accepts."""
        made = requester.ec2.create_vpc_peering_connection(
            VpcId=requester.id, PeerVpcId=accepter.id, PeerRegion=accepter.region, PeerOwnerId=accepter.account
        )
        connection = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        wait_until(lambda: bool(requester.connections("pending-acceptance")), f"{connection} is visible to its requester")
        wait_until(lambda: bool(accepter.connections("pending-acceptance")), f"{connection} can be accepted")
        if accept:
            accepter.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=connection)
            wait_until(lambda: accepter.connection(connection)["Status"]["Code"] == "active", f"{connection} is active")
        return connection

    def remove_delays(self) -> None:
        """Sets EC2's delays to zero until the next test, for tests that are not about them."""
        self.control.set(pending_after=0, provisioning_for=0, visible_after=0, requester_visible_after=0)

    @contextmanager
    def untouched(self, *vpcs: Vpc) -> Iterator[None]:
        """Asserts that in this block the functions write nothing to these VPCs, and that the VPCs are unchanged after it."""
        before = [vpc.everything() for vpc in vpcs]
        with self.calls() as calls:
            yield
        own_ids = set(_IDS.findall(json.dumps(before, default=str))) | {vpc.id for vpc in vpcs}
        written = [call for call in calls.made if is_write(call) and own_ids & set(_IDS.findall(json.dumps(call["Parameters"])))]
        assert written == []
        assert [vpc.everything() for vpc in vpcs] == before

    def record(self) -> Record:
        """All calls to this cloud from now on, of the tests too."""
        return Record(self._call_log)

    @contextmanager
    def calls(self) -> Iterator[Calls]:
        """The calls that the functions make in this block."""
        self.settle()
        calls, record = Calls(), self.record()
        yield calls
        calls.made = [call for call in record.new_calls() if is_by_a_function(call)]

    def leave_outstanding_requests(self, count: int) -> None:
        """Sets the quota to so many more than the requests that wait in the stack's account and Region, of earlier tests."""
        waiting = [{"Name": "status-code", "Values": ["initiating-request", "pending-acceptance"]}]
        found = self.ec2().describe_vpc_peering_connections(Filters=waiting)["VpcPeeringConnections"]
        requesters = [each["RequesterVpcInfo"] for each in found]
        here = [each for each in requesters if (each["OwnerId"], each["Region"]) == (HUB, HERE)]
        self.control.set(quotas={"outstanding_requests": len(here) + count})

    def settle(self) -> None:
        """Returns once no event is under way, no function runs, and nothing was called for a moment.

        Executions of earlier tests may still be running. One that waits for longer than that moment goes on afterwards.
        """
        before: list[int] = []
        while before != (before := self._activity()) or any(before[1:]):
            time.sleep(0.3)

    def _activity(self) -> list[int]:
        """The calls that are logged, in bytes, and how many events and functions are under way."""
        waiting, running = self.control.event_rates()["Waiting"], self.services.running_functions()
        return [self._call_log.stat().st_size, waiting, running]


def request(end: Vpc, peer: Vpc, **fields: Any) -> dict[str, Any]:
    """The input of an execution that peers two VPCs."""
    return {**end.end(), **peer.end("Peer"), **fields}


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true after {seconds} s: {what}"
        time.sleep(POLL)


def unknown_vpc_id() -> str:
    return f"vpc-{uuid.uuid4().hex[:17]}"
