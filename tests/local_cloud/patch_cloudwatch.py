"""CloudWatch: metrics that log lines contain, and alarms on an expression over several metrics."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudwatch

MOST_METRICS, MOST_DIMENSIONS = 100, 30


@dataclass(frozen=True)
class Point:
    namespace: str
    name: str
    value: float
    unit: str
    dimensions: tuple[tuple[str, str], ...]


def extract_metrics(
    original: Callable[..., None], func: dict[str, Any], request_id: str, text: str, *more: Any, **options: Any
) -> None:
    """CloudWatch Logs extracts the metrics of lines in the embedded metric format. MiniStack keeps the lines alone.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    for line in (text or "").splitlines():
        for point in points(line):
            cloudwatch.record_metric(point.namespace, point.name, point.value, point.unit, dict(point.dimensions))
    original(func, request_id, text, *more, **options)


def points(line: str) -> list[Point]:
    """The metrics of one line. Of a document that the specification forbids, AWS extracts none."""
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        assert isinstance(document["_aws"]["Timestamp"], int), "milliseconds since 1970"
        return [point for directive in directives for point in _points(document, directive)]
    except (ValueError, KeyError, TypeError, AssertionError):
        return []


def _points(document: dict[str, Any], directive: dict[str, Any]) -> Iterator[Point]:
    metrics = directive["Metrics"]
    assert directive["Namespace"] and len(metrics) <= MOST_METRICS
    for names in directive["Dimensions"]:
        assert len(names) <= MOST_DIMENSIONS and all(isinstance(document[name], str) and document[name] for name in names)
        dimensions = tuple((name, document[name]) for name in names)
        for metric in metrics:
            value = document[metric["Name"]]
            assert isinstance(value, int | float) and not isinstance(value, bool)
            yield Point(directive["Namespace"], metric["Name"], value, metric.get("Unit", "None"), dimensions)


def keep_expression(original: Callable[..., dict[str, Any]], name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """An alarm may watch an expression over metrics. MiniStack refuses it; here it is made, and never evaluated."""
    if "Metrics" not in properties:
        return original(name, properties)
    assert not {"MetricName", "Namespace", "Dimensions", "Period", "Statistic"} & set(properties), "PutMetricAlarm refuses both"
    single = {key: value for key, value in properties.items() if key != "Metrics"}
    alarm = original(name, {**single, "MetricName": name, "Namespace": "Expression"})
    unused = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    return {**alarm, **unused, "Metrics": properties["Metrics"]}
