"""The state machine check: statelint for the language, and our own rules beyond it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from statelint.linter import Linter

from checks import jsonata
from checks.cloudformation_yaml import LocatedMapping, line_of, load, locate, plain
from checks.source import Finding, Source
from checks.template import SUBSTITUTION, filled

PLAUSIBLE_ARN = r"arn:aws:lambda:eu-west-1:111122223333:function:\1"
LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"
# https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
LAMBDA_TRANSIENT = {
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}
WAIT_FOR_A_PAIR = range(20 * 60, 21 * 60)  # seconds, on average
MOST_ATTEMPTS = 300  # the language allows 99,999,999, which is not a limit
NO_CATCH = "No Catch:"  # in the Comment of a Task, before the reason why it has no Catch

State = LocatedMapping
Rule = Callable[[State], Iterator[str]]


def check(source: Source) -> Iterator[Finding]:
    machine = load(source)
    if isinstance(machine, Finding):
        yield machine
        return
    yield from _statelint(source, machine)
    if "TimeoutSeconds" not in machine:
        yield source.finding(1, "the machine has no TimeoutSeconds: it could run for a year")
    for name, line, state in states(machine):
        for rule in RULES:
            for message in rule(state):
                yield source.finding(line, f"{name}: {message}")


def _statelint(source: Source, machine: LocatedMapping) -> Iterator[Finding]:
    text = SUBSTITUTION.sub(PLAUSIBLE_ARN, json.dumps(plain(machine)))
    for problem in Linter.validate(json.loads(filled(text))):
        # statelint reports the place as a path: "State Machine.States.RollBack.Retry[0].BackoffRate is 0.5 but …".
        paths = re.findall(r"State Machine((?:\.\w+|\[\d+\])*)", problem)
        steps = re.findall(r"\w+", paths[-1]) if paths else []
        line = locate(machine, (int(step) if step.isdigit() else step for step in steps))
        yield source.finding(line, problem)


def states(machine: dict[str, Any]) -> Iterator[tuple[str, int | None, State]]:
    """Every state with its line, including those in Parallel and Map states."""
    for name, state in machine.get("States", {}).items():
        yield name, line_of(name), state
        for inner in [*state.get("Branches", []), state.get("ItemProcessor"), state.get("Iterator")]:
            if inner:
                yield from states(inner)


def has_comment(state: State) -> Iterator[str]:
    if not state.get("Comment"):
        yield "no Comment"


def fail_says_why(state: State) -> Iterator[str]:
    if state["Type"] == "Fail":
        for field in ("Error", "Cause"):
            if not (state.get(field) or state.get(f"{field}Path")):
                yield f"a Fail without {field}"


def task_has_timeout(state: State) -> Iterator[str]:
    if state["Type"] == "Task" and not ("TimeoutSeconds" in state or "TimeoutSecondsPath" in state):
        yield "a Task without TimeoutSeconds"


def retry_is_bounded(state: State) -> Iterator[str]:
    if state["Type"] == "Task" and not state.get("Retry"):
        yield "a Task without Retry"
    for retrier in state.get("Retry", []):
        errors = ", ".join(retrier.get("ErrorEquals", []))
        attempts = retrier.get("MaxAttempts")
        if attempts is None:
            yield f"the Retry on {errors} has no MaxAttempts"
        elif attempts > MOST_ATTEMPTS:
            yield f"the Retry on {errors} has {attempts} attempts, which is not a limit (at most {MOST_ATTEMPTS})"


def lambda_faults_are_retried(state: State) -> Iterator[str]:
    """All five are in one Retrier with jitter, so that many executions do not retry at the same moment."""
    if state.get("Resource") != LAMBDA_INVOKE or not state.get("Retry"):
        return
    for retrier in state["Retry"]:
        if set(retrier.get("ErrorEquals", [])) >= LAMBDA_TRANSIENT:
            if retrier.get("JitterStrategy") != "FULL":
                yield "the Retry on Lambda's transient errors has no JitterStrategy FULL"
            if "MaxDelaySeconds" not in retrier:
                yield "the Retry on Lambda's transient errors has no MaxDelaySeconds"
            return
    yield f"no Retry on all of Lambda's transient errors: {', '.join(sorted(LAMBDA_TRANSIENT))}"


def pair_is_waited_for(state: State) -> Iterator[str]:
    """Executions wait for each other for 20 minutes on average, and not all of them ask at the same moment."""
    for retrier in state.get("Retry", []):
        if "PairBusy" not in retrier.get("ErrorEquals", []):
            continue
        if retrier.get("JitterStrategy") != "FULL":
            yield "the Retry on PairBusy has no JitterStrategy FULL"
        if int(average := average_wait(retrier)) not in WAIT_FOR_A_PAIR:
            yield f"the Retry on PairBusy waits for {average:.0f} s on average ({WAIT_FOR_A_PAIR.start} to {WAIT_FOR_A_PAIR.stop})"


def average_wait(retrier: dict[str, Any]) -> float:
    """Seconds between the first attempt and the last, without the attempts themselves. Jitter halves each wait."""
    first, rate = retrier.get("IntervalSeconds", 1), retrier.get("BackoffRate", 2.0)
    waits = (first * rate**attempt for attempt in range(retrier.get("MaxAttempts", 3)))
    longest = sum(min(wait, retrier.get("MaxDelaySeconds", wait)) for wait in waits)
    return longest / 2 if retrier.get("JitterStrategy") == "FULL" else longest


def task_catches_all(state: State) -> Iterator[str]:
    if state["Type"] != "Task" or NO_CATCH in state.get("Comment", ""):
        return
    if not any("States.ALL" in catcher.get("ErrorEquals", []) for catcher in state.get("Catch", [])):
        yield f"a Task without a Catch for States.ALL (or a Comment with the reason after {NO_CATCH!r})"


def jsonata_runs(state: State) -> Iterator[str]:
    for expression in jsonata.expressions(state):
        yield from jsonata.faults(expression)


RULES: list[Rule] = [
    has_comment,
    fail_says_why,
    task_has_timeout,
    retry_is_bounded,
    lambda_faults_are_retried,
    pair_is_waited_for,
    task_catches_all,
    jsonata_runs,
]
