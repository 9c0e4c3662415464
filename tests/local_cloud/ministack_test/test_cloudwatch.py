"""Metrics that log lines contain, and alarms on an expression."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_cloud.ministack_test.cloud import Cloud, unique, until
from local_cloud.ministack_test.test_cloudformation import deploy
from local_cloud.patch_cloudwatch import Point, points

TIME = "2026-11-26T12:00:00.123456Z"


def document(**changes: Any) -> dict[str, Any]:
    directive = {"Namespace": "Test", "Dimensions": [["Stack"]], "Metrics": [{"Name": "Drift", "Unit": "Count"}]}
    line = {"_aws": {"Timestamp": 1795694400123, "CloudWatchMetrics": [directive | changes.pop("directive", {})]}}
    return line | {"Stack": "isthmus", "Drift": 3, "level": "WARN", "timestamp": TIME} | changes


def test_the_metrics_of_a_line() -> None:
    assert points(json.dumps(document())) == [Point("Test", "Drift", 3, "Count", (("Stack", "isthmus"),))]


FORBIDDEN = {
    "text": "Drift 3",
    "no metrics": json.dumps({"level": "INFO", "timestamp": TIME}),
    "a time as text": json.dumps(document(_aws={"Timestamp": TIME, "CloudWatchMetrics": []})),
    "a metric without value": json.dumps(document(directive={"Metrics": [{"Name": "Held"}]})),
    "a value that is no number": json.dumps(document(Drift="3")),
    "a dimension without value": json.dumps(document(directive={"Dimensions": [["Error"]]})),
    "a dimension that is no text": json.dumps(document(Stack=1)),
    "an empty dimension": json.dumps(document(Stack="")),
    "no namespace": json.dumps(document(directive={"Namespace": ""})),
    "too many metrics": json.dumps(document(directive={"Metrics": [{"Name": "Drift"}] * 101})),
}


@pytest.mark.parametrize("line", FORBIDDEN.values(), ids=FORBIDDEN)
def test_of_a_line_that_the_specification_forbids_nothing_is_extracted(line: str) -> None:
    assert points(line) == []


@pytest.mark.parametrize(("level", "kept"), [("WARN", 1), ("ERROR", 0)])
def test_only_lines_that_lambda_keeps_count(cloud: Cloud, level: str, kept: int) -> None:
    stack = unique("stack")
    function = cloud.create_function(
        f"def handle(event, context):\n  print({json.dumps(document(Stack=stack))!r}, flush=True)",
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": level, "LogGroup": unique("/logs")},
    )
    cloud.invoke(function)
    now = datetime.now(UTC)
    logs = cloud.client("logs")
    group = cloud.client("lambda").get_function_configuration(FunctionName=function)["LoggingConfig"]["LogGroup"]
    until(lambda: logs.filter_log_events(logGroupName=group)["events"])
    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Test",
        MetricName="Drift",
        Dimensions=[{"Name": "Stack", "Value": stack}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum", "SampleCount"],
    )
    assert sum(point["Sum"] for point in answer["Datapoints"]) == 3 * kept


def test_an_alarm_on_an_expression_is_made_and_described(cloud: Cloud) -> None:
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Throttles", "Dimensions": [{"Name": "FunctionName", "Value": "f"}]}
    name = unique("alarm")
    properties = {
        "AlarmName": name,
        "Metrics": [
            {"Id": "all", "Expression": "SUM(FILL(METRICS(), 0))"},
            {"Id": "one", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}},
        ],
        "EvaluationPeriods": 3,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    _, status = deploy(cloud, {"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}})
    assert status == "CREATE_COMPLETE"
    [alarm] = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["Metrics"][1]["MetricStat"]["Metric"] == metric and "MetricName" not in alarm
