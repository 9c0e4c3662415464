"""A stub of EC2 and DynamoDB with TLS, on this machine: responds at once to the functions' calls about a peering that is active
and a pair that is free.

``python -m bench.ec2_stub --certificate FILE --key FILE`` prints its two ports, EC2's and DynamoDB's: they are two hosts of AWS, so
no connection serves both. ``GET /`` returns the numbers of connections and calls of EC2 so far, as JSON.
"""

import argparse
import json
import socket
import ssl
import threading
from typing import Any
from urllib.parse import parse_qs

from bench.http1 import Request, answer, read

VPC, PEER, PCX, TABLE = "vpc-0aaaaaaaaaaaaaaa1", "vpc-0bbbbbbbbbbbbbbb2", "pcx-0123456789abcdef0", "rtb-0123456789abcdef0"
BLOCKS = {VPC: "10.1.0.0/16", PEER: "10.2.0.0/16"}
REGIONS = {VPC: "us-east-1", PEER: "eu-west-1"}
ACCOUNT = "123456789012"
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Counts:
    connections = 0
    calls = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    arguments = parser.parse_args()
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
                    Counts.connections, counted = Counts.connections + 1, True
                kind, body = _respond(request) if is_ec2 else _respond_as_dynamodb(request)
                answer(stream, "200 OK", body.encode(), {"Content-Type": kind})
    except OSError:
        pass  # the client closed the connection


def _respond(request: Request) -> tuple[str, str]:
    if request.method == "GET":
        return "application/json", json.dumps({"connections": Counts.connections, "calls": Counts.calls})
    Counts.calls += 1
    parameters = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    action = parameters["Action"]
    return "text/xml;charset=UTF-8", (
        f'<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>8b1a7b9c-0000-4000-8000-000000000000</requestId>{ANSWERS[action](parameters)}</{action}Response>"
    )


def _respond_as_dynamodb(request: Request) -> tuple[str, str]:
    """Every update succeeds: the item is the key, and what was set and added. Every read finds nothing."""
    given = json.loads(request.body)
    answered: dict[str, Any] = {}
    if request.headers["x-amz-target"].endswith(".UpdateItem"):
        names, values = given["ExpressionAttributeNames"], given["ExpressionAttributeValues"]
        item = {names["#" + name[1:]]: value for name, value in values.items() if "#" + name[1:] in names}
        answered = {"Attributes": given["Key"] | item}
    return "application/x-amz-json-1.0", json.dumps(answered)


def _vpc(parameters: dict[str, str]) -> str:
    vpc = parameters["VpcId.1"]
    block = BLOCKS[vpc]
    associated = f"<item><cidrBlock>{block}</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>"
    return (
        f"<vpcSet><item><vpcId>{vpc}</vpcId><ownerId>{ACCOUNT}</ownerId><state>available</state><cidrBlock>{block}</cidrBlock>"
        f"<cidrBlockAssociationSet>{associated}</cidrBlockAssociationSet></item></vpcSet>"
    )


def _connections(_parameters: dict[str, str]) -> str:
    def info(vpc: str) -> str:
        return (
            f"<ownerId>{ACCOUNT}</ownerId><vpcId>{vpc}</vpcId><cidrBlock>{BLOCKS[vpc]}</cidrBlock><region>{REGIONS[vpc]}</region>"
        )

    return (
        f"<vpcPeeringConnectionSet><item><vpcPeeringConnectionId>{PCX}</vpcPeeringConnectionId>"
        f"<requesterVpcInfo>{info(VPC)}</requesterVpcInfo><accepterVpcInfo>{info(PEER)}</accepterVpcInfo>"
        "<status><code>active</code><message>Active</message></status></item></vpcPeeringConnectionSet>"
    )


def _tables(parameters: dict[str, str]) -> str:
    vpc = next(value for name, value in parameters.items() if value in BLOCKS)
    route = f"<destinationCidrBlock>{BLOCKS[vpc]}</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state>"
    return (
        f"<routeTableSet><item><routeTableId>{TABLE}</routeTableId><vpcId>{vpc}</vpcId><routeSet><item>{route}"
        "<origin>CreateRouteTable</origin></item></routeSet><associationSet><item><main>true</main></item></associationSet>"
        "</item></routeTableSet>"
    )


ANSWERS = {"DescribeVpcs": _vpc, "DescribeVpcPeeringConnections": _connections, "DescribeRouteTables": _tables}

if __name__ == "__main__":
    main()
