"""The client of the control API, for tests.

MiniStack's port has such an API too, for its own services, with ``advance``, the calls about faults and their rates, and those of
which the documentation says so: see ``local_cloud.routes``.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

_without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ControlError(Exception):
    """The control API refused a request."""


class Control:
    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def health(self) -> dict[str, Any]:
        return self._call("GET", "health")

    def settings(self) -> dict[str, Any]:
        return self._call("GET", "settings")

    def set(self, **changes: Any) -> dict[str, Any]:
        """``set(pending_after=0, quotas={"routes_per_table": 10})``"""
        return self._call("POST", "settings", changes)

    def advance(self, seconds: float) -> None:
        """EC2's clock. On MiniStack's port: executions that are closed now were closed so much earlier."""
        self._call("POST", "clock", {"advance_seconds": seconds})

    def plant_faults(self, *faults: Mapping[str, Any]) -> None:
        self._call("POST", "faults", list(faults))

    def faults(self) -> dict[str, int]:
        """How many calls had a fault since the faults were cleared (``Struck``), and how many of those have ended (``Over``)."""
        return self._call("GET", "faults")

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def set_fault_rates(self, **rates: float | str) -> None:
        """``set_fault_rates(Seed=1, Throttled=0.1, Lost=0.01)``: shares of the calls of functions. Without any: no more faults."""
        self._call("POST", "fault-rates", rates)

    def fault_rates(self) -> dict[str, int]:
        """How many calls had which fault since the rates were set, and how many had none (``Spared``)."""
        return self._call("GET", "fault-rates")

    def set_latency(self, seconds: float, **regions: float) -> None:
        """``set_latency(0.06, eu_west_1=0.25)``"""
        others = {region.replace("_", "-"): latency for region, latency in regions.items()}
        self._call("POST", "latency", {"seconds": seconds, "regions": others})

    def plant_propagated_route(
        self,
        account: str,
        region: str,
        table_id: str,
        destination: str,
        gateway_id: str,
        origin: str = "EnableVgwRoutePropagation",
    ) -> None:
        """``Advertisement`` is the origin of routes from a VPC Route Server."""
        key = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
        body = {
            "Account": account,
            "Region": region,
            "RouteTableId": table_id,
            key: destination,
            "GatewayId": gateway_id,
            "Origin": origin,
        }
        self._call("POST", "propagated-route", body)

    def disturb_events(self, drop: int = 0, duplicate: int = 0) -> None:
        """Drop the next events, and deliver those after them twice. Changes of status tags don't count: no rule matches them."""
        self._call("POST", "events", {"drop": drop, "duplicate": duplicate})

    def set_event_rates(self, **rates: float | str) -> None:
        """``set_event_rates(Seed=1, Dropped=0.1, Doubled=0.1, Late=0.5, LatestSeconds=10)``. Without any: as they come."""
        self._call("POST", "event-rates", rates)

    def event_rates(self) -> dict[str, int]:
        """What was done to how many events since the rates were set, and how many are yet to be delivered (``Waiting``)."""
        return self._call("GET", "event-rates")

    def running_functions(self) -> int:
        """On MiniStack's port only: how many invocations of functions have begun and not ended."""
        return int(self._call("GET", "running-functions")["Count"])

    def scale_retry_delays(self, scale: float) -> None:
        """On MiniStack's port only: how long Step Functions waits before a retry, as a share of what the machine says."""
        self._call("POST", "retry-delays", {"Scale": scale})

    def reset(self) -> None:
        self._call("POST", "reset")

    def _call(self, method: str, name: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base_url}/_local_cloud/{name}", data, method=method)
        try:
            with _without_proxy.open(request, timeout=120) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise ControlError(json.load(error)["error"]) from None
