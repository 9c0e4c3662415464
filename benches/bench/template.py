"""The memory that each function has in `template.yaml`."""

from pathlib import Path

from checks.cloudformation_yaml import load
from checks.source import Source

REPOSITORY = Path(__file__).resolve().parents[2]


def memory_mb(function: str) -> int:
    """`MemorySize` of create-request is that of CreateRequestFunction, or of all."""
    template = load(Source.read(REPOSITORY, REPOSITORY / "template.yaml"))
    assert isinstance(template, dict)
    resource = "".join(word.capitalize() for word in function.split("-")) + "Function"
    everywhere = template["Globals"]["Function"]["MemorySize"]
    return template["Resources"][resource]["Properties"].get("MemorySize", everywhere)
