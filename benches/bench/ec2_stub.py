"""A stub of EC2 with TLS, on this machine: responds at once to the functions' calls about a peering that is active.

``python -m bench.ec2_stub --certificate FILE --key FILE`` prints its port. ``GET /`` returns the numbers of connections and
calls so far, as JSON.
"""

import argparse
import json
import socket
import ssl
import threading
from urllib.parse import parse_qs

from bench.http1 import answer, read

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
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(tls, connection), daemon=True).start()


def _serve(tls: ssl.SSLContext, connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with tls.wrap_socket(connection, server_side=True) as stream:
            counted = False
            while request := read(stream):
                if request.method == "POST" and not counted:
                    Counts.connections, counted = Counts.connections + 1, True
                kind, body = _respond(request.method, request.body.decode())
                answer(stream, "200 OK", body.encode(), {"Content-Type": kind})
    except OSError:
        pass  # the client closed the connection


def _respond(method: str, body: str) -> tuple[str, str]:
    if method == "GET":
        return "application/json", json.dumps({"connections": Counts.connections, "calls": Counts.calls})
    Counts.calls += 1
    parameters = {name: values[0] for name, values in parse_qs(body).items()}
    action = parameters["Action"]
    return "text/xml;charset=UTF-8", (
        f'<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="{NAMESPACE}">'
        f"<requestId>8b1a7b9c-0000-4000-8000-000000000000</requestId>{ANSWERS[action](parameters)}</{action}Response>"
    )


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
