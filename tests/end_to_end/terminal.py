"""A program on a pseudo-terminal: what it prints, and answers to what it asks."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path

PATIENCE_SECONDS = 240


class Terminal:
    """One program. Leaving the block ends it if it still runs."""

    def __init__(self, *command: str, directory: Path, variables: Mapping[str, str]) -> None:
        self.text = ""
        self._read = 0
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.chdir(directory)
            os.execvpe(command[0], command, dict(variables))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGHUP)
            os.waitpid(self._pid, 0)
        os.close(self._descriptor)

    def expect(self, text: str) -> None:
        """Waits for that text, after what was waited for before."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.text.find(text, self._read)) < 0:
            assert self._receive(deadline), f"it ended without {text!r}:\n{self.text}"
        self._read = found + len(text)

    def answer(self, prompt: str, line: str = "") -> None:
        """Waits for the prompt, and types the line."""
        self.expect(prompt)
        os.write(self._descriptor, f"{line}\n".encode())

    def finish(self) -> int:
        """Its exit status, once it has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._receive(deadline):
            pass
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def _receive(self, deadline: float) -> bool:
        """Whether it goes on."""
        remaining = deadline - time.monotonic()
        assert remaining > 0 and select.select([self._descriptor], [], [], remaining)[0], f"nothing more came:\n{self.text}"
        try:
            received = os.read(self._descriptor, 65536)
        except OSError:  # Linux says EIO when the last process of the terminal has ended.
            return False
        self.text += received.decode(errors="replace").replace("\r\n", "\n")
        return bool(received)
