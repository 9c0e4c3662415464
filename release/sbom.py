"""The SBOM: every crate that is compiled into the functions and the program, in CycloneDX, by what cargo resolves."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from release.package import TARGETS

PROGRAM = "isthmus-cli"


@dataclass(frozen=True, order=True)
class Crate:
    """A package of the lock file, with the license that it declares."""

    name: str
    version: str
    license: str


def generate(root: Path, functions: Sequence[str], version: str) -> str:
    """CycloneDX as JSON, without the time and the random number that the library adds: the same sources, the same bytes."""
    uses: dict[Crate, set[Crate]] = {}
    for target in TARGETS.values():  # both compile nearly the same crates; the SBOM has what either does
        for crate, used in compiled(root, [*functions, PROGRAM], target).items():
            uses.setdefault(crate, set()).update(used)
    checksums = _checksums(root)
    components = {crate: _component(crate, checksums) for crate in sorted(uses)}
    bom = Bom(components=components.values())
    bom.metadata.component = product = Component(name="isthmus", version=version, type=ComponentType.APPLICATION, bom_ref="isthmus")
    bom.register_dependency(product, [components[crate] for crate in components if crate.name in (*functions, PROGRAM)])
    for crate, component in components.items():
        bom.register_dependency(component, [components[used] for used in sorted(uses[crate])])
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["serialNumber"], document["metadata"]["timestamp"]
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def compiled(root: Path, packages: Sequence[str], target: str) -> dict[Crate, set[Crate]]:
    """What is compiled for these packages, and what each crate needs itself. Macros and build scripts count, tests don't.

    `cargo tree` and not `cargo metadata`, which has the features that tests turn on, and what those need.
    """
    command = ["cargo", "tree", "--locked", "--edges", "normal,build", "--target", target, "--prefix", "depth"]
    command += ["--format", "|{p}|{l}", *(word for name in packages for word in ("--package", name))]
    lines = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    uses: dict[Crate, set[Crate]] = {}
    above: list[Crate] = []
    for depth, package, license in (line.split("|") for line in lines if line):
        name, version = package.split()[:2]
        # A crate whose branch was printed before has a mark behind its license, " (*)".
        crate = Crate(name, version.removeprefix("v"), license.removesuffix(" (*)"))
        uses.setdefault(crate, set())
        del above[int(depth) :]
        if above:
            uses[above[-1]].add(crate)
        above.append(crate)
    return uses


def _checksums(root: Path) -> dict[tuple[str, str], str]:
    lock = tomllib.loads((root / "Cargo.lock").read_text(encoding="utf-8"))
    return {(each["name"], each["version"]): each["checksum"] for each in lock["package"] if "checksum" in each}


def _component(crate: Crate, checksums: dict[tuple[str, str], str]) -> Component:
    url = PackageURL("cargo", None, crate.name, crate.version)
    checksum = checksums.get((crate.name, crate.version))
    # Old crates write "MIT/Apache-2.0", which means OR: https://doc.rust-lang.org/cargo/reference/manifest.html
    license = crate.license.replace("/", " OR ")
    return Component(
        name=crate.name,
        version=crate.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)] if checksum else [],
        licenses=[LicenseFactory().make_from_string(license)] if license else [],
    )
