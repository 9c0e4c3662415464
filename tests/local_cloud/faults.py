"""Faults that a test sets: errors in place of a call or after it, no answer, delays, and functions killed.

EC2 and MiniStack each have their own, set through the control API of the server that answers the call: see ``ec2.control``.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

# What a fault does: it answers with an error in place of the call, or after it.
FAIL, EXECUTE_THEN_FAIL = "fail", "execute-then-fail"
# The connection is closed without an answer, in place of the call, or after it.
DISCONNECT, EXECUTE_THEN_DISCONNECT = "disconnect", "execute-then-disconnect"
# The call is carried out, and for ``DelaySeconds`` nothing is answered; then the connection is closed.
EXECUTE_THEN_STALL = "execute-then-stall"
# The call is carried out; then the function that made it is killed. Other callers see only that the connection is closed.
EXECUTE_THEN_KILL = "execute-then-kill"
EFFECTS = (FAIL, EXECUTE_THEN_FAIL, DISCONNECT, EXECUTE_THEN_DISCONNECT, EXECUTE_THEN_STALL, EXECUTE_THEN_KILL)


class Call(Protocol):
    """What a fault is compared with."""

    action: str
    region: str
    account: str

    @property
    def parameters(self) -> Mapping[str, Any]: ...


@dataclass
class Fault:
    """Applies to the next ``Times`` calls that match, after ``AfterCalls`` matching calls without a fault.

    A fault without a ``Code`` that does not disconnect is a delay only: the call is carried out after it.
    """

    Action: str
    Code: str | None = None
    Message: str = "A fault that a test has set"
    HttpStatus: int = 400
    Effect: str = FAIL
    DelaySeconds: float = 0
    Times: int = 1
    AfterCalls: int = 0
    Region: str | None = None
    Account: str | None = None
    Match: Mapping[str, Any] = field(default_factory=dict)

    @property
    def executes(self) -> bool:
        return self.Effect.startswith("execute") or (self.Code is None and not self.disconnects)

    @property
    def disconnects(self) -> bool:
        """Whether the caller gets no answer."""
        return self.Effect not in (FAIL, EXECUTE_THEN_FAIL)

    @property
    def delay_before(self) -> float:
        """Seconds before the call is carried out."""
        return 0 if self.Effect == EXECUTE_THEN_STALL else self.DelaySeconds

    @property
    def delay_after(self) -> float:
        """Seconds from the call until the connection is closed."""
        return self.DelaySeconds - self.delay_before

    @property
    def kills(self) -> bool:
        return self.Effect == EXECUTE_THEN_KILL

    def concerns(self, call: Call) -> bool:
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
        if unknown := {fault.Effect for fault in faults} - set(EFFECTS):
            raise ValueError(f"no such effect: {', '.join(sorted(unknown))}")
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._struck = self._over = 0

    def are_set(self) -> bool:
        with self._lock:
            return any(fault.Times > 0 for fault in self._faults)

    def take(self, call: Call) -> Fault | None:
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
