"""Failures by their public names: Lambda reports the class as `errorType` and the text, JSON, as `errorMessage`."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

DENIED = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "OperationNotPermitted", "AuthFailure", "OptInRequired"}


class Failure(Exception):
    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(json.dumps({"Message": message, **fields}))


class InvalidRequest(Failure):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", Field=field)


class VpcNotFound(Failure):
    def __init__(self, end: dict[str, str]) -> None:
        where = f"{end['VpcId']} in {end['Region']} of {end['OwnerId']}"
        super().__init__(f"{where} does not exist: check VpcId, Region and OwnerId of that end", **end)


class OverlappingCidrs(Failure):
    def __init__(self, overlaps: list[tuple[Any, Any]], **fields: Any) -> None:
        pairs = ", ".join(f"{block} overlaps {peer_block}" for block, peer_block in overlaps)
        listed = [{"CidrBlock": str(block), "PeerCidrBlock": str(peer_block)} for block, peer_block in overlaps]
        super().__init__(f"{pairs}: remove one block of each pair, or choose another VPC", Overlaps=listed, **fields)


class RouteConflict(Failure):
    def __init__(self, conflicts: list[dict[str, str]]) -> None:
        first, more = conflicts[0], f" (and {len(conflicts) - 1} more)" if conflicts[1:] else ""
        route = f"{first['RouteTableId']} already routes {first['DestinationCidrBlock']} to {first['Target']}{more}"
        advice = "remove that route, or leave its table or destination out of the selection"
        super().__init__(f"{route}: {advice}", Conflicts=conflicts)


class QuotaExceeded(Failure):
    def __init__(self, quota: str, limit: int, **place: str) -> None:
        [name] = place.values()
        advice = "raise it in Service Quotas and in the stack's parameters, or make room"
        message = f"{name} has no room left under the quota of {limit} {quota}: {advice}"
        super().__init__(message, Quota=quota, Limit=limit, **place)


class AccessDenied(Failure):
    def __init__(self, action: str, end: dict[str, str]) -> None:
        owner_id, region = end["OwnerId"], end["Region"]
        advice = "allow it to the stack's role in that account, and enable that Region if it is off"
        message = f"AWS refused {action} for account {owner_id} in {region}: {advice}"
        super().__init__(message, Action=action, OwnerId=owner_id, Region=region)


class PairBusy(Failure):
    def __init__(self, execution: str) -> None:
        super().__init__(f"{execution} works on this pair: wait until it has ended, then run again", Execution=execution)


class ServiceFault(Failure):
    def __init__(self, action: str, code: str) -> None:
        super().__init__(f"AWS answered {code} to {action}, however often: look that code up", Action=action, Code=code)


class _Ended(Failure):
    what = ""

    def __init__(self, connection: str, status_message: str) -> None:
        super().__init__(f"{connection} {self.what}", VpcPeeringConnectionId=connection, StatusMessage=status_message)


class PeeringRejected(_Ended):
    what = "was rejected by the accepter's owner: ask them, then run again"


class PeeringExpired(_Ended):
    what = "was not accepted within seven days: run again"


class PeeringDeleted(_Ended):
    what = "was deleted while it was being set up: run again if it is still needed"


class PeeringFailed(_Ended):
    what = "was failed by EC2: read StatusMessage, then run again"


class _Retry(Failure):
    """The machine retries the step."""

    def __init__(self, connection: str, message: str, **fields: Any) -> None:
        super().__init__(f"{connection} {message}", VpcPeeringConnectionId=connection, **fields)


class PeeringNotVisible(_Retry):
    pass


class PeeringPending(_Retry):
    pass


class RoutesRemaining(_Retry):
    pass


def code_of(error: Exception) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else "NoAnswer"


def failure(error: ClientError | BotoCoreError, end: dict[str, str]) -> Failure:
    """The failure for an error of a call that has no special meaning there."""
    service = "sts" if getattr(error, "operation_name", "") == "AssumeRole" else "ec2"
    action = f"{service}:{getattr(error, 'operation_name', 'Unknown')}"
    code = code_of(error)
    return AccessDenied(action, end) if code in DENIED or service == "sts" else ServiceFault(action, code)
