"""Up to 150 faults, chosen by `SEED`; the figures go to docs/RELIABILITY.md. `CASES` are how many."""

import datetime
import os
import time
from collections.abc import Iterator

import pytest
from bench.__main__ import processor
from end_to_end.faults.places import Case, cases, keep, kept
from end_to_end.faults.results import Results, write
from end_to_end.faults.sample import sample
from end_to_end.faults.scenarios import SCENARIOS, Tools
from end_to_end.faults.trial import attempt, record

TODAY = datetime.date.today().isoformat()
SEED = os.environ.get("SEED") or TODAY
CHOSEN = sample(cases(kept()), int(os.environ.get("CASES") or 150), SEED)


@pytest.fixture(scope="module")
def results() -> Iterator[Results]:
    """Written if every case was tried, not for one that is run by itself."""
    results, began = Results(SEED), time.monotonic()
    yield results
    machine = {"Cpus": os.cpu_count(), "Model": processor()}
    if len(results.tried) == len(CHOSEN):
        write(results.document(TODAY, machine, time.monotonic() - began))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_calls_are_those_that_are_recorded(scenario: str, tools: Tools, environment: dict[str, str]) -> None:
    """`RECORD=1` records them anew, after a change to the calls that functions make."""
    recorded = record(scenario, tools, environment)
    if os.environ.get("RECORD"):
        keep(scenario, recorded)
    assert recorded.keys() == kept()[scenario].keys()


@pytest.mark.parametrize("case", CHOSEN, ids=str)
def test_what_is_desired_holds_or_an_error_names_what_is_missing(
    case: Case, tools: Tools, environment: dict[str, str], results: Results
) -> None:
    results.tried.append(case)
    results.results[case] = attempt(case, tools, environment)
