"""A Lambda function of a custom runtime, small enough for a test: a Python script that uses the Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import io
import sys
import zipfile

RUNTIME = """
def _main():
    import json, os, urllib.request
    base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"

    def post(path, answer):
        urllib.request.urlopen(urllib.request.Request(base + path, data=json.dumps(answer).encode())).read()

    while True:
        with urllib.request.urlopen(base + "next") as response:
            context, event = dict(response.headers), json.loads(response.read())
        request = context["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = handle(event, context)
        except Exception as error:
            post(request + "/error", {"errorType": type(error).__name__, "errorMessage": str(error)})
        else:
            post(request + "/response", answer)


_main()
"""


def package(handler: str) -> bytes:
    """The zip file of a function whose source, ``handler``, defines ``handle(event, context)``."""
    script = f"#!{sys.executable} -S\n{handler}\n{RUNTIME}"
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, script)
    return buffer.getvalue()
