"""The sweep, invoked as its schedule does."""

import json
from typing import Any

from .clients import client
from .network import HERE, HUB, Vpc


class Sweep:
    """The deployed function. Its answers contain the VPCs of other tests too."""

    def __init__(self, environment: dict[str, str], name: str | None = None, region: str = HERE) -> None:
        self._client, self._name = client(environment, "lambda", HUB, region), name or environment["SWEEP_FUNCTION_NAME"]

    def __call__(self, **task: Any) -> dict[str, Any]:
        error, summary = self.attempt(**task)
        assert not error, summary
        return summary

    def attempt(self, **task: Any) -> tuple[str, dict[str, Any]]:
        """The name of its error, empty if there is none, and its answer."""
        answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(task))
        summary = json.load(answer["Payload"])
        return summary["errorType"] if "FunctionError" in answer else "", summary


def drift(summary: dict[str, Any], vpc: Vpc) -> list[str]:
    """How the pairs of that VPC differ."""
    return [each["Differs"] for each in summary["Drift"] if vpc.id in (each["VpcId"], each["PeerVpcId"])]


def started(summary: dict[str, Any], vpc: Vpc) -> list[str]:
    """The executions that were started for that VPC."""
    return [name for name in summary["Started"] if vpc.id in name]


def refused(summary: dict[str, Any], vpc: Vpc) -> list[str]:
    """Why pairs of that VPC can't be set up."""
    return [each["Error"] for each in summary["Refused"] if vpc.id in (each["VpcId"], each["PeerVpcId"])]


def unreachable(summary: dict[str, Any], vpc: Vpc) -> list[str]:
    """What could not be read about that VPC."""
    return [each for each in summary["Unreachable"] if vpc.id in each]
