"""Why a connection ended: EC2 only reports `failed` or `deleted`, not the cause."""

from typing import Any

from isthmus.errors import Failure, PeeringDeleted, PeeringExpired, PeeringFailed, PeeringRejected
from isthmus.vpcs import blocks_of, refuse_overlaps

ENDINGS = {
    "rejected": PeeringRejected,
    "expired": PeeringExpired,
    "deleting": PeeringDeleted,
    "deleted": PeeringDeleted,
}


def diagnose(ends: list[dict[str, str]], pcx: str, status: dict[str, Any] | None) -> Failure:
    """The failure that describes what happened. Raises it if a VPC is missing or blocks overlap."""
    blocks, peer_blocks = (blocks_of(end) for end in ends)
    code = status["Code"] if status else "deleted"
    if code == "failed":
        refuse_overlaps(blocks, peer_blocks, VpcPeeringConnectionId=pcx)
    message = status.get("Message", "") if status else "EC2 no longer has it"
    return ENDINGS.get(code, PeeringFailed)(pcx, message)
