"""A dozen faults, spread over kinds, scenarios and calls. `make soak` tries many more, by a seed of its own."""

import pytest

from .faults.places import Case, cases, kept
from .faults.sample import sample
from .faults.scenarios import Tools
from .faults.trial import attempt

SEED = "isthmus"


@pytest.mark.parametrize("case", sample(cases(kept()), 12, SEED), ids=str)
def test_what_is_desired_holds_or_an_error_names_what_is_missing(case: Case, tools: Tools, environment: dict[str, str]) -> None:
    """Where no call has met the fault, calls have changed: `RECORD=1 make soak` records them anew."""
    assert attempt(case, tools, environment).struck > 0
