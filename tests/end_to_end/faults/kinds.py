"""The kinds of faults, and the errors by which each service tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local_cloud.faults import DISCONNECT, EXECUTE_THEN_KILL, EXECUTE_THEN_STALL, FAIL

THROTTLED, INTERNAL, DENIED, NOT_FOUND = "throttled", "internal error", "AccessDenied", "NotFound"
FOR_EVER = 9999
STALL = 8
"""Seconds without an answer. The functions' SDK gives up an attempt after 6."""

EC2, STS, DYNAMODB, STATES, EVENTS = "ec2", "sts", "DynamoDB_20120810", "AWSStepFunctions", "AWSEvents"
"""As the local cloud's logs name the services."""

ERRORS: dict[str, dict[str, tuple[str, int]]] = {
    EC2: {
        THROTTLED: ("RequestLimitExceeded", 503),
        INTERNAL: ("InternalError", 500),
        DENIED: ("UnauthorizedOperation", 403),
    },
    STS: {
        THROTTLED: ("Throttling", 400),
        INTERNAL: ("InternalFailure", 500),
        DENIED: ("AccessDenied", 403),
    },
    DYNAMODB: {
        THROTTLED: ("ThrottlingException", 400),
        INTERNAL: ("InternalServerError", 500),
        DENIED: ("AccessDeniedException", 400),
        NOT_FOUND: ("ResourceNotFoundException", 400),
    },
    STATES: {
        THROTTLED: ("ThrottlingException", 400),
        INTERNAL: ("InternalFailure", 500),
        DENIED: ("AccessDeniedException", 400),
    },
    EVENTS: {
        THROTTLED: ("EventBridge.ThrottlingException", 400),
        INTERNAL: ("EventBridge.InternalException", 500),
        DENIED: ("EventBridge.AccessDeniedException", 400),
    },
}
"""Code and HTTP status, by the service. A machine sees the codes of EventBridge as names of errors."""

OF_CONNECTION, OF_VPC, OF_TABLE = (
    "InvalidVpcPeeringConnectionID.NotFound",
    "InvalidVpcID.NotFound",
    "InvalidRouteTableID.NotFound",
)
NOT_FOUND_CODES = {
    "DescribeVpcs": OF_VPC,
    "DescribeVpcAttribute": OF_VPC,
    "DescribeRouteTables": OF_TABLE,
    "DescribeVpcPeeringConnections": OF_CONNECTION,
    "CreateVpcPeeringConnection": OF_VPC,
    "AcceptVpcPeeringConnection": OF_CONNECTION,
    "ModifyVpcPeeringConnectionOptions": OF_CONNECTION,
    "DeleteVpcPeeringConnection": OF_CONNECTION,
    "CreateTags": "InvalidID",
    "CreateRoute": OF_TABLE,
    "DeleteRoute": "InvalidRoute.NotFound",
    "DescribeExecution": "ExecutionDoesNotExist",
    "StartExecution": "StateMachineDoesNotExist",
}
"""By the action, where it isn't the same for the whole service. Other actions of EC2, and of STS, have no such error.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""


@dataclass(frozen=True)
class Kind:
    name: str
    times: int = 1
    error: str | None = None
    effect: str = FAIL
    delay: float = 0

    def fault(self, service: str, action: str) -> dict[str, Any] | None:
        """For the control API of the service's server. None where this service can't fail in this way."""
        if self.effect == EXECUTE_THEN_KILL and service == EVENTS:
            return None  # It is called by a machine.
        fault = {"Action": action, "Effect": self.effect, "Times": self.times, "DelaySeconds": self.delay}
        if self.error is None:
            return fault
        code, status = ERRORS[service].get(self.error, (None, 400))
        if self.error == NOT_FOUND:
            code = NOT_FOUND_CODES.get(action, code)
        return fault | {"Code": code, "HttpStatus": status} if code else None


KINDS = [
    Kind("throttled once", error=THROTTLED),
    Kind("throttled ten times", 10, THROTTLED),
    Kind("internal error once", error=INTERNAL),
    Kind("internal error ten times", 10, INTERNAL),
    Kind("connection closed", effect=DISCONNECT),
    Kind("time-out after the effect", effect=EXECUTE_THEN_STALL, delay=STALL),
    Kind("AccessDenied once", error=DENIED),
    Kind("AccessDenied for ever", FOR_EVER, DENIED),
    Kind("NotFound once", error=NOT_FOUND),
    Kind("NotFound for ever", FOR_EVER, NOT_FOUND),
    Kind("function killed after the effect", effect=EXECUTE_THEN_KILL),
]
