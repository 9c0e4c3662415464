"""Disturbs the delivery of events at random: a share of them is lost, delivered twice, or late, and so out of order."""

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Rates:
    """Shares of all events, from 0 to 1. EventBridge delivers at least once, and in any order."""

    Dropped: float = 0
    Doubled: float = 0
    Late: float = 0
    """Of what is delivered, each copy for itself."""
    LatestSeconds: float = 0
    """The longest that a late event takes."""


class EventRates:
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

    def delays(self) -> list[float]:
        """After how many seconds each copy of the next event is delivered; there is none of one that is lost."""
        with self._lock:
            self._counts["Sent"] += 1
            if self._strikes("Dropped", self._rates.Dropped):
                return []
            copies = 2 if self._strikes("Doubled", self._rates.Doubled) else 1
            return [self._delay() for _ in range(copies)]

    def counts(self) -> dict[str, int]:
        """What was done to how many events since the rates were set."""
        with self._lock:
            return {kind: self._counts[kind] for kind in ("Sent", "Dropped", "Doubled", "Late")}

    def _delay(self) -> float:
        return self._random.uniform(0, self._rates.LatestSeconds) if self._strikes("Late", self._rates.Late) else 0

    def _strikes(self, kind: str, rate: float) -> bool:
        struck = rate > 0 and self._random.random() < rate
        self._counts[kind] += struck
        return struck
