"""The program `isthmus`, run as a person and as a script would: over a pseudo-terminal, and through pipes."""

import json
import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from local_cloud.deployed import REPOSITORY

TIMEOUT = 240  # seconds
PROGRAM = Path(os.environ.get("ISTHMUS", REPOSITORY / "target" / "cli" / "isthmus"))
COLORS = ("NO_COLOR", "CLICOLOR", "CI")
"""The variables that decide whether colour is written, beside TERM."""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Finished:
    """What the program has printed, and its exit code."""

    code: int
    out: str
    err: str = ""

    def document(self) -> dict[str, Any]:
        """Exactly one JSON document, and nothing else."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n"), self
        return json.loads(self.out)

    def exited(self, code: int) -> "Finished":
        assert self.code == code, self
        return self


class Terminal:
    """The program on a terminal."""

    def __init__(self, words: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.raw = ""
        master, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (40, 120))
        self._master = master
        # With a session of its own it gets the terminal's signals.
        self.process = subprocess.Popen(
            [PROGRAM, *words],
            env=environment,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # which becomes the controlling one
        )
        os.close(terminal)

    def shows(self, text: str) -> None:
        """Returns once that text was printed."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.text():
            assert self._read(), self.text()
            assert time.monotonic() < deadline, self.text()

    def types(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def finish(self) -> Finished:
        while self._read():
            pass
        os.close(self._master)
        return Finished(self.process.wait(TIMEOUT), self.text())

    def text(self) -> str:
        """All that was printed, without escape sequences."""
        return ESCAPE.sub("", self.raw).replace("\r\n", "\n")

    def _read(self) -> bool:
        """Whether there may be more."""
        if not select.select([self._master], [], [], 0.1)[0]:
            return True
        try:
            read = os.read(self._master, 65536)
        except OSError:  # closed at the other end
            return False
        self.raw += read.decode(errors="replace")
        return bool(read)


class Program:
    """`isthmus`, against the local cloud."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ISTHMUS_", *COLORS))}
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
        proxy = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        self.environment = kept | dict(environment) | nowhere | proxy | {"TERM": "xterm-256color"}

    def __call__(self, *words: str, **environment: str) -> Finished:
        """In a pipe."""
        given = self.environment | environment
        done = subprocess.run(
            [PROGRAM, *words], env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def on_a_terminal(self, *words: str, **environment: str) -> Terminal:
        return Terminal(words, self.environment | environment)

    def without(self, *variables: str) -> "Program":
        """The same without these variables."""
        return Program({name: value for name, value in self.environment.items() if name not in variables})


@contextmanager
def serving(answer: Callable[[str], tuple[int, dict[str, str], Any]]) -> Iterator[str]:
    """A server in place of one of AWS. Yields its address; `answer` has status, headers and JSON for a path, or for the operation
    of a service that has no paths."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answer(self.headers.get("X-Amz-Target") or self.path)
            payload = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def answering(function: str, answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """A Lambda that has that function alone, which answers this. Yields the variable by which the program finds it."""

    def lambda_(path: str) -> tuple[int, dict[str, str], Any]:
        if path == f"/2015-03-31/functions/{function}/invocations":
            return 200, {}, answer
        return 404, {"X-Amzn-ErrorType": "ResourceNotFoundException"}, {"Message": f"Function not found: {path}"}

    with serving(lambda_) as url:
        yield {"AWS_ENDPOINT_URL_LAMBDA": url}


@contextmanager
def refusing(service: str, code: str, message: str, **answers: Any) -> Iterator[dict[str, str]]:
    """A service that refuses every operation but those with an answer. Yields the variable by which the program finds it."""
    refusal = (400, {"X-Amzn-ErrorType": code}, {"__type": code, "message": message})

    def answer(operation: str) -> tuple[int, dict[str, str], Any]:
        name = operation.rpartition(".")[2]
        return (200, {}, answers[name]) if name in answers else refusal

    with serving(answer) as url:
        yield {f"AWS_ENDPOINT_URL_{service}": url}


def topology(vpcs: list[dict[str, Any]], peerings: list[dict[str, Any]] | None = None, version: int = 1) -> dict[str, Any]:
    """An answer of the function `topology`."""
    return {
        "Version": version,
        "Stack": "isthmus",
        "TagPrefix": "isthmus",
        "Time": "2026-11-26T12:00:00Z",
        "Vpcs": vpcs,
        "Peerings": peerings or [],
        "Unreachable": [],
    }
