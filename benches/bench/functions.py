"""Measures single functions: init, first and warm invocation, CPU time, memory, size. Every round measures each subject."""

import json
import ssl
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench import certificates, quota
from bench.processes import cpu_seconds, peak_rss_bytes
from bench.runtime_api import Sandbox
from bench.subjects import Endpoints, Subject, subjects

WARM = 7
# Linux's default period, and the period that has been observed on Lambda. With a shorter one, a call is paused sooner.
PERIODS_MS = {"100 ms periods": 100, "20 ms periods": 20}
Samples = dict[str, dict[str, list[float]]]


def measure(repository: Path, python_env: Path, floor: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Median and minimum of all rounds, by subject and figure. The minimum is the least affected by other processes."""
    certificate, key, bundle = certificates.make(folder)
    samples: Samples = defaultdict(lambda: defaultdict(list))
    with quota.prioritized(), stub(certificate, key) as endpoints:
        all_subjects = subjects(repository, python_env, floor, endpoints, bundle)
        for turn in range(rounds):
            print(f"\r  round {turn + 1} of {rounds}", end="", flush=True)
            for subject in all_subjects:
                one_round(subject, samples[subject.name], endpoints.ec2, bundle)
    print()
    for subject in all_subjects:
        samples[subject.name]["zip MB"] = [subject.zip_bytes / 1e6]
    return {"functions": summary(samples, median), "functions, least": summary(samples, min)}


def summary(samples: Samples, of: Callable[[list[float]], float]) -> dict[str, dict[str, float]]:
    return {name: {figure: of(values) for figure, values in figures.items()} for name, figures in samples.items()}


def one_round(subject: Subject, samples: dict[str, list[float]], endpoint: str, bundle: Path) -> None:
    before = counts(endpoint, bundle)
    with Sandbox(subject.command, subject.environment) as sandbox:
        started = cpu_seconds(sandbox.pid)
        first = sandbox.invoke(subject.event)
        called = cpu_seconds(sandbox.pid)
        after_first = counts(endpoint, bundle)
        warm = median(sandbox.invoke(subject.event) for _ in range(WARM))
        after_warm = counts(endpoint, bundle)
        record(
            samples,
            {
                "init ms": sandbox.init_seconds * 1e3,
                "first ms": first * 1e3,
                "init + first ms": (sandbox.init_seconds + first) * 1e3,
                "warm ms": warm * 1e3,
                "init CPU ms": started * 1e3,
                "first CPU ms": (called - started) * 1e3,
                "warm CPU ms": (cpu_seconds(sandbox.pid) - called) / WARM * 1e3,
                "peak RSS MB": peak_rss_bytes(sandbox.pid) / 1e6,
                "first connections": after_first["connections"] - before["connections"],
                "warm connections": after_warm["connections"] - after_first["connections"],
                "first EC2 calls": after_first["calls"] - before["calls"],
            },
        )
    for name, period in PERIODS_MS.items():
        # During the init phase Lambda gives a function a whole core; the share applies from the first event on.
        with Sandbox(subject.command, subject.environment) as sandbox, quota.limited(sandbox.pid, period):
            record(samples, {f"first ms at 128 MB, {name}": sandbox.invoke(subject.event) * 1e3})
            warm = median(sandbox.invoke(subject.event) for _ in range(WARM))
            record(samples, {f"warm ms at 128 MB, {name}": warm * 1e3})


def record(samples: dict[str, list[float]], figures: dict[str, float]) -> None:
    for name, value in figures.items():
        samples[name].append(value)


@contextmanager
def stub(certificate: Path, key: Path, **network: int) -> Iterator[Endpoints]:
    command = [sys.executable, "-m", "bench.ec2_stub", "--certificate", certificate, "--key", key]
    command += [each for name, number in network.items() for each in (f"--{name}", str(number))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Endpoints(*(f"https://localhost:{port}" for port in process.stdout.readline().split()))
    finally:
        process.terminate()
        process.wait()


def counts(endpoint: str, bundle: Path) -> dict[str, Any]:
    """The numbers of connections and calls of functions so far. This request is not counted."""
    tls = ssl.create_default_context(cafile=str(bundle))
    with urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)).open(
        endpoint, timeout=10
    ) as answer:
        return json.load(answer)
