"""What goes wrong meanwhile: events, calls, functions that are killed, and executions that somebody stops."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from end_to_end.chaos.sizes import EVENTS, FAULTS, THROTTLED, Size
from end_to_end.chaos.stack import Stack
from end_to_end.function_processes import activity
from end_to_end.network import Network

LOOKS_APART = 0.3  # seconds, in which a function that works switches its context


@dataclass
class Disturbances:
    """What has gone wrong; complete once it is over."""

    events: dict[str, int] = field(default_factory=dict)
    ec2_calls: dict[str, int] = field(default_factory=dict)
    """Of EC2 and STS."""
    other_calls: dict[str, int] = field(default_factory=dict)
    killed: int = 0
    stopped: int = 0
    """Executions. What they hold the clean-up gives back, or the next run of groups."""


@contextmanager
def disturbed(network: Network, environment: dict[str, str], stack: Stack, size: Size, seed: str) -> Iterator[Disturbances]:
    """In this block events are disturbed, calls fail, functions are killed and executions stopped."""
    found, is_over = Disturbances(), threading.Event()
    threads = [
        threading.Thread(target=_kill, args=(environment, size, seed, is_over, found)),
        threading.Thread(target=_stop, args=(stack, size, seed, is_over, found)),
    ]
    network.control.set_event_rates(Seed=seed, **EVENTS)
    network.control.set_fault_rates(Seed=seed, Throttled=THROTTLED, **FAULTS)
    network.services.set_fault_rates(Seed=seed, **FAULTS)
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
        found.events = network.control.event_rates()
        found.ec2_calls, found.other_calls = network.control.fault_rates(), network.services.fault_rates()
        network.control.set_event_rates()
        network.control.set_fault_rates()
        network.services.set_fault_rates()


def _kill(environment: dict[str, str], size: Size, seed: str, is_over: threading.Event, found: Disturbances) -> None:
    """Kills now and then a function that works."""
    chance = random.Random(seed)
    while not is_over.wait(chance.expovariate(1 / size.seconds_between_kills)):
        before = activity(environment)
        is_over.wait(LOOKS_APART)
        working = sorted(process for process, switches in activity(environment).items() if before.get(process) != switches)
        if working and not is_over.is_set():
            os.kill(chance.choice(working), signal.SIGKILL)
            found.killed += 1


def _stop(stack: Stack, size: Size, seed: str, is_over: threading.Event, found: Disturbances) -> None:
    """Stops now and then an execution that runs."""
    chance = random.Random(seed)
    while not is_over.wait(chance.expovariate(1 / size.seconds_between_stops)):
        found.stopped += stack.stop_one(chance)
