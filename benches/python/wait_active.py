"""`WaitActive`: describes the connection once. The machine's `Retry` is the poll."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from isthmus import peering as peerings
from isthmus import stack
from isthmus.diagnose import diagnose
from isthmus.errors import PeeringPending, failure
from isthmus.plan import LIVE
from isthmus.vpcs import connection


def handler(event: dict[str, Any], _context: Any) -> dict[str, str]:
    stack.check_time("WaitActive", event["Started"])
    peering = event["Peering"]
    pcx, requester = peering["VpcPeeringConnectionId"], stack.end_of(peering["Requester"])
    try:
        found = connection(requester, pcx)
        status = found["Status"] if found else {"Code": "initiating-request"}
        if status["Code"] == "active":
            return {"Status": "active"}
        if status["Code"] in LIVE:
            raise PeeringPending(pcx, f"is still {status['Code']}", Status=status["Code"])
        raise diagnose(peerings.ends(peering), pcx, status)
    except (ClientError, BotoCoreError) as error:
        raise failure(error, requester) from error
