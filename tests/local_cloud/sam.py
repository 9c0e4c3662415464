"""The SAM CLI as the local cloud is deployed with: ``python -m local_cloud.sam deploy …``, in the SAM CLI's own environment.

It differs from ``sam`` only in that it packs the functions at zlib's lowest level. The default level takes a second for each
function, which nobody gains from: the packages are unpacked again on the same machine.
"""

from __future__ import annotations

import functools
import sys
import zipfile

LOWEST_LEVEL = 1


def main() -> None:
    pack = zipfile.ZipFile.writestr
    zipfile.ZipFile.writestr = functools.partialmethod(pack, compresslevel=LOWEST_LEVEL)  # type: ignore[assignment]
    from samcli.cli.main import cli

    sys.exit(cli(prog_name="sam"))


if __name__ == "__main__":
    main()
