"""Packs the functions that `sam build` has written: ``python -m local_cloud.packages DIR``.

`sam deploy` uploads a package as it is. It would pack a folder anew for each cloud that it deploys to, at zlib's default level,
which takes a second for each function. Nobody gains from that: the packages are unpacked again on the same machine.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

LOWEST_LEVEL = 1
FUNCTION = re.compile(r"^( +CodeUri: )(\w+)$", re.MULTILINE)


def main() -> None:
    built = Path(sys.argv[1])
    template = built / "template.yaml"
    text = template.read_text(encoding="utf-8")
    for _, function in FUNCTION.findall(text):
        with zipfile.ZipFile(built / f"{function}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=LOWEST_LEVEL) as package:
            for file in sorted((built / function).iterdir()):
                package.write(file, file.name)
    template.write_text(FUNCTION.sub(r"\1\2.zip", text), encoding="utf-8")


if __name__ == "__main__":
    main()
