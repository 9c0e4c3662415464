"""The calls that the functions really made, from the local cloud's log, judged by the policies of their roles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from iam.judge import Judge

Call = dict[str, Any]
Grant = tuple[str, str, str]
"""Role, statement, action."""


class Record:
    """What is written to some logs from now on, each line of it once."""

    def __init__(self, *logs: Path) -> None:
        self._read = {log: log.stat().st_size if log.exists() else 0 for log in logs}

    def news(self) -> list[Call]:
        return [json.loads(line) for log in self._read for line in self._lines(log)]

    def _lines(self, log: Path) -> Iterator[bytes]:
        if log.exists():
            with log.open("rb") as file:
                file.seek(self._read[log])
                whole = file.read().rpartition(b"\n")[0]
            self._read[log] += len(whole) + 1 if whole else 0
            yield from whole.splitlines()


class Permissions:
    """Which of the calls are allowed, and which grants that took."""

    def __init__(self, judge: Judge, used: set[Grant]) -> None:
        """Puts into `used` what is made use of."""
        self._judge = judge
        self._used = used

    def violations(self, calls: Iterable[Call]) -> list[str]:
        """What the functions did and their policies would not have allowed, each thing once."""
        made = (call for call in calls if "aws-sdk-rust" in (call["UserAgent"] or ""))  # not by the tests themselves
        return list(dict.fromkeys(problem for call in made for problem in self._judged(call)))

    def _judged(self, call: Call) -> Iterator[str]:
        role = self._judge.roles.get(call["Caller"])
        if role is None:
            yield f"{call['Caller']} calls {call['Action']}, and is no role of a function or a member"
            return
        # In another account all functions act as the one member role, and are told apart by the session's name.
        who = f"{role.name} for {call['SessionName']}" if call["SessionName"] else role.name
        if not call["Authorization"]:
            yield f"{who} calls {call['Action']}, and it isn't known what that asks of IAM"
        for question in call["Authorization"]:
            action, resource, context = question["Action"], question["Resource"], question["Context"]
            decision = self._judge.decide(role, action, resource, context)
            if decision.allowed:
                self._used |= {(role.name, statement, action) for statement in decision.statements}
            else:
                yield f"{who} may not {action} on {resource} where {json.dumps(context, sort_keys=True)}"


def unused(judge: Judge, used: set[Grant]) -> list[Grant]:
    """What the functions' roles and the member role allow, but nobody made use of.

    Statements without a name are SAM's own, for what Lambda itself does with the role.
    """
    judged = [role for role in judge.roles.values() if role.name == "MemberRole" or role.name.endswith("Function")]
    granted = {(role.name, statement, action) for role in judged for statement, action in role.grants() if statement}
    return sorted(granted - used)
