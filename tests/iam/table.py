"""Reads `table.md`: who makes which call, and whether the policies must allow it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iam.evaluator import MEMBERS, Context
from iam.stacks import HERE, HUB, REPOSITORY, Role, Stack

TABLE = Path(__file__).with_name("table.md")

ACCOUNTS = {"hub": HUB, "member": MEMBERS[0], "stranger": "999999999999"}
SERVICES = {
    "alarm": f"cloudwatch:{HERE}",
    "dashboard": "cloudwatch:",
    "dataset": f"cloudwatch:{HERE}",
    "event-bus": f"events:{HERE}",
    "execution": f"states:{HERE}",
    "function": f"lambda:{HERE}",
    "log-group": f"logs:{HERE}",
    "prefix-list": f"ec2:{HERE}",
    "role": "iam:",
    "route-table": f"ec2:{HERE}",
    "stack": f"cloudformation:{HERE}",
    "stateMachine": f"states:{HERE}",
    "table": f"dynamodb:{HERE}",
    "vpc": f"ec2:{HERE}",
    "vpc-peering-connection": f"ec2:{HERE}",
}
_RESOURCE = re.compile(rf"({'|'.join(ACCOUNTS)}) (({'|'.join(SERVICES)})[/:].+)")


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
    """The roles that are not ours, one for each account."""
    accounts = {"Administrator": "hub", "Member's administrator": "member", "Stranger": "stranger"}
    return {name: outsider(name, "Admin", ACCOUNTS[account]) for name, account in accounts.items()}


def deployer() -> Role:
    """Somebody of the hub's account who has `release/deployer-policy.json`, with BUCKET as the name of the bucket."""
    policy = json.loads((REPOSITORY / "release" / "deployer-policy.json").read_text(encoding="utf-8"))
    return Role("Deployer", f"arn:aws:iam::{HUB}:role/deployer", HUB, (policy,), {})


def outsider(name: str, role: str, account: str) -> Role:
    """A role whose own policies allow everything."""
    everything = {"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return Role(name, f"arn:aws:iam::{account}:role/{role}", account, (everything,), {})


class Names:
    """Translates the names in the table to ARNs and values of the stack."""

    def __init__(self, hub: Stack) -> None:
        self._hub = hub
        outputs = hub.template["Outputs"]
        self._values = {f"${name}": hub.value(outputs[name]["Value"]) for name in ("ExternalId", "InstallationId")}

    def resource(self, text: str) -> str:
        name, slash, part = text.partition("/")
        if name in self._hub.arns:
            return self._hub.arns[name] + slash + part
        if match := _RESOURCE.fullmatch(text):
            account, name, kind = match.groups()
            return f"arn:aws:{SERVICES[kind]}:{ACCOUNTS[account]}:{self._deployed(name)}"
        return text

    def context(self, text: str) -> Context:
        """Reads `key=value`, separated by commas. `aws:TagKeys` may occur several times and then has several values."""
        context: dict[str, str | list[str]] = {}
        for pair in filter(None, text.split(", ")):
            key, _, value = pair.partition("=")
            value = self._values.get(value) or self.resource(value)
            context[key] = [*context.get(key, []), value] if key == "aws:TagKeys" else value
        return context

    def _deployed(self, name: str) -> str:
        """The ARN of an execution contains the deployed name of its state machine."""
        parts = name.split(":")
        return ":".join(self._hub.arns[part].rpartition(":")[2] if part in self._hub.arns else part for part in parts)
