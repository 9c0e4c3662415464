"""Parameters are refused before anything is built, by the same rules as CloudFormation's."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks.__main__ import ROOT
from checks.cloudformation_yaml import load
from checks.source import Source

from release import parameters, questions
from release.parameters import ParameterError

KNOWN = parameters.groups(ROOT / "template.yaml")
DESCRIBED = load(Source.read(ROOT, ROOT / "template.yaml"))["Parameters"]

REFUSED = {
    "an unknown name": ({"TagPrefixes": "x"}, "there is no parameter TagPrefixes"),
    "none of the values": ({"Mode": "plan"}, "Mode=plan is none of apply, report"),
    "not a number": ({"TeardownDelay": "5m"}, "TeardownDelay=5m is not a number"),
    "too small a number": ({"RoutesPerTable": "0"}, "RoutesPerTable=0 is not in the range from 1 to 1000"),
    "too large a number": ({"TeardownDelay": "90000"}, "not in the range from 0 to 82800"),
    "another form": ({"OrganizationId": "my-organization"}, "OrganizationId=my-organization doesn't match"),
    "a value of two lines' form": ({"FailureEmail": "nobody"}, "FailureEmail=nobody doesn't match"),
    "a name that is too long": ({"StackName": "a" * 57}, "StackName="),
    "no Region": ({"Region": "Frankfurt"}, "Region=Frankfurt doesn't match"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_can_t_be_used_is_refused(given: dict[str, str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parameters.check(given, KNOWN)


def test_every_default_is_accepted() -> None:
    parameters.check({each.name: each.default for group in KNOWN.values() for each in group}, KNOWN)


def test_every_parameter_is_in_one_group_with_a_description_of_one_line() -> None:
    grouped = [each for group in KNOWN.values() for each in group]
    assert sorted(each.name for each in grouped) == sorted(DESCRIBED)
    assert [each.name for each in grouped if not each.description or "\n" in each.description.strip()] == []


def test_the_rare_ones_come_last() -> None:
    rare = [label.startswith("Rarely changed") for label in KNOWN]
    assert any(rare) and rare == sorted(rare)
    assert next(iter(KNOWN.values()))[0].name == "Mode"


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    values = {"StackName": "isthmus", "SweepRate": "rate(1 hour)", "RoutableBlocks": "10.0.0.0/8,::/0", "FailureEmail": ""}
    parameters.write(tmp_path / "file", values)
    assert parameters.read(tmp_path / "file") == values


@pytest.mark.parametrize(
    ("text", "message"),
    [("Mode: report\n", "line 1: not Key=Value"), ("# a comment\n\nMode=apply\nMode=report\n", "line 4: Mode is there twice")],
    ids=["YAML", "a repeated key"],
)
def test_a_file_that_can_t_be_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(ParameterError, match=message):
        parameters.read(tmp_path / "file")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="none can't be read"):
        parameters.read(tmp_path / "none")


def test_a_wrong_answer_is_asked_for_again(capsys: pytest.CaptureFixture[str]) -> None:
    [mode, *_] = KNOWN["What it may do"]
    answers = iter(["plan", " report "])
    assert questions.ask(mode, "apply", lambda _: next(answers)) == "report"
    assert "Mode=plan is none of apply, report" in capsys.readouterr().out


def test_enter_keeps_and_a_hyphen_clears() -> None:
    answers = {"MemberAccounts": "", "FailureEmail": "-"}
    current = {"MemberAccounts": "222222222222", "FailureEmail": "old@example.com"}
    asked: list[str] = []

    def read(prompt: str) -> str:
        name = prompt.split()[0]
        asked.append(name)
        return answers.get(name, "")

    given = questions.ask_all(KNOWN, current, read)
    assert sorted(asked) == sorted(DESCRIBED) == sorted(given)
    assert (given["MemberAccounts"], given["FailureEmail"], given["LogLevel"]) == ("222222222222", "", "INFO")
