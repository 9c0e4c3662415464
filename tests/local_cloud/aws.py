"""The AWS CLI as the local cloud is used with: ``python -m local_cloud.aws …``, in the AWS CLI's own environment.

It differs from ``aws`` only in that it waits half a second where ``aws`` waits for 30 until it looks again at a stack.
"""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import awscli.clidriver
import botocore.waiter

LONGEST_WAIT = 0.5


def main() -> int:
    botocore.waiter.time = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, LONGEST_WAIT)))
    return awscli.clidriver.main()


if __name__ == "__main__":
    sys.exit(main())
