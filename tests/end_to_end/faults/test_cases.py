"""Which cases there are, which of them are chosen, and how a state is judged."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from end_to_end.faults.kinds import KINDS
from end_to_end.faults.places import Case, cases, function_of, kept
from end_to_end.faults.sample import sample
from end_to_end.faults.scenarios import SCENARIOS
from end_to_end.faults.trial import error_names, unexplained
from end_to_end.faults.worlds import Ending

RECORDED = {
    "drift": {"ec2 CreateRoute us-east-1 123456789012": ["UpdateRoutes", "UpdateRoutes"], "AWSEvents PutEvents": ["StateMachine"]},
    "teardown": {"DynamoDB_20120810 GetItem": ["PlanTeardown"]},
}
MEMBER_ROLE = "arn:aws:iam::222222222222:role/isthmus-member"


def test_each_call_has_every_fault_that_it_can_have() -> None:
    found = Counter((case.scenario, case.action, case.nth) for case in cases(RECORDED))
    no_kill_and_nothing_to_be_found = len(KINDS) - 3
    assert found == {
        ("drift", "CreateRoute", 0): len(KINDS),
        ("drift", "CreateRoute", 1): len(KINDS),
        ("drift", "PutEvents", 0): no_kill_and_nothing_to_be_found,
        ("teardown", "GetItem", 0): len(KINDS),
    }


def test_calls_of_every_scenario_are_recorded() -> None:
    assert kept().keys() == SCENARIOS.keys()
    services = {case.service for case in cases(kept())}
    assert services == {"ec2", "sts", "DynamoDB_20120810", "AWSStepFunctions", "AWSEvents"}


def test_a_sample_is_spread_and_depends_on_its_seed_alone() -> None:
    every = cases(kept())
    chosen = sample(every, 44, "1")
    assert chosen == sample(every, 44, "1") and set(chosen) != set(sample(every, 44, "2"))
    assert len(set(chosen)) == 44
    assert set(Counter(case.kind.name for case in chosen).values()) == {4}
    assert set(Counter(case.scenario for case in chosen).values()) == {4}
    assert sorted(map(str, sample(cases(RECORDED), 999, "1"))) == sorted(map(str, cases(RECORDED)))


@pytest.mark.parametrize(
    ("caller", "session", "function"),
    [
        ("arn:aws:iam::123456789012:role/isthmus-CreateRequestFunctionRole-8307E2C1E94DF", None, "CreateRequest"),
        ("arn:aws:iam::123456789012:role/isthmus-SweepFunctionRole-8307E2C1E94DF", None, "Sweep"),
        (MEMBER_ROLE, "isthmus-WorkLaneFunction-A693D81FC5B18", "WorkLane"),
        (MEMBER_ROLE, "isthmus-sweep", "Sweep"),
        ("arn:aws:iam::123456789012:role/isthmus-GroupsStateMachineRole-C34009E48ADB5", None, "GroupsStateMachine"),
    ],
)
def test_a_call_names_its_function(caller: str, session: str | None, function: str) -> None:
    call: dict[str, Any] = {"Caller": caller, "SessionName": session}
    assert function_of(call) == function


def test_the_public_names_are_those_of_the_reference() -> None:
    assert {"AccessDenied", "ServiceFault", "OverlappingCidrs"} < error_names()
    assert "States.Timeout" not in error_names()


BEFORE, DESIRED = {"stood"}, {"stood", "made", "also made"}


@pytest.mark.parametrize(
    ("now", "new", "told", "unexplained_facts"),
    [
        ({"stood"}, [], "", set()),
        ({"stood", "made"}, [], "", set()),
        ({"stood", "made"}, [DESIRED], "", {"made"}),
        ({"stood", "made"}, [DESIRED], "LeftBehind: id of made", set()),
        ({"stood", "made", "also made"}, [DESIRED], "", set()),
        ({"stood", "strange"}, [], "", {"strange"}),
        ({"made", "also made"}, [], "id of stood", {"stood"}),
    ],
    ids=["as before", "in between", "half", "half, and named", "whole", "neither", "gone"],
)
def test_what_is_half_made_is_found(now: set[str], new: list[set[str]], told: str, unexplained_facts: set[str]) -> None:
    facts = {fact: {f"id of {fact}"} for fact in now}
    assert unexplained(BEFORE, facts, DESIRED, new, [Ending("AccessDenied", told)]) == unexplained_facts


def test_a_case_says_where_it_is() -> None:
    [case] = [case for case in cases(RECORDED) if case.scenario == "teardown" and case.kind.name == "throttled once"]
    assert isinstance(case, Case)
    assert str(case) == "teardown: throttled once: PlanTeardown: DynamoDB_20120810 GetItem #1"
