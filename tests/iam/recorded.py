"""The calls that functions and machines made, from the local cloud's log, evaluated by the policies of their roles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local_cloud.distributed_map.calls import USER_AGENT as STEP_FUNCTIONS

from iam.evaluator import Evaluator

Call = dict[str, Any]
DENIED = "UnauthorizedOperation"
"""How EC2 answers a call that IAM denies. The local cloud does so only where a test says so."""

Grant = tuple[str, str, str]
"""Role, statement, action."""


class Record:
    """The calls that are logged from now on. The log of a test run has hundreds of thousands: few are read."""

    def __init__(self, *logs: Path) -> None:
        self._begin = {log: log.stat().st_size if log.exists() else 0 for log in logs}
        self._read = dict(self._begin)

    def calls(self) -> list[Call]:
        """All of them."""
        return [json.loads(line) for log, begin in self._begin.items() for line in _complete_lines(log, begin)]

    def new_calls(self) -> list[Call]:
        """Those since the last call of this method."""
        lines = {log: list(_complete_lines(log, read)) for log, read in self._read.items()}
        for log in lines:
            self._read[log] += sum(map(len, lines[log]))
        return [json.loads(line) for of_log in lines.values() for line in of_log]


def _complete_lines(log: Path, begin: int) -> list[bytes]:
    """Those from there on, with their ends."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(begin)
        return [line for line in file.read().splitlines(keepends=True) if line.endswith(b"\n")]


def is_by_a_function(agent: str) -> bool:
    """The program `isthmus` uses the same SDK, and names itself."""
    return "aws-sdk-rust" in agent and "app/isthmus-cli-" not in agent


def is_by_the_stack(agent: str) -> bool:
    """By a function, or by Step Functions as the role of a machine: so it starts the children of a Distributed Map."""
    return is_by_a_function(agent) or agent == STEP_FUNCTIONS


class Permissions:
    """Which calls are allowed, and which grants allow them."""

    def __init__(self, evaluator: Evaluator, used: set[Grant]) -> None:
        """Adds the grants that are needed to `used`."""
        self._evaluator = evaluator
        self._used = used

    def violations(self, calls: Iterable[Call]) -> list[str]:
        """The calls of functions and machines that their policies do not allow, each once."""
        made = (call for call in calls if is_by_the_stack(call["UserAgent"] or ""))  # not the tests' own calls
        return list(dict.fromkeys(problem for call in made for problem in self._problems(call)))

    def _problems(self, call: Call) -> Iterator[str]:
        role = self._evaluator.roles.get(call["Caller"])
        if role is None:
            yield f"{call['Caller']} calls {call['Action']}, but is not the role of a function, a machine or a member"
            return
        # In another account all functions use the member role; the session's name identifies the function.
        who = f"{role.name} for {call['SessionName']}" if call["SessionName"] else role.name
        if not call["Authorization"]:
            yield f"{who} calls {call['Action']}, whose IAM actions are unknown"
        for question in call["Authorization"]:
            action, resource, context = question["Action"], question["Resource"], question["Context"]
            decision = self._evaluator.evaluate(role, action, resource, context)
            if decision.allowed:
                self._used |= {(role.name, statement, action) for statement in decision.statements}
            elif call.get("Error") != DENIED:  # a test that had it denied knew that IAM would
                yield f"{who} may not {action} on {resource} where {json.dumps(context, sort_keys=True)}"


def unused(evaluator: Evaluator, used: set[Grant]) -> list[Grant]:
    """The grants of the functions' roles and the member role that no call needed.

    Statements without a Sid are added by SAM, for Lambda itself.
    """
    roles = [role for role in evaluator.roles.values() if role.name == "MemberRole" or role.name.endswith("Function")]
    granted = {(role.name, statement, action) for role in roles for statement, action in role.grants() if statement}
    return sorted(granted - used)
