"""A dozen faults, spread over kinds, scenarios and calls. `make soak` tries many more, by a seed of its own."""

import pytest

from .faults.places import Case, cases, kept
from .faults.sample import sample
from .faults.scenarios import Tools
from .faults.trial import attempt

SEED = "1285"
"""With it every kind, every scenario and every service is among them, and eight of the functions."""
FIRST = [case for case in cases(kept()) if case.nth == 0]
"""Each time a call is made at all. How often depends, in part, on how quick the machine is."""


@pytest.mark.parametrize("case", sample(FIRST, 12, SEED), ids=str)
def test_what_is_desired_holds_or_an_error_names_what_is_missing(case: Case, tools: Tools, environment: dict[str, str]) -> None:
    """Where no call has met the fault, calls have changed: `RECORD=1 make soak` records them anew."""
    assert attempt(case, tools, environment).struck > 0
