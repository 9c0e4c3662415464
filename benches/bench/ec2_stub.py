"""A stub of EC2 and DynamoDB with TLS, on this machine: responds at once to the functions' calls about a peering that is active
and a pair that is free.

``python -m bench.ec2_stub --certificate FILE --key FILE`` prints its two ports, EC2's and DynamoDB's: they are two hosts of AWS, so
no connection serves both. ``GET /`` returns the numbers of connections and calls of EC2 so far, as JSON. Each VPC has that
many route tables with that many routes each. EC2 answers after so many milliseconds.
"""

import argparse
import json
import re
import socket
import ssl
import threading
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from bench.http1 import Request, answer, read

VPC, PEER, PCX, TABLE = "vpc-0aaaaaaaaaaaaaaa1", "vpc-0bbbbbbbbbbbbbbb2", "pcx-0123456789abcdef0", "rtb-0123456789abcdef0"
BLOCKS = {VPC: "10.1.0.0/16", PEER: "10.2.0.0/16"}
REGIONS = {VPC: "us-east-1", PEER: "eu-west-1"}
ACCOUNT = "123456789012"
# What a sweep finds: a VPC in every Region, each of which names the next.
SWEPT_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    *("eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1"),
    "ap-southeast-2",
)
SWEPT = {region: f"vpc-0cccccccccccccc{number:02d}" for number, region in enumerate(SWEPT_REGIONS)}
BLOCKS |= {vpc: f"10.{100 + number}.0.0/16" for number, vpc in enumerate(SWEPT.values())}
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Ec2:
    seconds = 0.0
    connections = 0
    calls = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--tables", type=int, default=1)
    parser.add_argument("--routes", type=int, default=1)
    parser.add_argument("--milliseconds", type=int, default=0)
    arguments = parser.parse_args()
    Tables.number, Tables.routes = arguments.tables, arguments.routes
    Ec2.seconds = arguments.milliseconds / 1e3
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(arguments.certificate, arguments.key)
    tls.set_alpn_protocols(["http/1.1"])  # as EC2
    with _listener() as ec2, _listener() as dynamodb:
        print(ec2.getsockname()[1], dynamodb.getsockname()[1], flush=True)
        threading.Thread(target=_accept, args=(tls, dynamodb, False), daemon=True).start()
        _accept(tls, ec2, True)


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=128)


def _accept(tls: ssl.SSLContext, listener: socket.socket, is_ec2: bool) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(tls, connection, is_ec2), daemon=True).start()


def _serve(tls: ssl.SSLContext, connection: socket.socket, is_ec2: bool) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with tls.wrap_socket(connection, server_side=True) as stream:
            counted = not is_ec2
            while request := read(stream):
                if request.method == "POST" and not counted:
                    Ec2.connections, counted = Ec2.connections + 1, True
                kind, body = _respond(request) if is_ec2 else _respond_as_dynamodb(request)
                answer(stream, "200 OK", body.encode(), {"Content-Type": kind})
    except OSError:
        pass  # the client closed the connection


def _respond(request: Request) -> tuple[str, str]:
    if request.method == "GET":
        return "application/json", json.dumps({"connections": Ec2.connections, "calls": Ec2.calls})
    Ec2.calls += 1
    parameters = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    time.sleep(Ec2.seconds)
    parameters["Region"] = request.headers["authorization"].split("/")[2]
    action = parameters["Action"]
    return "text/xml;charset=UTF-8", (
        f'<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>8b1a7b9c-0000-4000-8000-000000000000</requestId>{ANSWERS[action](parameters)}</{action}Response>"
    )


def _respond_as_dynamodb(request: Request) -> tuple[str, str]:
    """Every update succeeds, and answers the whole item."""
    given = json.loads(request.body)
    answered: dict[str, Any] = {}
    if request.headers["x-amz-target"].endswith(".UpdateItem"):
        names, values = given["ExpressionAttributeNames"], given["ExpressionAttributeValues"]
        item = ITEMS.setdefault(json.dumps(given["Key"]), dict(given["Key"]))
        item |= {names[name]: values[value] for name, value in SET.findall(given["UpdateExpression"])}
        answered = {"Attributes": item}
    elif item := ITEMS.get(json.dumps(given.get("Key"))):
        answered = {"Item": item}
    elif "Key" not in given:  # Query and Scan
        answered = {"Items": [], "Count": 0}
    return "application/x-amz-json-1.0", json.dumps(answered)


