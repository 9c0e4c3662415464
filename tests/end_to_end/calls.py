"""Calls to EC2 and STS, as the local cloud logged them."""

from typing import Any

FUNCTIONS = ("aws-sdk-rust", "isthmus-python")  # the functions' user agents; the latter are those of benches/python
WRITES = ("Create", "Accept", "Delete", "Modify", "Replace", "Associate")


class Calls:
    """The calls of the functions."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []

    def count(self, *actions: str) -> int:
        return sum(call["Action"] in actions for call in self.made)

    def ec2(self) -> list[str]:
        return [call["Action"] for call in self.made if call["Service"] == "ec2"]

    def writes(self) -> list[str]:
        return [call["Action"] for call in self.made if is_write(call)]


def is_write(call: dict[str, Any]) -> bool:
    return call["Service"] == "ec2" and call["Action"].startswith(WRITES)


def is_by_a_function(call: dict[str, Any]) -> bool:
    agent = call["UserAgent"] or ""
    return "app/isthmus-cli-" not in agent and any(function in agent for function in FUNCTIONS)
