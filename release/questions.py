"""What `make deploy` asks on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from release.parameters import Groups, Parameter, ParameterError

Ask = Callable[[str], str]
NONE = "-"


def need_terminal() -> None:
    if not sys.stdin.isatty():
        raise ParameterError("there is no terminal on which to ask: give a file with PARAMETERS=…")


def ask(parameter: Parameter, current: str, read: Ask = input) -> str:
    """The answer, once it can be used."""
    while True:
        print(f"  {parameter.description}")
        if parameter.values and len(parameter.values) <= 5:
            print(f"  One of {', '.join(parameter.values)}.")
        answer = read(f"  {parameter.name} [{current}]: ").strip()
        value = {"": current, NONE: ""}.get(answer, answer)
        try:
            parameter.check(value)
        except ParameterError as error:
            print(f"  {error}")
        else:
            return value


def ask_all(groups: Groups, current: Mapping[str, str], read: Ask = input) -> dict[str, str]:
    """Every parameter, group by group."""
    print(f"Enter takes what is in brackets, {NONE} takes nothing.")
    answers: dict[str, str] = {}
    for label, parameters in groups.items():
        print(f"\n{label}")
        for parameter in parameters:
            answers[parameter.name] = ask(parameter, current.get(parameter.name, parameter.default), read)
    return answers
