"""The widget, and the file, in a browser."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from picture.conftest import Draw, Open
from picture.networks import network

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", ["light-widget", "dark-widget"])
def test_the_widget_has_the_theme_of_the_dashboard(show: Open, kind: str) -> None:
    """Whatever the browser prefers."""
    colours = {
        show(network(10), kind=kind, scheme=scheme, javascript=False)
        .locator(".isthmus-widget")
        .evaluate("e => getComputedStyle(e).backgroundColor")
        for scheme in ("light", "dark")
    }
    (colour,) = colours
    assert colour == {"light-widget": "rgb(251, 250, 247)", "dark-widget": "rgb(18, 22, 28)"}[kind]


def test_the_widget_shows_the_picture_and_what_needs_attention(show: Open) -> None:
    topology = network(50)
    page = show(topology, kind="light-widget", javascript=False)
    assert page.locator("svg .p").count() == len(topology["Peerings"])
    assert page.locator("li").count() == page.locator("svg .p:not(.in-place):not(.foreign)").count()
    assert page.locator("svg").bounding_box()["height"] > 300  # type: ignore[index]


@pytest.mark.parametrize("size", [2, 10, 50, 500])
def test_the_file_is_well_formed(draw: Draw, size: int) -> None:
    topology = network(size)
    root = ElementTree.fromstring(draw("svg", topology))
    assert root.tag == f"{SVG}svg"
    lines = [path for path in root.iter(f"{SVG}path") if (path.get("class") or "").startswith("p ")]
    assert len(lines) == len(topology["Peerings"])


def test_the_same_network_has_the_same_bytes(draw: Draw) -> None:
    topology = network(50)
    turned = topology | {name: topology[name][::-1] for name in ("Vpcs", "Peerings", "Unreachable")}
    for kind in ("page", "svg", "light-widget", "dark-widget"):
        assert draw(kind, topology) == draw(kind, turned)
