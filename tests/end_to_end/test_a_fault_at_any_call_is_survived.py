"""A dozen faults, spread over kinds, scenarios and calls. `make soak` tries many more, by a seed of its own."""

import pytest

from .faults.kinds import DYNAMODB, EC2, EVENTS, KINDS, STATES, STS
from .faults.places import Case, cases, kept
from .faults.sample import sample
from .faults.scenarios import SCENARIOS, Tools
from .faults.trial import attempt

SEED = "1285"
FIRST = [case for case in cases(kept()) if case.nth == 0]
"""Each time a call is made at all. How often depends, in part, on how quick the machine is."""
DOZEN = sample(FIRST, 12, SEED)


def test_every_kind_and_scenario_and_service_is_among_them() -> None:
    assert {case.kind.name for case in DOZEN} == {kind.name for kind in KINDS}
    assert {case.scenario for case in DOZEN} == set(SCENARIOS)
    assert {case.service for case in DOZEN} == {EC2, STS, DYNAMODB, STATES, EVENTS}


@pytest.mark.parametrize("case", DOZEN, ids=str)
def test_what_is_desired_holds_or_an_error_names_what_is_missing(case: Case, tools: Tools, environment: dict[str, str]) -> None:
    """Where no call has met the fault, calls have changed: `RECORD=1` has `tests/soak` record them anew."""
    assert attempt(case, tools, environment).struck > 0
