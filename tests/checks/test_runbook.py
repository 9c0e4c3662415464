"""The runbook has a section for each error and each alarm, and its commands exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import boto3
import pytest
from botocore import xform_name

from checks.__main__ import ROOT, templates
from checks.cloudformation_yaml import LocatedMapping, load

RUNBOOK = (ROOT / "docs" / "RUNBOOK.md").read_text(encoding="utf-8")
HEAD, *SECTIONS = re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)
BY_NAME = {section.partition("\n")[0]: section.partition("\n")[2] for section in SECTIONS}
PARTS = ("**You see** ", "**It means** ", "**Look** ", "**Do** ")
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

# What the program and the Makefile know.
OTHERS = {"isthmus": {"plan", "peer", "unpeer", "status", "topology", "sweep", "watch", "explain"}, "make": {"deploy"}}
# Options of the AWS CLI itself.
GLOBAL = {"query", "output", "region", "cli-binary-format", "profile"}


def errors() -> set[str]:
    reference = (ROOT / "docs" / "REFERENCE.md").read_text(encoding="utf-8").split("<!-- errors -->")[1]
    return set(re.findall(r"^\| `(\w+)`", reference, re.MULTILINE))


def alarms() -> set[str]:
    template = load(templates()[0])
    assert isinstance(template, LocatedMapping)
    named = [each["Properties"]["AlarmName"] for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    return {name["Fn::Sub"].removeprefix("${AWS::StackName}-") for name in named}


def commands(text: str) -> Iterator[list[str]]:
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip():
                yield shlex.split(line)


def test_each_error_and_each_alarm_has_a_section_and_nothing_else_has() -> None:
    assert len(errors()) > 15 and len(alarms()) == 7
    assert set(BY_NAME) == errors() | {f"Alarm: {name}" for name in alarms()}
    assert len(BY_NAME) == len(SECTIONS), "no section is there twice"


@pytest.mark.parametrize("name", BY_NAME)
def test_a_section_reads_well_by_itself(name: str) -> None:
    section = BY_NAME[name]
    places = [section.find(f"\n{part}") for part in PARTS]
    assert -1 not in places and places == sorted(places), "what you see, what it means, look, do"
    assert all(section.count(part) == 1 for part in PARTS)
    look, _, do = section.partition(PARTS[2])[2].partition(PARTS[3])
    assert list(commands(look)) and list(commands(do)), "each with a command"
    assert "](" not in section, "a terminal follows no link"


@pytest.mark.parametrize("command", [*map(shlex.join, commands(RUNBOOK))])
def test_a_command_exists_with_these_options(command: str) -> None:
    program, *words = shlex.split(command)
    if program in OTHERS:
        assert words[0] in OTHERS[program]
        return
    assert program == "aws"
    service, operation, *rest = words
    model = boto3.client(service, region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-").meta.service_model
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, operation
    members = model.operation_model(names[operation]).input_shape.members
    options = {word.removeprefix("--") for word in rest if word.startswith("--")}
    unknown = options - {xform_name(name, "-") for name in members} - GLOBAL
    assert unknown == set()


@pytest.mark.parametrize("program", ["aws", "isthmus"])
def test_commands_are_found_at_all(program: str) -> None:
    assert sum(words[0] == program for words in commands(RUNBOOK)) > 15
    assert any(words[:2] == ["isthmus", "peer"] for words in commands(RUNBOOK))


def test_the_price_counts_what_the_template_has() -> None:
    template = load(templates()[0])
    assert isinstance(template, LocatedMapping)
    of_alarms = [each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    count = sum(sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1 for alarm in of_alarms)
    assert f"the alarms watch {count} metrics at 0.10 dollars, so {count / 10:.2f};" in HEAD
