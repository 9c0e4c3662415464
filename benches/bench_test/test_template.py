"""The functions are measured with the environment and the memory that `template.yaml` gives them."""

import json

from bench import sizes
from bench.subjects import BEYOND, STACK
from bench.template import REPOSITORY, environment_of_all, memory_mb

MEASURED = json.loads((REPOSITORY / "docs" / "performance.json").read_text())
ROOM = 1.25  # for what Lambda itself needs, and other sizes


def test_the_functions_have_every_variable_of_the_template() -> None:
    assert set(STACK) == environment_of_all()
    assert {name for name in BEYOND if not name.endswith("_ARN")} == {"REGIONS"}


def test_each_function_holds_its_largest_case() -> None:
    for case, of in MEASURED["memory"].items():
        assert of["peak MB"] * ROOM <= memory_mb(case.split(" ")[0].rstrip(",")), case


def test_each_function_has_the_size_with_the_least_dollars_and_milliseconds_that_holds_its_largest_case() -> None:
    needed = {case.split(" ")[0].rstrip(","): of["peak MB"] * ROOM for case, of in MEASURED["memory"].items()}
    for function in {row["function"] for row in MEASURED["sizes"]}:
        assert memory_mb(function) == sizes.best(MEASURED["sizes"], function, needed.get(function, 0)), function
