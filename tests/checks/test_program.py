"""The program `isthmus` and the functions are built apart: what one needs doesn't come into the other."""

from __future__ import annotations

import subprocess

import pytest

from checks.__main__ import ROOT

FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir())


def tree(package: str) -> list[str]:
    """All that is compiled into that package by itself, as a release is built: name, version, features."""
    form = ["--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p} {f}"]
    command = ["cargo", "tree", *form, "--package", package]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [line for line in printed.splitlines() if line]


def packages(package: str) -> set[str]:
    return {line.split()[0] for line in tree(package)}


def features(package: str, of: str) -> set[str]:
    """The features of `of` that building that package turns on."""
    return {feature for line in tree(package) if line.split()[0] == of for feature in line.split()[-1].split(",")}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_contains_nothing_of_the_program(function: str) -> None:
    programs = {"isthmus-cli", "clap", "indicatif", "aws-sdk-sso", "aws-sdk-ssooidc", "aws-sdk-signin", "aws-sdk-lambda"}
    assert packages(function) & programs == set()
    assert features(function, "aws-config") == {"rt-tokio"}


def test_the_program_contains_no_ec2_and_one_tls_library() -> None:
    found = packages("isthmus-cli")
    assert {"aws-sdk-sfn", "aws-sdk-lambda", "aws-sdk-sts", "rustls", "ring"} <= found
    assert found & {"aws-sdk-ec2", "isthmus-aws", "aws-lc-rs", "aws-lc-sys", "openssl", "native-tls"} == set()