ITEMS: dict[str, dict[str, Any]] = {}
SET = re.compile(r"(#\w+)(?: =)? (:\w+)")  # of SET, and of ADD


def _vpc(parameters: dict[str, str]) -> str:
    """The one that is asked for, or that of the Region."""
    region = parameters["Region"]
    vpc, tags = parameters.get("VpcId.1"), ""
    if vpc is None:
        vpc, following = SWEPT[region], SWEPT_REGIONS[(SWEPT_REGIONS.index(region) + 1) % len(SWEPT)]
        peer = f"{SWEPT[following]}@{following}"
        tags = f"<tagSet><item><key>isthmus:peer</key><value>{peer}</value></item></tagSet>"
    block = BLOCKS[vpc]
    associated = f"<item><cidrBlock>{block}</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>"
    return (
        f"<vpcSet><item><vpcId>{vpc}</vpcId><ownerId>{ACCOUNT}</ownerId><state>available</state><cidrBlock>{block}</cidrBlock>"
        f"<cidrBlockAssociationSet>{associated}</cidrBlockAssociationSet>{tags}</item></vpcSet>"
    )


def _connections(parameters: dict[str, str]) -> str:
    return f"<vpcPeeringConnectionSet><item>{_connection(parameters)}</item></vpcPeeringConnectionSet>"


def _accepted(parameters: dict[str, str]) -> str:
    return f"<vpcPeeringConnection>{_connection(parameters)}</vpcPeeringConnection>"


def _connection(_parameters: dict[str, str]) -> str:
    def info(vpc: str) -> str:
        return (
            f"<ownerId>{ACCOUNT}</ownerId><vpcId>{vpc}</vpcId><cidrBlock>{BLOCKS[vpc]}</cidrBlock><region>{REGIONS[vpc]}</region>"
        )

    return (
        f"<vpcPeeringConnectionId>{PCX}</vpcPeeringConnectionId>"
        f"<requesterVpcInfo>{info(VPC)}</requesterVpcInfo><accepterVpcInfo>{info(PEER)}</accepterVpcInfo>"
        "<status><code>active</code><message>Active</message></status>"
    )


class Tables:
    """The route tables of each VPC."""

    number = 1
    routes = 1

    @classmethod
    @cache
    def routes_of(cls, vpc: str) -> str:
        """The local route, and others to a NAT gateway."""
        local = f"<item><destinationCidrBlock>{BLOCKS[vpc]}</destinationCidrBlock><gatewayId>local</gatewayId>{STATE}</item>"
        others = (f"100.64.{number // 256}.{number % 256}/32" for number in range(cls.routes - 1))
        return local + "".join(f"<item><destinationCidrBlock>{block}</destinationCidrBlock>{NAT}{STATE}</item>" for block in others)


STATE = "<state>active</state><origin>CreateRoute</origin>"
NAT = "<natGatewayId>nat-0123456789abcdef0</natGatewayId>"


def _tables(parameters: dict[str, str]) -> str:
    """A page of those that the filters name."""
    vpc = next(value for value in parameters.values() if value in BLOCKS)
    named = [value for value in parameters.values() if value.startswith("rtb-")]
    ids = named or [TABLE, *(f"rtb-{vpc[4:8]}{number:013d}" for number in range(1, Tables.number))]
    first = int(parameters.get("NextToken", 0))
    after = first + int(parameters.get("MaxResults", 1000))
    more = f"<nextToken>{after}</nextToken>" if after < len(ids) else ""
    return f"<routeTableSet>{''.join(_table(vpc, each) for each in ids[first:after])}</routeTableSet>{more}"


def _table(vpc: str, table: str) -> str:
    main = "<associationSet><item><main>true</main></item></associationSet>" if table == TABLE else ""
    return (
        f"<item><routeTableId>{table}</routeTableId><vpcId>{vpc}</vpcId><routeSet>{Tables.routes_of(vpc)}</routeSet>{main}</item>"
    )


def _done(_parameters: dict[str, str]) -> str:
    return "<return>true</return>"


ANSWERS = {
    "DescribeVpcs": _vpc,
    "DescribeVpcPeeringConnections": _connections,
    "DescribeRouteTables": _tables,
    "AcceptVpcPeeringConnection": _accepted,
    "CreateRoute": _done,
    "CreateTags": _done,
    "DeleteTags": _done,
}

if __name__ == "__main__":
    main()
