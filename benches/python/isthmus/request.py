"""The input of an execution, validated. A failure names the invalid field."""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from isthmus import stack
from isthmus.errors import InvalidRequest

TEXTS = {"VpcId", "Region", "OwnerId", "PeerVpcId", "PeerRegion", "PeerOwnerId", "Name"}
FLAGS = {"DnsResolution", "DryRun", "TakeOver"}
SELECTIONS = {"Routes", "PeerRoutes"}
REQUESTED_BY = ("tags", "event", "execution")
FIELDS = TEXTS | FLAGS | SELECTIONS | {"Tags", "RequestedBy"}
CHOICES = {"Tables", "Subnets", "TableTags"}
SHAPES = {
    "VpcId": (r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "write vpc- and 8 or 17 hexadecimal digits"),
    "Region": (r"[a-z]{2,4}(-[a-z]{1,12}){1,2}-[1-9][0-9]?", "write one such as eu-central-1"),
    "OwnerId": (r"[0-9]{12}", "write its 12 digits as a string"),
}
IDS = {"Tables": "rtb", "Subnets": "subnet"}


@dataclass
class Request:
    end: dict[str, str]
    peer: dict[str, str]
    tags: dict[str, str]
    routes: dict[str, Any]
    peer_routes: dict[str, Any]
    dns_resolution: bool
    dry_run: bool
    take_over: bool

    def canonical(self) -> list[dict[str, str]]:
        """Requester and accepter, in the same direction for every request of the pair."""
        return sorted((self.end, self.peer), key=lambda end: (end["VpcId"], end["Region"], end["OwnerId"]))

    def tags_at_creation(self) -> dict[str, str]:
        return {"Name": f"{self.end['VpcId']}/{self.peer['VpcId']}"} | self.tags


def parse(given: Any) -> Request:
    if not isinstance(given, dict):
        raise InvalidRequest("$", "the input is not a JSON object: write one with VpcId and PeerVpcId")
    for field, value in given.items():
        _check_field(field, value)
    for field in ("VpcId", "PeerVpcId"):
        if field not in given:
            raise InvalidRequest(field, f"missing field `{field}`")
    if given["VpcId"] == given["PeerVpcId"]:
        raise InvalidRequest("PeerVpcId", f"{given['VpcId']} can't be peered with itself: name another VPC")
    region, owner = given.get("Region", stack.REGION), given.get("OwnerId", stack.ACCOUNT)
    tags = _tags(given.get("Tags", {}))
    if "Name" in given:
        tags["Name"] = given["Name"]
    return Request(
        end={"VpcId": given["VpcId"], "Region": region, "OwnerId": owner},
        peer={
            "VpcId": given["PeerVpcId"],
            "Region": given.get("PeerRegion", region),
            "OwnerId": given.get("PeerOwnerId", owner),
        },
        tags=tags,
        routes=_selection("Routes", given.get("Routes", {})),
        peer_routes=_selection("PeerRoutes", given.get("PeerRoutes", {})),
        dns_resolution=given.get("DnsResolution", False),
        dry_run=given.get("DryRun", False),
        take_over=given.get("TakeOver", False),
    )


def _check_field(field: str, value: Any) -> None:
    if field not in FIELDS:
        raise InvalidRequest(field, f"unknown field `{field}`")
    if field in TEXTS and not isinstance(value, str):
        raise InvalidRequest(field, f"{value!r} is not text: expected a string")
    if field in FLAGS and not isinstance(value, bool):
        raise InvalidRequest(field, f"{value!r} is neither true nor false: expected a boolean")
    if field == "RequestedBy" and value not in REQUESTED_BY:
        raise InvalidRequest(field, f"{value!r} is unknown: expected one of {', '.join(REQUESTED_BY)}")
    if shape := SHAPES.get(field.removeprefix("Peer")):
        pattern, advice = shape
        if not re.fullmatch(pattern, value):
            raise InvalidRequest(field, f"{value!r} is malformed: {advice}")
    if field == "Name" and len(value) > 256:
        raise InvalidRequest(field, "a tag's value has at most 256 characters")


def _tags(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise InvalidRequest("Tags", f"{given!r} is no object: expected a map")
    if len(given) > 47:
        raise InvalidRequest("Tags", "give at most 47: AWS allows 50 a resource, and three are ours")
    for key, value in given.items():
        field = f"Tags.{key}"
        if not isinstance(value, str):
            raise InvalidRequest(field, f"{value!r} is not text: expected a string")
        if key == "Name":
            raise InvalidRequest(field, "write it as the field Name")
        if not key or len(key) > 128 or len(value) > 256:
            raise InvalidRequest(field, "a key can't be empty; it has at most 128 characters, a value at most 256")
        if key.lower().startswith("aws:"):
            raise InvalidRequest(field, "AWS keeps keys that begin with aws: to itself")
        if key.startswith((f"{stack.TAG_PREFIX}:", "isthmus:")):
            raise InvalidRequest(field, "keys with that prefix are the stack's own")
    return dict(given)


def _selection(field: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise InvalidRequest(field, 'expected an object such as {"Tables": "all"}')
    if unknown := [key for key in given if key not in CHOICES | {"Destinations"}]:
        raise InvalidRequest(f"{field}.{unknown[0]}", f"unknown field `{unknown[0]}`")
    if len(CHOICES & given.keys()) > 1:
        raise InvalidRequest(field, "give at most one of Tables, Subnets and TableTags")
    for key in ("Tables", "Subnets", "Destinations"):
        _check_list(f"{field}.{key}", key, given.get(key))
    if "TableTags" in given and not given["TableTags"]:
        raise InvalidRequest(field, "TableTags is empty: name at least one tag")
    selection = {"Tables": "all"} if not CHOICES & given.keys() else dict(given)
    if "Destinations" in given:
        selection["Destinations"] = [_destination(f"{field}.Destinations", text) for text in given["Destinations"]]
    return selection


def _check_list(field: str, key: str, value: Any) -> None:
    if value is None or (key == "Tables" and value in ("all", "main", "none")):
        return
    if not isinstance(value, list):
        raise InvalidRequest(field, f"{value!r} is not a list")
    if not value:
        raise InvalidRequest(field, 'the list is empty: name at least one, or write {"Tables": "none"} for no route')
    if kind := IDS.get(key):
        for item in value:
            if not re.fullmatch(rf"{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", str(item)):
                raise InvalidRequest(field, f"{item!r} is malformed: write {kind}- and 8 or 17 hexadecimal digits")


def _destination(field: str, text: Any) -> Any:
    try:
        block = ip_network(text, strict=False)
    except ValueError:
        advice = "write one such as 10.0.0.0/24, 10.0.0.7 or 2001:db8::/64"
        raise InvalidRequest(field, f"{text!r} is neither a CIDR block nor an address: {advice}") from None
    if "/" in text and str(block.network_address) != str(ip_network(text.split("/")[0]).network_address):
        raise InvalidRequest(field, f"{text!r} has host bits set: write {block}")
    return block
