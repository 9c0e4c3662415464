"""IAM's policy evaluation, by cloud-copilot's iam-simulate in one node process: a line of JSON for each simulation."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class SimulationError(Exception):
    """The simulator can't evaluate the request: the action does not exist, or does not support the resource."""


@dataclass(frozen=True)
class Decision:
    allowed: bool
    statements: tuple[str, ...]
    """The Sids of the statements that allow it."""


class Simulator:
    def __init__(self, installed: Path) -> None:
        """`installed` is the directory in which `make simulator` installed node and the npm package."""
        self._known: dict[str, Decision] = {}
        self._node = subprocess.Popen(
            [installed / "node", HERE / "simulator.cjs"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_PATH": str(installed / "node_modules")},
        )

    def evaluate(self, simulation: dict[str, Any]) -> Decision:
        line = json.dumps(simulation, sort_keys=True)
        if line not in self._known:
            self._known[line] = self._ask(line)
        return self._known[line]

    def _ask(self, line: str) -> Decision:
        assert self._node.stdin and self._node.stdout
        print(line, file=self._node.stdin, flush=True)
        answer = json.loads(self._node.stdout.readline() or '{"error": "node ended"}')
        if problem := answer.get("error"):
            raise SimulationError(f"{problem}: {line}")
        if ignored := answer["ignored"]:
            raise SimulationError(f"the action does not support the keys {ignored}: {line}")
        return Decision(answer["allowed"], tuple(answer["statements"]))


@cache
def simulator() -> Simulator:
    """The simulator of this process, installed if it is missing. Node ends with this process, when its input is closed."""
    make = ["make", "--silent", "simulator"]
    path = subprocess.run(make, cwd=HERE.parents[1], check=True, capture_output=True, text=True).stdout
    return Simulator(Path(path.splitlines()[-1]))
