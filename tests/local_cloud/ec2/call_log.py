"""A log of every EC2 and STS call, one JSON object a line."""

import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

from .api_call import ApiCall
from .authorization import Question

_CODE = re.compile(rb"<Code>([^<]+)</Code>")


class CallLog:
    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8") if path else None

    def write(self, call: ApiCall, began: datetime, asked: list[Question], error: str | None) -> None:
        if self._file is None:
            return
        line = json.dumps(
            {
                "Began": began.isoformat(timespec="milliseconds"),
                "Ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "Service": call.service,
                "Action": call.action,
                "Region": call.region,
                "Account": call.account,
                "AccessKeyId": call.access_key_id,
                "RoleArn": call.role_arn,
                "SessionName": call.session_name,
                "Caller": call.caller,
                "UserAgent": call.user_agent,
                "Parameters": call.parameters,
                "Authorization": [question.as_dict() for question in asked],
                "Error": error,
            }
        )
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()


def error_code(status: int, body: bytes) -> str | None:
    """The error code in an answer, or None."""
    if status < 400:
        return None
    found = _CODE.search(body)
    return found.group(1).decode() if found else str(status)
