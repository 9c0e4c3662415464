"""Some of all cases, chosen by a seed and spread over kinds, scenarios and actions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

from end_to_end.faults.places import Case


def sample(cases: Iterable[Case], size: int, seed: str) -> list[Case]:
    """At most `size` cases. The next one is always of the kind that has the fewest so far; among these, of the scenario that has;
    then of the function, then of the action. Chance decides what is left.
    """
    left = list(cases)
    random.Random(seed).shuffle(left)
    kinds, scenarios, functions, actions = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    chosen: list[Case] = []

    def so_far(case: Case) -> tuple[int, int, int, int]:
        return kinds[case.kind.name], scenarios[case.scenario], functions[case.function], actions[case.action]

    while left and len(chosen) < size:
        case = min(left, key=so_far)
        left.remove(case)
        chosen.append(case)
        kinds[case.kind.name] += 1
        scenarios[case.scenario] += 1
        functions[case.function] += 1
        actions[case.action] += 1
    return chosen
