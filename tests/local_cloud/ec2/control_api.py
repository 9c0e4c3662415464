"""The control API, with which tests set time, settings, quotas, faults and events. JSON under /_local_cloud/."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.moto_api._internal import moto_api_backend

from local_cloud.fault_rates import FaultRates
from local_cloud.faults import Faults

from .event_outbox import outbox
from .state import clock, settings
from .throttling import Throttling

PREFIX = "/_local_cloud/"


class ControlApi:
    def __init__(self, faults: Faults, rates: FaultRates, ec2_lock: threading.RLock, throttling: Throttling) -> None:
        self._throttling = throttling
        self._rates = rates
        self._latency = 0.0
        self._latencies: dict[str, float] = {}
        self._faults = faults
        self._ec2_lock = ec2_lock
        self._handlers: dict[str, Callable[[Any], Any]] = {
            "GET health": lambda _: {"status": "ok"},
            "GET settings": lambda _: settings.as_dict(),
            "POST settings": self._change_settings,
            "POST clock": lambda body: clock.advance(body["advance_seconds"]),
            "POST faults": faults.plant,
            "GET faults": lambda _: faults.counts(),
            "DELETE faults": lambda _: faults.clear(),
            "POST fault-rates": rates.set,
            "GET fault-rates": lambda _: rates.counts(),
            "POST latency": self._set_latency,
            "POST propagated-route": _plant_propagated_route,
            "POST events": lambda body: outbox.disturb(**body),
            "POST event-rates": outbox.rates.set,
            "GET event-rates": lambda _: outbox.counts(),
            "POST reset": lambda _: self._reset(),
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].removeprefix(PREFIX)}"
        status, document = self._handle(name, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        content = json.dumps(document).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    def _handle(self, name: str, body: bytes) -> tuple[str, Any]:
        handler = self._handlers.get(name)
        if handler is None:
            return "404 Not Found", {"error": f"no such control: {name}"}
        try:
            with self._ec2_lock:
                return "200 OK", handler(json.loads(body or b"null")) or {}
        except Exception as error:
            return "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}

    def _change_settings(self, changes: dict[str, Any]) -> dict[str, Any]:
        settings.update(changes)
        if "throttling" in changes:
            self._throttling.fill()
        return settings.as_dict()

    def latency(self, region: str) -> float:
        """How long a call in that Region waits before it is carried out."""
        return self._latencies.get(region, self._latency)

    def _set_latency(self, body: dict[str, Any]) -> None:
        self._latency, self._latencies = body["seconds"], body.get("regions", {})

    def _reset(self) -> None:
        """Return to the state after the start."""
        moto_api_backend.reset()
        settings.reset()
        clock.reset()
        self._faults.clear()
        self._rates.set({})
        outbox.disturb()
        outbox.rates.set({})
        self._set_latency({"seconds": 0.0})


def _plant_propagated_route(body: dict[str, str]) -> None:
    backend = ec2_backends[body["Account"]][body["Region"]]
    destination = body.get("DestinationCidrBlock") or body["DestinationIpv6CidrBlock"]
    origin = body.get("Origin", "EnableVgwRoutePropagation")
    backend.plant_propagated_route(body["RouteTableId"], destination, body["GatewayId"], origin)  # type: ignore[attr-defined]
