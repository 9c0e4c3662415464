"""Faults at random, in the calls of functions alone: a share of all calls is throttled, fails, or stays without an answer.

They are set through the control API, as those of ``faults``; which calls they strike follows from the seed and from the order
of the calls. A fault that a test has planted for a call comes first.
"""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from local_cloud.faults import DISCONNECT, EXECUTE_THEN_DISCONNECT, EXECUTE_THEN_FAIL, FAIL, Fault


class Codes(NamedTuple):
    """How a service says that it throttles, and that it failed: code and HTTP status."""

    throttled: tuple[str, int]
    failed: tuple[str, int]


@dataclass(frozen=True)
class Rates:
    """Shares of all calls of functions, from 0 to 1."""

    Throttled: float = 0
    Failed: float = 0
    """An internal error in place of the call."""
    FailedAfterwards: float = 0
    """An internal error after the call has taken effect."""
    Disconnected: float = 0
    """The connection is closed in place of the call."""
    Lost: float = 0
    """The call takes effect, and the connection is closed without an answer."""


class FaultRates:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.set({})

    def set(self, document: Mapping[str, Any]) -> None:
        """Sets all of them, and counts anew. What isn't given is 0."""
        given = dict(document)
        seed = given.pop("Seed", 0)
        with self._lock:
            self._rates, self._random = replace(Rates(), **given), random.Random(seed)
            self._counts: Counter[str] = Counter()

    def are_set(self) -> bool:
        return self._rates != Rates()

    def take(self, action: str, codes: Codes) -> Fault | None:
        """The fault for a call of a function, if any."""
        if not self.are_set():
            return None
        with self._lock:
            drawn = self._random.random()
            for kind, rate in asdict(self._rates).items():
                if drawn < rate:
                    self._counts[kind] += 1
                    return _fault(action, kind, codes)
                drawn -= rate
            self._counts["Spared"] += 1
        return None

    def counts(self) -> dict[str, int]:
        """How many calls had which fault since the rates were set, and how many had none (``Spared``)."""
        with self._lock:
            return {kind: self._counts[kind] for kind in (*asdict(self._rates), "Spared")}


def _fault(action: str, kind: str, codes: Codes) -> Fault:
    message = "A fault at random"
    match kind:
        case "Throttled":
            return Fault(action, codes.throttled[0], message, codes.throttled[1])
        case "Failed" | "FailedAfterwards":
            effect = FAIL if kind == "Failed" else EXECUTE_THEN_FAIL
            return Fault(action, codes.failed[0], message, codes.failed[1], effect)
    return Fault(action, Effect=DISCONNECT if kind == "Disconnected" else EXECUTE_THEN_DISCONNECT)
