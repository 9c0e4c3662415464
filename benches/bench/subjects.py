"""The functions that are measured: ours, the same in Python, and the floor."""

import io
import os
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.ec2_stub import ACCOUNT, BLOCKS, PCX, PEER, REGIONS, SWEPT_REGIONS, TABLE, VPC

STACK = {
    "INSTALLATION_ID": f"isthmus.us-east-1.{ACCOUNT}",
    "LEDGER_TABLE": "isthmus-ledger",
    "STACK_ACCOUNT": ACCOUNT,
    "PARTITION": "aws",
    "TAG_PREFIX": "isthmus",
    "MEMBER_ROLE_NAME": "isthmus-member",
    "ROUTES_PER_TABLE": "500",
    "PEERINGS_PER_VPC": "50",
    "OUTSTANDING_REQUESTS": "25",
    "MEMBER_ACCOUNTS": "",
    "ORGANIZATION_ID": "",
    "TRUSTED_ACCOUNTS": "",
    "EXTERNAL_ACCOUNTS": "",
    "CONNECTION_TAGS": "",
    "GROUP_ACCOUNTS": "",
    "ROUTABLE_BLOCKS": "10.0.0.0/8",
    "TEARDOWN_ON_UNTAG": "true",
    "TEARDOWN_DELAY": "300",
    "MODE": "apply",
    "EXTERNAL_ID": "bench",
}
# Of the functions that read and start beyond one pair.
BEYOND = {
    f"{name}STATE_MACHINE_ARN": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:isthmus-{name.lower()}"
    for name in ("", "TEARDOWN_", "CLEAN_UP_")
} | {"REGIONS": ",".join(SWEPT_REGIONS)}
LAMBDA = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
}
CALL = {
    "Execution": "arn:aws:states:us-east-1:123456789012:execution:isthmus-peering:bench",
    "Time": "2026-01-02T03:04:05.678Z",
    "Attempt": 0,
    "Started": int(time.time() * 1000),  # more than 90 minutes ago, and no step would begin
}


def side(vpc: str, other: str) -> dict[str, Any]:
    routes = [{"Action": "Unchanged", "Destinations": [BLOCKS[other]], "RouteTableIds": [TABLE]}]
    end = {"VpcId": vpc, "Region": REGIONS[vpc], "OwnerId": ACCOUNT}
    return end | {"Routes": routes, "AllowDnsResolution": False, "WriteStatus": False}


PEERING = {
    "VpcPeeringConnectionId": PCX,
    "Status": "provisioning",
    "Created": True,
    "Requester": side(VPC, PEER),
    "Accepter": side(PEER, VPC),
    "Swapped": False,
    "Tags": {},
    "Made": True,
    "AskedBy": {"Tags": False, "Execution": {"RoutesA": {"Tables": "all"}, "RoutesB": {"Tables": "all"}, "DnsResolution": False}},
    "DnsResolution": False,
    "Warnings": [],
    "RequestedByTags": False,
}
EVENTS = {
    "wait-active": CALL | {"Peering": PEERING, "Attempt": 0},
    "create-request": CALL | {"Request": {"VpcId": VPC, "Region": REGIONS[VPC], "PeerVpcId": PEER, "PeerRegion": REGIONS[PEER]}},
}


@dataclass(frozen=True)
class Endpoints:
    """Where the stub listens."""

    ec2: str
    dynamodb: str


@dataclass
class Subject:
    """One function in one implementation."""

    implementation: str
    function: str
    command: list[str]
    event: Any
    zip_bytes: int
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.implementation} {self.function}".strip()


def environment(endpoints: Endpoints, bundle: Path) -> dict[str, str]:
    """The environment of a function that reaches the stub."""
    reached = {"AWS_ENDPOINT_URL_EC2": endpoints.ec2, "AWS_ENDPOINT_URL_DYNAMODB": endpoints.dynamodb}
    return LAMBDA | STACK | BEYOND | reached | {"AWS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": str(bundle)}


def subjects(repository: Path, python_env: Path, floor: Path, endpoints: Endpoints, bundle: Path) -> list[Subject]:
    given = environment(endpoints, bundle)
    found = []
    for function, event in EVENTS.items():
        bootstrap = repository / "target" / "lambda" / function / "bootstrap"
        found.append(Subject("ours", function, [str(bootstrap)], event, zipped([bootstrap], bootstrap.parent), given))
        source = repository / "benches" / "python"
        command = [str(python_env / "bin" / "python"), "-m", "awslambdaric", f"{function.replace('-', '_')}.handler"]
        packages = next(python_env.glob("lib/python3*/site-packages"))
        size = python_zip(source, packages)
        found.append(Subject("Python", function, command, event, size, given | {"PYTHONPATH": str(source)}))
    for kind in ("runtime", "std"):
        binary = floor / f"floor-{kind}"
        found.append(Subject(f"floor ({FLOORS[kind]})", "", [str(binary)], {}, zipped([binary], floor), given))
    return found


FLOORS = {"runtime": "lambda_runtime", "std": "std only"}


def zipped(files: list[Path], root: Path) -> int:
    """The size of a deployment package of these files, in bytes."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            archive.write(file, file.relative_to(root))
    return len(package.getvalue())


def python_zip(source: Path, packages: Path) -> int:
    """The size of the functions and their packages, without installers and compiled caches."""
    installers = ("pip", "setuptools", "uv", "_distutils_hack", "pkg_resources", "distutils")
    files = [
        file
        for file in packages.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.relative_to(packages).parts[0].startswith(installers)
    ]
    return zipped(files, packages) + zipped([file for file in source.rglob("*.py")], source)
