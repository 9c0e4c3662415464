"""Runs every check on the repository: `PYTHONPATH=tests python -m checks`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mutants import listing, table

from checks import pipelines, policies, state_machines, template, version
from checks.source import Finding, Source

PARTITION = "${Partition}"
ROOT = Path(__file__).resolve().parents[2]


def templates() -> list[Source]:
    """The stack's template, and the one for member accounts."""
    paths = (ROOT / "template.yaml", ROOT / "member" / "template.yaml")
    return [Source.read(ROOT, path) for path in paths if path.exists()]


def example_templates() -> list[Source]:
    return [Source.read(ROOT, path) for path in sorted((ROOT / "examples" / "pipelines").glob("*.yaml"))]


def definitions(partition: str = "aws") -> dict[str, Source]:
    """The machines of a stack in that partition: the validators know ARNs of integrations only with its name filled in."""
    paths = sorted((ROOT / "statemachine").glob("*.asl.json"))
    sources = (Source.read(ROOT, path) for path in paths)
    return {source.name: replace(source, text=source.text.replace(PARTITION, partition)) for source in sources}


def check_template() -> Iterator[Finding]:
    for source in [*templates(), *example_templates()]:
        yield from template.check(source, definitions())


def check_state_machines() -> Iterator[Finding]:
    for source in definitions().values():
        yield from state_machines.check(source)


def check_policies() -> Iterator[Finding]:
    for source in [*templates(), *example_templates()]:
        yield from policies.check(source)


def pipeline_examples() -> dict[str, Source]:
    """The other examples for pipelines, by file name."""
    paths = sorted((ROOT / "examples" / "pipelines").iterdir())
    return {path.name: Source.read(ROOT, path) for path in paths if path.suffix != ".yaml"}


def workflows() -> list[Source]:
    """The workflows of this repository."""
    return [Source.read(ROOT, path) for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]


def scripts() -> list[Source]:
    """The examples for operators, and the installer of a release."""
    return [Source.read(ROOT, path) for path in [*sorted((ROOT / "examples").glob("*.sh")), ROOT / "release" / "install.sh"]]


def check_pipelines() -> Iterator[Finding]:
    for source in [*pipeline_examples().values(), *scripts(), *workflows()]:
        yield from pipelines.check(source)


def check_version() -> Iterator[Finding]:
    yield from version.check(*(Source.read(ROOT, ROOT / name) for name in ("VERSION", "Cargo.toml", "template.yaml")))


def check_mutants() -> Iterator[Finding]:
    mutants = listing.read()
    for fault in [*listing.faults(ROOT, mutants), *table.faults(ROOT, mutants)]:
        yield Finding(str(listing.LISTS.relative_to(ROOT)), None, fault)


CHECKS = {
    "template": check_template,
    "state machines": check_state_machines,
    "policies": check_policies,
    "pipelines": check_pipelines,
    "version": check_version,
    "mutants": check_mutants,
}


def main() -> int:
    failed = False
    for name, check in CHECKS.items():
        findings = list(check())
        failed = failed or bool(findings)
        print(f"{name}: {len(findings)} finding{'s' if len(findings) > 1 else ''}" if findings else f"{name}: ok")
        for finding in findings:
            print(f"  {finding}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
