"""`$peering`, which passes from state to state, and the output of an execution."""

from typing import Any

from isthmus import stack
from isthmus.report import report

Peering = dict[str, Any]
SIDES = ("Requester", "Accepter")


def in_request_order(peering: Peering) -> list[dict[str, Any]]:
    """Both sides in the order of the input: the requester first, unless the input names the accepter's VPC first."""
    requester, accepter = (peering[side] for side in SIDES)
    return [accepter, requester] if peering["Swapped"] else [requester, accepter]


def ends(peering: Peering) -> list[dict[str, str]]:
    return [stack.end_of(side) for side in in_request_order(peering)]


def output(peering: Peering, status: str) -> dict[str, Any]:
    warnings = peering["Warnings"]
    routes = report(in_request_order(peering), warnings)
    return {
        "VpcPeeringConnectionId": peering["VpcPeeringConnectionId"],
        "Status": status,
        "Created": peering["Created"],
        **{side: stack.end_of(peering[side]) for side in SIDES},
        "Routes": routes,
        "DnsResolution": peering["DnsResolution"],
        "Warnings": warnings,
    }
