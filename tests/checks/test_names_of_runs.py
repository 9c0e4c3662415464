"""Which executions of the groups machine wait for a minute: those whose name is its time."""

from __future__ import annotations

import json

import pytest
from jsonata import Jsonata

from checks.__main__ import ROOT

MACHINE = ROOT / "statemachine" / "groups.asl.json"


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        ("tags-2026-11-26T12-00-00Z", True),
        ("tags-2028-02-29T23-59-00Z", True),
        ("tags-payments-release-01x", False),
        ("tags-rollout", False),
        ("tags-2026-11-26T12-00-01Z", False),
        ("tags-2026-13-26T12-00-00Z", False),
        ("tags-2026-11-26T24-00-00Z", False),
        ("my-tags-2026-11-26T12-00-00Z", False),
    ],
)
def test_an_execution_waits_if_its_name_is_the_time_of_a_minute(name: str, waits: bool) -> None:
    (choice,) = json.loads(MACHINE.read_text(encoding="utf-8"))["States"]["FollowName"]["Choices"]
    condition = choice["Condition"].removeprefix("{%").removesuffix("%}").replace("$states.context.Execution.Name", "name")
    assert Jsonata(condition).evaluate({"name": name}) is waits
