"""axe finds nothing to complain about."""

from __future__ import annotations

import pytest

from picture.conftest import Open
from picture.networks import network


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [2, 10, 50, 500])
def test_axe_finds_no_violation(show: Open, size: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = show(network(size), scheme=scheme)
    # More rows of the same kind would only take longer.
    for summary in page.locator("summary").all() if size <= 50 else []:
        summary.click()
    # In the state that has most to say: a VPC is chosen, something is searched for.
    page.locator(".v").first.locator("circle").click()
    page.fill("#search", "10.")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("kind", ["light-widget", "dark-widget"])
def test_axe_finds_no_violation_in_the_widget(show: Open, kind: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = show(network(50), kind=kind)
    # It is a part of the dashboard, whose title, language and landmarks are CloudWatch's.
    rules = ("document-title", "html-has-lang", "landmark-one-main", "page-has-heading-one", "region")
    found = Axe().run(page, options={"rules": {rule: {"enabled": False} for rule in rules}})
    assert found.violations_count == 0, found.generate_report()
