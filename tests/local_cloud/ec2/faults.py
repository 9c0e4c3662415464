"""Faults that a test sets: errors in place of a call or after it, and delays."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .api_call import ApiCall

EXECUTE_THEN_FAIL = "execute-then-fail"


@dataclass
class Fault:
    """Applies to the next ``Times`` calls that match, after ``AfterCalls`` matching calls without a fault."""

    Action: str
    Code: str | None = None
    Message: str = "A fault that a test has set"
    HttpStatus: int = 400
    Effect: str = "fail"
    DelaySeconds: float = 0
    Times: int = 1
    AfterCalls: int = 0
    Region: str | None = None
    Account: str | None = None
    Match: Mapping[str, str] = field(default_factory=dict)

    @property
    def executes(self) -> bool:
        return self.Code is None or self.Effect == EXECUTE_THEN_FAIL

    def concerns(self, call: ApiCall) -> bool:
        return (
            self.Action == call.action
            and self.Region in (None, call.region)
            and self.Account in (None, call.account)
            and all(call.parameters.get(name) == value for name, value in self.Match.items())
        )

    def strikes(self) -> bool:
        """Counts one matching call."""
        if self.AfterCalls > 0:
            self.AfterCalls -= 1
            return False
        if self.Times > 0:
            self.Times -= 1
            return True
        return False


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._struck = self._over = 0

    def plant(self, documents: Iterable[Mapping[str, Any]]) -> None:
        faults = [Fault(**each) for each in documents]
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._struck = self._over = 0

    def take(self, call: ApiCall) -> Fault | None:
        """The fault for this call, if any. The call counts for every fault that it matches; the first of them applies."""
        with self._lock:
            struck = [fault for fault in self._faults if fault.concerns(call) and fault.strikes()]
            self._struck += bool(struck)
            return struck[0] if struck else None

    def end(self) -> None:
        """A call with a fault has ended."""
        with self._lock:
            self._over += 1

    def counts(self) -> dict[str, int]:
        """How many calls had a fault since the faults were cleared, and how many of those have ended."""
        with self._lock:
            return {"Struck": self._struck, "Over": self._over}
