"""Sends events to the event bus in a separate thread, so that no EC2 call waits for it.

Delivery is best effort, at least once and in no order, as on AWS: tests can have the next events dropped or delivered twice, or
a share of all events dropped, doubled and late.
"""

import json
import queue
import sys
import threading
import urllib.request
from http.client import HTTPException
from typing import Any

from .event_rates import EventRates

_without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class EventOutbox:
    def __init__(self) -> None:
        self._url: str | None = None
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._to_drop = 0
        self._to_duplicate = 0
        self._waiting = 0
        self.rates = EventRates()

    def deliver_to(self, url: str) -> None:
        self._url = url
        threading.Thread(target=self._deliver_all, name="event-outbox", daemon=True).start()

    def disturb(self, drop: int = 0, duplicate: int = 0) -> None:
        """Drop the next events, and deliver those after them twice. Changes of status tags don't count: the stack's own
        functions make them, at times that a test does not know.
        """
        with self._lock:
            self._to_drop, self._to_duplicate = drop, duplicate

    def put(self, event: dict[str, Any]) -> None:
        if self._url is None:
            return
        for delay in [0.0] if _is_about_statuses(event) else self._delays():
            with self._lock:
                self._waiting += 1
            if delay:
                late = threading.Timer(delay, self._queue.put, [event])
                late.daemon = True
                late.start()
            else:
                self._queue.put(event)

    def counts(self) -> dict[str, int]:
        """What the rates have done, and how many events are still to be delivered (``Waiting``), those about statuses too."""
        with self._lock:
            return self.rates.counts() | {"Waiting": self._waiting}

    def _delays(self) -> list[float]:
        return [delay for _ in range(self._copies()) for delay in self.rates.delays()]

    def _copies(self) -> int:
        with self._lock:
            if self._to_drop:
                self._to_drop -= 1
                return 0
            if self._to_duplicate:
                self._to_duplicate -= 1
                return 2
            return 1

    def _deliver_all(self) -> None:
        while True:
            event = self._queue.get()
            try:
                self._deliver(event)
            except (OSError, HTTPException) as error:
                print(f"event {event['id']} not delivered to {self._url}: {error}", file=sys.stderr, flush=True)
            with self._lock:
                self._waiting -= 1

    def _deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps({"account": event["account"], "region": event["region"], "event": event}).encode()
        assert self._url is not None
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"}, method="POST")
        with _without_proxy.open(request, timeout=30):
            pass


def _is_about_statuses(event: dict[str, Any]) -> bool:
    return all(":status:" in key for key in event["detail"]["changed-tag-keys"])


outbox = EventOutbox()
