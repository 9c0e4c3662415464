"""The console blocks of README.md, run as they stand: what is printed differs in ids and seconds alone."""

import os
import re
import subprocess
from dataclasses import dataclass

from local_cloud.deployed import REPOSITORY

from .network import THERE, Network
from .program import PROGRAM

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
VARIES = [
    (re.compile(r"\b(vpc|pcx)-[0-9a-f]+"), r"\1-…"),
    (re.compile(r"\brtb-[0-9a-f]+…[0-9a-f]+"), "rtb-…"),
    (re.compile(r"[0-9.]+ s\b"), "… s"),
]


@dataclass(frozen=True)
class Command:
    words: tuple[str, ...]
    prints: list[str]


def commands() -> list[Command]:
    blocks = BLOCK.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    parts = [part.splitlines() for block in blocks for part in re.split(r"^\$ isthmus ", block, flags=re.MULTILINE)[1:]]
    return [Command(tuple(first.split()), shown(rest)) for first, *rest in parts]


def shown(lines: list[str]) -> list[str]:
    """Without empty lines at the end, and without what varies."""
    text = "\n".join(lines).rstrip()
    for pattern, general in VARIES:
        text = pattern.sub(general, text)
    return [line.rstrip() for line in text.splitlines()]


def test_they_print_what_the_readme_says(environment: dict[str, str], network: Network) -> None:
    web, database = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    while web.id > database.id:  # the VPC with the smaller id is the requester
        database = network.vpc("10.2.0.0/16", region=THERE)
    web.tag(Name="web-prod")
    database.tag(Name="db-prod")
    variables = {**environment, "PATH": os.environ["PATH"]}
    tried = commands()
    assert len(tried) == 3
    for command in tried:
        ran = subprocess.run(
            [PROGRAM, *command.words], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240
        )
        assert (ran.returncode, shown(ran.stdout.splitlines())) == (0, command.prints), command.words
