"""`AcceptInPeerRegion`: accepts with the accepter's credentials in the accepter's Region."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from isthmus import ledger, stack
from isthmus import peering as peerings
from isthmus.diagnose import diagnose
from isthmus.errors import PeeringFailed, PeeringNotVisible, QuotaExceeded, code_of, failure
from isthmus.plan import LIVE
from isthmus.vpcs import connection, connections

TOO_EARLY = ("InvalidVpcPeeringConnectionID.NotFound", "InvalidStateTransition", "InvalidVpcPeeringConnectionState")
ATTEMPTS_WITHOUT_A_READ = 2


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    stack.check_time("AcceptInPeerRegion", event["Started"])
    peering = event["Peering"]
    ledger.held(ledger.pair_of(peerings.ends(peering)), event["Execution"])
    pcx = peering["VpcPeeringConnectionId"]
    requester, accepter = (stack.end_of(peering[side]) for side in peerings.SIDES)
    try:
        return {"Status": tag_and_accept(pcx, requester, accepter, peering["Tags"])}
    except (ClientError, BotoCoreError) as error:
        code = code_of(error)
        if code == "VpcPeeringConnectionAlreadyExists":
            came_first = "Another connection between the two VPCs came first; a new run adopts it."
            raise PeeringFailed(pcx, came_first) from error
        if code == "VpcPeeringConnectionsPerVpcLimitExceeded":
            vpc_id = at_quota(requester, accepter)["VpcId"]
            quota = "Active VPC peering connections per VPC"
            raise QuotaExceeded(quota, stack.PEERINGS_PER_VPC, VpcId=vpc_id) from error
        if code not in TOO_EARLY:
            raise failure(error, accepter) from error
    if event["Attempt"] < ATTEMPTS_WITHOUT_A_READ:
        raise PeeringNotVisible(pcx, "is not visible to its accepter yet", Status="initiating-request")
    return status_of(pcx, requester, peerings.ends(peering))


def tag_and_accept(pcx: str, requester: dict[str, str], accepter: dict[str, str], tags: dict[str, str]) -> str:
    ec2 = stack.ec2(accepter)
    if tags and stack.have_separate_tags(requester, accepter):
        ec2.create_tags(Resources=[pcx], Tags=stack.tag_list(tags))
    accepted = ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
    return accepted["VpcPeeringConnection"]["Status"]["Code"]


def status_of(pcx: str, requester: dict[str, str], ends: list[dict[str, str]]) -> dict[str, str]:
    """The requester sees whether it is too early, whether it is accepted already, or whether the connection has ended."""
    found = connection(requester, pcx)
    status = found["Status"] if found else {"Code": "initiating-request"}
    if status["Code"] in ("provisioning", "active"):
        return {"Status": status["Code"]}
    if status["Code"] in LIVE:
        raise PeeringNotVisible(pcx, "is not visible to its accepter yet", Status=status["Code"])
    raise diagnose(ends, pcx, status)


def at_quota(requester: dict[str, str], accepter: dict[str, str]) -> dict[str, str]:
    """The VPC with more connections: EC2 does not report which of the two is at its quota."""

    def peerings(end: dict[str, str]) -> int:
        statuses = ["provisioning", "active"]
        requested = connections(end, requester_vpc_info__vpc_id=[end["VpcId"]], status_code=statuses)
        accepted = connections(end, accepter_vpc_info__vpc_id=[end["VpcId"]], status_code=statuses)
        return len(requested) + len(accepted)

    return requester if peerings(requester) > peerings(accepter) else accepter
