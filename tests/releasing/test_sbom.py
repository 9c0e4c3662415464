"""The SBOM: valid CycloneDX, reproducible, with what is compiled into the functions and nothing that only tests need."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from checks.__main__ import ROOT
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from release import sbom, template

FUNCTIONS = template.functions(template.read((ROOT / "template.yaml").read_text()))


@pytest.fixture(scope="module")
def text() -> str:
    return sbom.generate(ROOT, FUNCTIONS, "1.2.3")


@pytest.fixture(scope="module")
def document(text: str) -> dict[str, Any]:
    return json.loads(text)


def test_it_is_valid(document: dict[str, Any]) -> None:
    schemas = files("cyclonedx.schema") / "_res"
    names = ("bom-1.6.SNAPSHOT.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    main, *others = (json.loads((schemas / name).read_text(encoding="utf-8")) for name in names)
    known = zip(names[1:], others, strict=True)
    registry = Registry().with_resources((name, Resource.from_contents(each)) for name, each in known)
    validator = Draft7Validator(main | {"$id": ""}, registry=registry)  # it refers to the others by their file names
    assert [error.message for error in validator.iter_errors(document)] == []
    assert list(validator.iter_errors(document | {"components": [{}]})) != []


def test_it_is_the_same_each_time(text: str) -> None:
    assert sbom.generate(ROOT, FUNCTIONS, "1.2.3") == text


def test_it_has_what_is_compiled_and_no_more(document: dict[str, Any]) -> None:
    names = {each["name"] for each in document["components"]}
    assert names >= {"aws-sdk-ec2", "isthmus-peering", "lambda_runtime", "rustls", "serde_derive", *FUNCTIONS}
    assert not names & {"proptest", "aws-smithy-mocks", "isthmus-testing"}
    assert document["metadata"]["component"]["version"] == "1.2.3"


def test_each_crate_has_its_digest_and_its_license(document: dict[str, Any]) -> None:
    own = {*FUNCTIONS, *(f"isthmus-{name}" for name in ("aws", "cli", "peering", "picture", "topology"))}
    assert [each["name"] for each in document["components"] if not each.get("licenses")] == []
    assert {each["name"] for each in document["components"] if not each.get("hashes")} == own


def test_the_graph_is_whole(document: dict[str, Any]) -> None:
    """Every component is reached from the product."""
    uses = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    reached, waiting = set(), ["isthmus"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(uses[name])
    assert reached == {"isthmus", *(each["bom-ref"] for each in document["components"])}
