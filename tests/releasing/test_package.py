"""`dist/`: the same input makes the same bytes, and nothing of another processor gets in."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks.__main__ import ROOT

from release import template
from release.package import PackageError, machine, package

FUNCTIONS = template.functions(template.read((ROOT / "template.yaml").read_text()))
ARM, X86 = 0xB7, 0x3E


def built(folder: Path, processor: int) -> Path:
    """A directory of functions as `make functions` fills it."""
    for function in FUNCTIONS:
        path = folder / function / "bootstrap"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"\x7fELF" + bytes(14) + processor.to_bytes(2, "little") + function.encode() * 1000)
    return folder


@pytest.fixture(autouse=True)
def no_umask_counts() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_functions_are_those_of_the_checkout() -> None:
    assert sorted(path.name for path in (ROOT / "functions").iterdir()) == FUNCTIONS


def test_the_same_input_makes_the_same_bytes(tmp_path: Path) -> None:
    one, other = built(tmp_path / "one", ARM), built(tmp_path / "other", ARM)
    for path in other.rglob("bootstrap"):
        os.utime(path, (time.time() + 86_400,) * 2)
        path.chmod(0o700)
    package(tmp_path / "first", {"arm64": one}, "{}")
    package(tmp_path / "second", {"arm64": other}, "{}")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_it_has_every_file_of_a_release(tmp_path: Path) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "left-over.zip").touch()
    both = {"arm64": built(tmp_path / "arm64", ARM), "x86_64": built(tmp_path / "x86_64", X86)}
    names = package(out, both, "{}", program=built(tmp_path / "program", X86) / FUNCTIONS[0] / "bootstrap")
    zips = {f"{function}-{architecture}.zip" for function in FUNCTIONS for architecture in both}
    machines = {path.name for path in (ROOT / "statemachine").glob("*.asl.json")}
    others = {
        "take-over-adopted.sh",
        "template.yaml",
        "member.yaml",
        "deployer-policy.json",
        "install.sh",
        "isthmus.cdx.json",
        "isthmus-x86_64",
        "VERSION",
        "LICENSE",
    }
    assert set(names) == zips | machines | others | {"SHA256SUMS"}
    for runs in ("install.sh", "take-over-adopted.sh", "isthmus-x86_64"):
        assert stat.S_IMODE((out / runs).stat().st_mode) == 0o755
    for name in names:
        if not name.endswith((".zip", "-x86_64")):
            assert b"\r" not in (out / name).read_bytes()


def test_lambda_can_run_what_is_in_a_zip(tmp_path: Path) -> None:
    package(tmp_path / "dist", {"arm64": built(tmp_path / "arm64", ARM)}, "{}")
    with zipfile.ZipFile(tmp_path / "dist" / "sweep-arm64.zip") as archive:
        [entry] = archive.infolist()
        assert entry.filename == "bootstrap" and stat.S_IMODE(entry.external_attr >> 16) == 0o755
        assert archive.read(entry) == (tmp_path / "arm64" / "sweep" / "bootstrap").read_bytes()


def test_the_sums_are_of_all_files(tmp_path: Path) -> None:
    names = package(tmp_path / "dist", {"arm64": built(tmp_path / "arm64", ARM)}, "{}")
    lines = (tmp_path / "dist" / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert sorted([*sums, "SHA256SUMS"]) == names
    assert all(hashlib.sha256((tmp_path / "dist" / name).read_bytes()).hexdigest() == digest for name, digest in sums.items())
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path / "dist", check=True)


def test_functions_of_another_processor_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="bootstrap is built for x86_64, not for arm64"):
        package(tmp_path / "dist", {"arm64": built(tmp_path / "x86_64", X86)}, "{}")


def test_a_function_that_is_not_built_is_named(tmp_path: Path) -> None:
    folder = built(tmp_path / "arm64", ARM)
    (folder / "sweep" / "bootstrap").unlink()
    with pytest.raises(PackageError, match="sweep isn't built for arm64"):
        package(tmp_path / "dist", {"arm64": folder}, "{}")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"\xcf\xfa\xed\xfe" + bytes(16), "no Linux"),
        (b"", "no Linux"),
        (b"\x7fELF" + bytes(14) + b"\xf3\0", "another processor"),
    ],
    ids=["macOS", "empty", "RISC-V"],
)
def test_other_files_are_no_functions(tmp_path: Path, header: bytes, expected: str) -> None:
    (tmp_path / "bootstrap").write_bytes(header)
    assert machine(tmp_path / "bootstrap") == expected
