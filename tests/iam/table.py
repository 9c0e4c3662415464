"""Reads `table.md`: who asks, for what, and what the answer must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iam.judge import MEMBERS, Context
from iam.stacks import HERE, HUB, Role, Stack

TABLE = Path(__file__).with_name("table.md")

ACCOUNTS = {"hub": HUB, "member": MEMBERS[0], "stranger": "999999999999"}
SERVICES = {
    "event-bus": f"events:{HERE}",
    "execution": f"states:{HERE}",
    "function": f"lambda:{HERE}",
    "role": "iam:",
    "route-table": f"ec2:{HERE}",
    "stateMachine": f"states:{HERE}",
    "vpc": f"ec2:{HERE}",
    "vpc-peering-connection": f"ec2:{HERE}",
}
_THING = re.compile(rf"({'|'.join(ACCOUNTS)}) (({'|'.join(SERVICES)})[/:].+)")


@dataclass(frozen=True)
class Row:
    who: str
    action: str
    on: str
    context: str
    may: bool

    def __str__(self) -> str:
        return " ".join(filter(None, (self.who, "may" if self.may else "may not", self.action, "on", self.on, self.context)))


def rows() -> Iterator[Row]:
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith(("| who ", "| --- ")):
            who, action, on, context, may = (cell.strip() for cell in line.strip("|").split("|"))
            yield Row(who, action, on, context, {"yes": True, "no": False}[may])


def outsiders() -> dict[str, Role]:
    """One of each account."""
    accounts = {"Administrator": "hub", "Member's administrator": "member", "Stranger": "stranger"}
    return {name: outsider(name, "Admin", ACCOUNTS[account]) for name, account in accounts.items()}


def outsider(name: str, role: str, account: str) -> Role:
    """A role that may do everything, as far as it depends on itself."""
    everything = {"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return Role(name, f"arn:aws:iam::{account}:role/{role}", account, (everything,), {})


class Words:
    """What the words of the table stand for, in the stack's account."""

    def __init__(self, hub: Stack) -> None:
        self._hub = hub
        self._external_id = hub.value(hub.template["Outputs"]["ExternalId"]["Value"])

    def resource(self, text: str) -> str:
        if text in self._hub.arns:
            return self._hub.arns[text]
        if thing := _THING.fullmatch(text):
            account, name, kind = thing.groups()
            return f"arn:aws:{SERVICES[kind]}:{ACCOUNTS[account]}:{self._real(name)}"
        return text

    def context(self, text: str) -> Context:
        """`key=value`, separated by commas; a key that is there twice has both values."""
        context: dict[str, str | list[str]] = {}
        for pair in filter(None, text.split(", ")):
            key, _, value = pair.partition("=")
            value = self._external_id if value == "$ExternalId" else self.resource(value)
            context[key] = [*context.get(key, []), value] if key == "aws:TagKeys" else value
        return context

    def _real(self, name: str) -> str:
        """An execution bears the deployed name of its state machine."""
        parts = name.split(":")
        return ":".join(self._hub.arns[part].rpartition(":")[2] if part in self._hub.arns else part for part in parts)
