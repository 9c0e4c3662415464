"""`python -m release OUT --built arm64=DIRECTORY …`: what `make package` runs once the functions are built."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from release import sbom, template
from release.package import ROOT, PackageError, package


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m release")
    arguments.add_argument("--built", nargs="+", required=True, metavar="ARCHITECTURE=DIRECTORY")
    arguments.add_argument("--program", type=Path, help="the program isthmus")
    arguments.add_argument("out", type=Path)
    given = arguments.parse_args()
    built = {architecture: Path(directory) for architecture, _, directory in (each.partition("=") for each in given.built)}
    functions = template.functions(template.read((ROOT / "template.yaml").read_text(encoding="utf-8")))
    version = (ROOT / "VERSION").read_text(encoding="utf-8").strip()
    try:
        files = package(given.out, built, sbom.generate(ROOT, functions, version), given.program)
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{given.out}: Isthmus {version} for {' and '.join(sorted(built))}, {len(files)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
