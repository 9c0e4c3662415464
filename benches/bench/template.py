"""What `template.yaml` gives the functions: memory, and environment."""

from pathlib import Path
from typing import Any

from checks.cloudformation_yaml import load
from checks.source import Source

REPOSITORY = Path(__file__).resolve().parents[2]


def memory_mb(function: str) -> int:
    """`MemorySize` of create-request is that of CreateRequestFunction, or of all."""
    template = _template()
    resource = "".join(word.capitalize() for word in function.split("-")) + "Function"
    everywhere = template["Globals"]["Function"]["MemorySize"]
    return template["Resources"][resource]["Properties"].get("MemorySize", everywhere)


def environment_of_all() -> set[str]:
    """The variables that every function has."""
    return set(_template()["Globals"]["Function"]["Environment"]["Variables"])


def _template() -> dict[str, Any]:
    template = load(Source.read(REPOSITORY, REPOSITORY / "template.yaml"))
    assert isinstance(template, dict), template
    return template
