"""A real browser, and the program that draws."""

from __future__ import annotations

import json
import os
import site
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# What drives the browser is in an environment of its own: it comes after that of the tests, which therefore stays as it is.
BROWSER = Path(os.environ["BROWSER"])
site.addsitedir(str(BROWSER / "packages"))

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Draw = Callable[[str, dict[str, Any]], str]
Open = Callable[..., "Page"]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draws a topology: as `page`, `svg`, `light-widget` or `dark-widget`."""
    program = Path(os.environ["CARGO_TARGET_DIR"]) / "debug" / "examples" / "draw"
    assert program.exists(), "cargo test builds it: use `make test`, or `make one TEST=tests/picture`"

    def run(kind: str, topology: dict[str, Any]) -> str:
        drawn = subprocess.run([program, kind], input=json.dumps(topology), capture_output=True, text=True, check=False, timeout=60)
        assert drawn.returncode == 0, drawn.stderr
        return drawn.stdout

    return run


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """`CHROMIUM` names another one, where the unpacked one can't run: it is for x86_64."""
    from playwright.sync_api import sync_playwright

    own = BROWSER / "chromium"
    environment: dict[str, str | float | bool] = {
        **os.environ,
        "LD_LIBRARY_PATH": str(own / "lib"),
        "FONTCONFIG_FILE": str(own / "fonts.conf"),
    }
    program = os.environ.get("CHROMIUM", str(own / "chromium"))
    with sync_playwright() as playwright:
        # No sandbox, because the tests run as root too; the pages are the tests' own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"], env=environment)
        yield browser
        browser.close()


@pytest.fixture
def show(chromium: Browser, draw: Draw, tmp_path: Path) -> Iterator[Open]:
    """Opens what is drawn as a file. Any error of the page, and any request but for the file itself, fails the test."""
    contexts = []
    problems: list[str] = []

    def open_page(topology: dict[str, Any], *, kind: str = "page", scheme: str = "light", javascript: bool = True) -> Page:
        path = tmp_path / f"{kind}-{len(contexts)}.html"
        path.write_text(draw(kind, topology), encoding="utf-8")
        context = chromium.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=javascript,
            viewport={"width": 1440, "height": 900},
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: problems.append(request.url) if request.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
