"""Text of a caller or of a tag is logged only as an escaped value: every log line is one line of JSON."""

import json
import uuid
from typing import Any

import pytest
from local_cloud.patch_cloudwatch import points

from .network import HERE, HUB, Network
from .runtime import printed

FORGED = '{"level":"ERROR","fields":{"message":"forged"}}'
HOSTILE = {
    "a line break": f"\n{FORGED}\n",
    "a carriage return": f"\r{FORGED}\r",
    "the end of a string": f'"}}}}\n{FORGED}',
    "line breaks of Unicode": f"\u2028{FORGED}\u2029\u0085",
    "a terminal's escapes": "\u001b[2J\u001b[1;31mforged",
    "the other direction of writing": "\u202eforged",
}

IN_A_TAG = [name for name in HOSTILE if name != "a terminal's escapes"]  # EC2's XML can't contain these


def records(lines: list[str]) -> list[dict[str, Any]]:
    """Every line, parsed: each must be a JSON object."""
    found = [json.loads(line) for line in lines]
    assert all(isinstance(record, dict) and record["level"] in ("INFO", "WARN") for record in found), lines
    assert not any(character in line for line in lines for character in "\r\u001b"), lines
    return found


def warnings(lines: list[str], mark: str) -> list[dict[str, Any]]:
    return [record["fields"] for record in records(lines) if mark in json.dumps(record["fields"])]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_field_of_a_requested_event(environment: dict[str, str], name: str) -> None:
    mark, text = str(uuid.uuid4()), HOSTILE[name]
    for detail in ({"VpcId": mark + text}, {mark + text: "vpc-0a1b2c3d", "VpcId": "vpc-0a1b2c3d", "PeerVpcId": "vpc-0a1b2c3e"}):
        event = {"id": "1", "source": "test", "detail-type": "VPC Peering Requested", "account": HUB, "detail": detail}
        [fields] = warnings(printed(environment, "StartRequested", event), mark)
        assert fields["message"] == "a requested peering is not started"


@pytest.mark.parametrize("name", IN_A_TAG)
def test_the_value_of_a_tag(network: Network, environment: dict[str, str], name: str) -> None:
    vpc, mark = network.vpc("10.1.0.0/16"), str(uuid.uuid4())
    vpc.tag(isthmus__dns=mark + HOSTILE[name])
    event = {
        "id": "1",
        "source": "aws.tag",
        "detail-type": "Tag Change on Resource",
        "account": HUB,
        "resources": [f"arn:aws:ec2:{HERE}:{HUB}:vpc/{vpc.id}"],
        "detail": {},
    }
    [fields] = warnings(printed(environment, "StartPeering", event), mark)
    assert fields["message"] == "nothing is started for this"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_failed_adds_one_line_and_one_metric(environment: dict[str, str], name: str) -> None:
    text = str(uuid.uuid4()) + HOSTILE[name]
    forged = {"VpcId": text, "PeerVpcId": {"_aws": {}}, "Stack": "another", "level": "TRACE", "_aws": text}
    cause = {"errorMessage": json.dumps({"Message": text, "Field": "VpcId", "Stack": "another"})}
    failure = {"State": "CreateRequest", "Error": {"Error": "InvalidRequest", "Cause": json.dumps(cause)}}
    task = {"Request": forged, "Execution": "arn", "Failure": failure, "Attempt": 0, "Time": "2026-11-26T12:00:00Z"}
    lines = [json.loads(line) for line in printed(environment, "RecordFailure", task)]
    [line] = [line for line in lines if "_aws" in line]
    assert (line["Stack"], line["Error"], line["Message"], line["level"]) == ("isthmus", "InvalidRequest", text, "INFO")
    [point] = points(json.dumps(line))
    assert (point.name, point.value) == ("Failures", 1)
