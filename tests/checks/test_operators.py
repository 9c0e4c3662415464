"""Metrics, alarms and the dashboard: each metric is the stack's own and emitted, or AWS's own; and so few alarms have reasons."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from iam.evaluator import STACK_ID
from iam.stacks import HERE, HUB, Stack, deploy

from checks.__main__ import ROOT

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_AWS = {
    "AWS/Lambda": ({"Invocations", "Throttles"}, {"FunctionName"}),
    "AWS/States": (
        {
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionsAborted",
            "ExecutionTime",
        },
        {"StateMachineArn"},
    ),
    "AWS/SQS": ({"ApproximateNumberOfMessagesVisible"}, {"QueueName"}),
}
SOURCE = (ROOT / "crates" / "aws" / "src" / "metrics.rs").read_text(encoding="utf-8")
EMITTED = set(re.findall(r'\("(\w+)", (?:swept\.|routed\.|report\.|sum\(|1\))', SOURCE))
GRID = 24
Metric = tuple[str, str, dict[str, str]]


def stack(**parameters: str) -> Stack:
    return deploy("template.yaml", HUB, HERE, STACK_ID, **parameters)


def alarms(deployed: Stack) -> dict[str, dict[str, Any]]:
    found = map(deployed.value, deployed.resources_of("AWS::CloudWatch::Alarm").values())
    return {alarm["AlarmName"].removeprefix("isthmus-"): alarm for alarm in found}


def watched(alarm: dict[str, Any]) -> Iterator[Metric]:
    metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each] or [alarm]
    for metric in metrics:
        yield metric["Namespace"], metric["MetricName"], {each["Name"]: each["Value"] for each in metric["Dimensions"]}


def widgets(deployed: Stack) -> list[dict[str, Any]]:
    [dashboard] = deployed.resources_of("AWS::CloudWatch::Dashboard").values()
    return json.loads(deployed.value(dashboard)["DashboardBody"])["widgets"]


def shown(widget: dict[str, Any]) -> Iterator[Metric]:
    for namespace, name, *rest in (row for row in widget["properties"].get("metrics", []) if isinstance(row[0], str)):
        words = [word for word in rest if isinstance(word, str)]
        yield namespace, name, dict(zip(words[::2], words[1::2], strict=True))


def known(metric: Metric) -> bool:
    namespace, name, dimensions = metric
    if namespace == "Isthmus":
        own = {"Stack", "Error"} if name == "Failures" else {"Stack"}
        return name in EMITTED and set(dimensions) == own and dimensions["Stack"] == "isthmus"
    names, keys = OF_AWS[namespace]
    return name in names and set(dimensions) == keys


def test_what_is_emitted_is_read_from_the_code() -> None:
    of_a_sweep = {"Desired", "InPlace", "Drift", "Refused", "Held", "Started", "Left", "Unreachable"}
    of_groups = {"GroupPairs", "GroupPairsInPlace", "GroupPairsRefused", "GroupPairsLeft"}
    assert EMITTED == of_a_sweep | of_groups | {"Failures", "RoutesWritten"}
    reference = (ROOT / "docs" / "REFERENCE.md").read_text(encoding="utf-8").split("<!-- metrics -->")[1]
    assert set(re.findall(r"`([A-Z]\w+)`", "".join(re.findall(r"^\| (.*?) \|", reference, re.MULTILINE)))) == EMITTED


def test_every_alarm_watches_metrics_that_are_emitted_or_aws_s_own() -> None:
    metrics = [metric for alarm in alarms(stack()).values() for metric in watched(alarm)]
    assert len(metrics) > 10 and [metric for metric in metrics if not known(metric)] == []


def test_every_widget_shows_metrics_that_are_emitted_or_aws_s_own() -> None:
    metrics = [metric for widget in widgets(stack()) for metric in shown(widget)]
    assert len(metrics) > 10 and [metric for metric in metrics if not known(metric)] == []
    rows = [row for widget in widgets(stack()) for row in widget["properties"].get("metrics", [])]
    [search] = [row[0]["expression"] for row in rows if isinstance(row[0], dict)]
    assert search.startswith("""SEARCH('{Isthmus,Stack,Error} MetricName="Failures" Stack="isthmus"'""")


def test_no_alarm_watches_what_happens_in_good_health() -> None:
    metrics = [metric for alarm in alarms(stack()).values() for metric in watched(alarm)]
    assert {name for _, name, _ in metrics}.isdisjoint({"Errors", "Refused", "Left", "Started"})
    failing = {dimensions["StateMachineArn"] for _, name, dimensions in metrics if name == "ExecutionsFailed"}
    assert [arn.rpartition(":")[2] for arn in failing] == ["isthmus-groups"], "a refusal is a failure of the others by design"
    errors = {dimensions["Error"] for _, _, dimensions in metrics if "Error" in dimensions}
    assert errors == {"ServiceFault", "Runtime.ExitError"}


@pytest.mark.parametrize(
    ("rate", "hours"),
    [
        ("rate(1 hour)", 1), ("rate(20 minutes)", 1), ("rate(1 minute)", 1), ("cron(5 * * * ? *)", 1),
        ("rate(2 hours)", 24), ("rate(1 day)", 24), ("cron(0 6 * * ? *)", 24),
    ],
)  # fmt: skip
def test_alarms_about_sweeps_wait_for_three_of_them(rate: str, hours: int) -> None:
    found = alarms(stack(SweepRate=rate))
    of_sweeps = [found[name] for name in ("SweepSilent", "Unreachable", "DriftStays")]
    assert [(int(alarm["Period"]), alarm["EvaluationPeriods"]) for alarm in of_sweeps] == [(3600 * hours, 3)] * 3


@pytest.mark.parametrize(("mode", "told"), [("apply", True), ("report", False)])
def test_nobody_is_told_of_drift_that_report_mode_leaves(mode: str, told: bool) -> None:
    silent = {name for name, alarm in alarms(stack(Mode=mode)).items() if alarm.get("ActionsEnabled", True) is False}
    assert silent == (set() if told else {"DriftStays"})


def test_an_expression_has_as_many_metrics_as_cloudwatch_admits() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    for alarm in alarms(stack()).values():
        identifiers = [each["Id"] for each in alarm.get("Metrics", [])]
        assert len(identifiers) <= 11 and len(set(identifiers)) == len(identifiers)
        assert all(re.fullmatch(r"[a-z]\w*", identifier) for identifier in identifiers)
        assert sum(each.get("ReturnData", True) for each in alarm.get("Metrics", [])) in (0, 1)


def test_the_widgets_fill_rows() -> None:
    """They have no places: CloudWatch puts each behind the one before it. So another one is an entry in the list."""
    width = 0
    for widget in widgets(stack()):
        assert not {"x", "y"} & set(widget)
        assert width + widget["width"] <= GRID
        width = (width + widget["width"]) % GRID
    assert width == 0


def test_the_dashboard_can_be_left_out() -> None:
    assert len(stack().resources_of("AWS::CloudWatch::Dashboard")) == 1
    assert stack(Dashboard="false").resources_of("AWS::CloudWatch::Dashboard") == {}
