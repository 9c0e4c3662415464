"""`dist/`: everything that a release consists of, and nothing that depends on when or where it is made.

The same source and the same binaries make the same bytes: archives have no times, and files are written in one order.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from release import template

SUMS = "SHA256SUMS"
SBOM = "isthmus.cdx.json"
INSTALLER = "install.sh"
POLICY = "deployer-policy.json"
TAKE_OVER = "take-over-adopted.sh"
ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent

# Rust's name for each processor, by Lambda's.
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}

# The earliest time that a zip file can hold.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_BEST = 9


class PackageError(Exception):
    """Something that a release needs isn't there."""


def package(
    out: Path, built: Mapping[str, Path], sbom: str, program: Path | None = None, source: Path = ROOT, level: int = _BEST
) -> list[str]:
    """Writes the release to `out`, in place of what is there. Returns the names of its files.

    `built` has, by architecture, the directory with `<function>/bootstrap`; `program` is `isthmus`, for one of them; `level` is
    zlib's.
    """
    stack = template.read((source / "template.yaml").read_text(encoding="utf-8"))
    version = (source / "VERSION").read_text(encoding="utf-8").strip()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for architecture, directory in built.items():
        for function in template.functions(stack):
            _zip(_binary(directory, function, architecture), out / f"{function}-{architecture}.zip", level)
    if program:
        shutil.copyfile(program, out / f"isthmus-{machine(program)}")
    for definition in template.definitions(stack):
        shutil.copyfile(source / definition, out / Path(definition).name)
    heading = f"Isthmus {version}. Made by `make package` from template.yaml, where each part has its reason beside it."
    (out / "template.yaml").write_text(template.write(template.packaged(stack), heading), encoding="utf-8")
    shutil.copyfile(source / "member" / "template.yaml", out / "member.yaml")
    shutil.copyfile(source / "examples" / TAKE_OVER, out / TAKE_OVER)
    shutil.copyfile(HERE / POLICY, out / POLICY)
    shutil.copyfile(source / "VERSION", out / "VERSION")
    shutil.copyfile(source / "LICENSE", out / "LICENSE")
    shutil.copyfile(HERE / INSTALLER, out / INSTALLER)
    for runs in (out / INSTALLER, out / TAKE_OVER, *out.glob("isthmus-*")):
        runs.chmod(0o755)
    (out / SBOM).write_text(sbom, encoding="utf-8")
    _write_sums(out)
    return sorted(path.name for path in out.iterdir())


def _binary(directory: Path, function: str, architecture: str) -> Path:
    path = directory / function / "bootstrap"
    if not path.exists():
        raise PackageError(f"{function} isn't built for {architecture}: there is no {path}")
    if (found := machine(path)) != architecture:
        raise PackageError(f"{path} is built for {found}, not for {architecture}")
    return path


def machine(binary: Path) -> str:
    """The architecture of an ELF file, by Lambda's name for it.

    The field e_machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
    """
    with binary.open("rb") as file:
        header = file.read(20)
    if header[:4] != b"\x7fELF":
        return "no Linux"
    return {0x3E: "x86_64", 0xB7: "arm64"}.get(int.from_bytes(header[18:20], "little"), "another processor")


def _zip(binary: Path, target: Path, level: int) -> None:
    entry = zipfile.ZipInfo("bootstrap", _NO_TIME)
    entry.create_system = _UNIX
    entry.external_attr = 0o100755 << 16  # Lambda runs it: it has to be executable for everybody
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, binary.read_bytes(), compresslevel=level)


def _write_sums(out: Path) -> None:
    """In the form that `sha256sum --check` and `shasum --check` read."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(out.iterdir())]
    (out / SUMS).write_text("".join(lines), encoding="ascii")
