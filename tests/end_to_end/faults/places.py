"""The calls at which a fault can happen: recorded in a run of each scenario without one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iam.recorded import Record
from local_cloud import function_calls

from end_to_end.calls import is_by_a_function
from end_to_end.faults.kinds import EC2, KINDS, STS, Kind
from end_to_end.network import Network

FILE = Path(__file__).with_name("calls.json")

AFTERWARDS = "StartPeering"
"""It hears of every execution that has ended, some time later, and finds nothing to do."""

Recorded = dict[str, list[str]]
"""The calls of one scenario: service, action, Region and account; in the order of the calls, the functions that made them."""

_NAME = re.compile(r"isthmus-(?:([A-Za-z]+?)(?:Function)?(?:Role)?(?:-[0-9A-F]+)?)$")


@dataclass(frozen=True)
class Case:
    """A fault of that kind at the call number `nth`, from 0, of those of that scenario to that service."""

    scenario: str
    call: str
    nth: int
    function: str
    kind: Kind

    @property
    def service(self) -> str:
        return self.call.split()[0]

    @property
    def action(self) -> str:
        return self.call.split()[1]

    def __str__(self) -> str:
        return f"{self.scenario}: {self.kind.name}: {self.function}: {self.call} #{self.nth + 1}"

    def plant(self, network: Network) -> None:
        fault = self.kind.fault(self.service, self.action)
        assert fault, f"{self} can't happen"
        fault["AfterCalls"] = self.nth
        if self.service in (EC2, STS):
            region, account = self.call.split()[2:]
            network.control.plant_faults(fault | {"Region": region, "Account": account})
        else:
            network.services.plant_faults(fault)


def cases(recorded: dict[str, Recorded]) -> list[Case]:
    """Every kind of fault that each call can have."""
    return [
        Case(scenario, call, nth, function, kind)
        for scenario, calls in sorted(recorded.items())
        for call, functions in sorted(calls.items())
        for nth, function in enumerate(functions)
        for kind in KINDS
        if kind.fault(*call.split()[:2])
    ]


def kept() -> dict[str, Recorded]:
    """What `calls.json` has."""
    return json.loads(FILE.read_text())


def keep(scenario: str, recorded: Recorded) -> None:
    """In `calls.json`, in place of what it has of that scenario."""
    FILE.write_text(json.dumps(kept() | {scenario: recorded}, indent=1, sort_keys=True) + "\n")


@contextmanager
def recording(network: Network, environment: dict[str, str]) -> Iterator[Recorded]:
    """The calls of functions, and of machines to EventBridge, in this block."""
    recorded: Recorded = {}
    services = Record(Path(environment["LOCAL_CLOUD_CALL_LOG"]).with_name(function_calls.FILE))
    with network.calls() as calls:
        yield recorded
    network.settle()
    own = [call for call in services.new_calls() if is_by_a_function(call) or call["Action"] == "PutEvents"]
    for call in calls.made + own:
        place = [call["Region"], call["Account"]] if call["Service"] in (EC2, STS) else []
        if (function := function_of(call)) != AFTERWARDS:
            recorded.setdefault(" ".join([call["Service"], call["Action"], *place]), []).append(function)


def function_of(call: dict[str, Any]) -> str:
    """The function or machine that made a call, by its role, or in another account by the name of its session."""
    name = (call["SessionName"] or call["Caller"]).rpartition("/")[2]
    found = _NAME.search(name)
    return found[1][0].upper() + found[1][1:] if found else name
