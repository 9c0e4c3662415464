"""`AcceptInPeerRegion`: accept with the accepter's credentials in the accepter's Region."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from isthmus import stack
from isthmus.diagnose import diagnose
from isthmus.errors import InvalidRequest, PeeringFailed, PeeringNotVisible, QuotaExceeded, code_of, failure
from isthmus.plan import LIVE
from isthmus.vpcs import connection, connections

TOO_EARLY = ("InvalidVpcPeeringConnectionID.NotFound", "InvalidStateTransition", "InvalidVpcPeeringConnectionState")
ATTEMPTS_WITHOUT_A_LOOK = 2


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    pcx, requester, accepter = (event[name] for name in ("VpcPeeringConnectionId", "Requester", "Accepter"))
    if requester not in event["Ends"] or accepter not in event["Ends"]:
        message = f"{pcx} does not join the two VPCs asked for: it is not accepted"
        raise InvalidRequest("VpcPeeringConnectionId", message)
    try:
        return {"Status": tag_and_accept(pcx, requester, accepter, event["Tags"])}
    except (ClientError, BotoCoreError) as error:
        code = code_of(error)
        if code == "VpcPeeringConnectionAlreadyExists":
            came_first = "Another connection between the two VPCs came first; a new run adopts it."
            raise PeeringFailed(pcx, came_first) from error
        if code == "VpcPeeringConnectionsPerVpcLimitExceeded":
            vpc_id = fuller(requester, accepter)["VpcId"]
            quota = "Active VPC peering connections per VPC"
            raise QuotaExceeded(quota, stack.PEERINGS_PER_VPC, VpcId=vpc_id) from error
        if code not in TOO_EARLY:
            raise failure(error, accepter) from error
    if event["Attempt"] < ATTEMPTS_WITHOUT_A_LOOK:
        raise PeeringNotVisible(pcx, "is not visible to its accepter yet", Status="initiating-request")
    return look(pcx, requester, event["Ends"])


def tag_and_accept(pcx: str, requester: dict[str, str], accepter: dict[str, str], tags: dict[str, str]) -> str:
    ec2 = stack.ec2(accepter)
    if tags and stack.see_different_tags(requester, accepter):
        ec2.create_tags(Resources=[pcx], Tags=stack.tag_list(tags))
    accepted = ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    return accepted["VpcPeeringConnection"]["Status"]["Code"]


def look(pcx: str, requester: dict[str, str], ends: list[dict[str, str]]) -> dict[str, str]:
    """Too early, accepted by somebody else, or nothing left to accept: the requester's side knows."""
    found = connection(requester, pcx)
    status = found["Status"] if found else {"Code": "initiating-request"}
    if status["Code"] in ("provisioning", "active"):
        return {"Status": status["Code"]}
    if status["Code"] in LIVE:
        raise PeeringNotVisible(pcx, "is not visible to its accepter yet", Status=status["Code"])
    raise diagnose(ends, pcx, status)


def fuller(requester: dict[str, str], accepter: dict[str, str]) -> dict[str, str]:
    """EC2 refuses when either VPC has all the connections it may have, and doesn't say which."""

    def peerings(end: dict[str, str]) -> int:
        statuses = ["provisioning", "active"]
        asked = connections(end, requester_vpc_info__vpc_id=[end["VpcId"]], status_code=statuses)
        accepted = connections(end, accepter_vpc_info__vpc_id=[end["VpcId"]], status_code=statuses)
        return len(asked) + len(accepted)

    return requester if peerings(requester) > peerings(accepter) else accepter
