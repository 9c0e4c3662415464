"""The alarms as deployed, and the metrics that they watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from .clients import client
from .network import HERE, HUB, wait_until

Metric = dict[str, Any]
STACK = "isthmus"
ROUTES_WRITTEN = {"Namespace": "Isthmus", "MetricName": "RoutesWritten", "Dimensions": [{"Name": "Stack", "Value": STACK}]}


class Alarms:
    """The alarms of one stack. What is read of a metric is everything that was counted within the last day."""

    def __init__(self, environment: dict[str, str], region: str = HERE) -> None:
        self._client = client(environment, "cloudwatch", HUB, region)

    def all(self) -> dict[str, dict[str, Any]]:
        """By their names, without the stack's."""
        found = self._client.describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
        return {alarm["AlarmName"].removeprefix(f"{STACK}-"): alarm for alarm in found}

    def metrics(self, name: str) -> list[Metric]:
        """What the alarm watches: namespace, name and dimensions."""
        alarm = self.all()[name]
        if "Metrics" in alarm:
            return [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
        return [{key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")}]

    def watched(self, name: str) -> float:
        """The sum of all that the alarm watches."""
        return sum(map(self.total, self.metrics(name)))

    def failures(self, error: str) -> float:
        dimensions = [{"Name": "Stack", "Value": STACK}, {"Name": "Error", "Value": error}]
        return self.total({"Namespace": "Isthmus", "MetricName": "Failures", "Dimensions": dimensions})

    def total(self, metric: Metric) -> float:
        now = datetime.now(UTC)
        of_a_day = {"StartTime": now - timedelta(days=1), "EndTime": now + timedelta(hours=1), "Period": 86400}
        answer = self._client.get_metric_statistics(**metric, **of_a_day, Statistics=["Sum"])
        return sum(point["Sum"] for point in answer["Datapoints"])

    def emitted(self) -> set[str]:
        """The names of the stack's own metrics, as far as they were emitted."""
        pages = self._client.get_paginator("list_metrics").paginate(Namespace="Isthmus")
        return {metric["MetricName"] for page in pages for metric in page["Metrics"]}

    @contextmanager
    def moves(self, name: str) -> Iterator[None]:
        """Waits at the end until the metric is greater than it was."""
        before = self.watched(name)
        yield
        wait_until(lambda: self.watched(name) > before, f"what {name} watches has moved from {before}")
