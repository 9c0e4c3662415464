"""The page in a browser: what it shows, and what it does."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from picture.conftest import Draw, Open
from picture.networks import network

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = (2, 10, 50, 500)
CLASSES = {
    "InPlace": "in-place",
    "Waiting": "waiting",
    "Missing": "missing",
    "Drift": "drift",
    "Failed": "failed",
    "Foreign": "foreign",
}


def visible(page: Page, selector: str) -> int:
    """How many of these elements are drawn."""
    count: int = page.locator(selector).evaluate_all("all => all.filter(e => e.checkVisibility()).length")
    return count


def degree(topology: dict[str, Any], vpc_id: str) -> int:
    return sum(vpc_id in (each["Requester"]["VpcId"], each["Accepter"]["VpcId"]) for each in topology["Peerings"])


def busiest(topology: dict[str, Any]) -> str:
    ids: list[str] = [vpc["VpcId"] for vpc in topology["Vpcs"]]
    return max(ids, key=lambda vpc_id: degree(topology, vpc_id))


@pytest.mark.parametrize("size", SIZES)
def test_all_vpcs_and_peerings_are_there_and_counted(show: Open, size: int) -> None:
    topology = network(size)
    page = show(topology)
    known = {vpc["VpcId"] for vpc in topology["Vpcs"]}
    ends = {end["VpcId"] for each in topology["Peerings"] for end in (each["Requester"], each["Accepter"])}
    assert visible(page, ".picture .v") == len(known | ends)
    findings = Counter(each["Finding"] for each in topology["Peerings"])
    for finding, name in CLASSES.items():
        assert visible(page, f".picture .p.{name}") == findings[finding]
        label = page.locator(f"label.{name}")
        assert label.count() == bool(findings[finding])
        if findings[finding]:
            assert label.inner_text().split()[0] == str(findings[finding])
    wrong = sum(count for finding, count in findings.items() if finding not in ("InPlace", "Foreign"))
    assert visible(page, ".attention li") == wrong
    assert page.locator(".fine").count() == (wrong == 0)


@pytest.mark.parametrize("size", SIZES)
def test_no_label_is_clipped_and_none_lies_over_another(show: Open, size: int) -> None:
    page = show(network(size))
    widths = page.locator(".picture .label").evaluate_all("all => all.map((e) => e.getBBox().width)")
    assert widths and min(widths) > 20
    outside = page.evaluate(
        """() => {
            const svg = document.querySelector(".picture > svg");
            const { x, y, width, height } = svg.viewBox.baseVal;
            const leaves = (e) => {
                const box = e.getBBox();
                return box.x < x || box.y < y || box.x + box.width > x + width || box.y + box.height > y + height;
            };
            return [...svg.querySelectorAll(".label")].filter(leaves).map((e) => e.textContent);
        }"""
    )
    assert outside == []
    over = page.evaluate(
        """() => {
            const middle = (e) => Number(e.getAttribute("y"));
            const labels = [...document.querySelectorAll(".picture .label")].map((e) => [e.textContent, e.getBBox(), middle(e)]);
            const meet = ([, a, y], [, b, to]) => a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(y - to) < 13;
            const pairs = labels.flatMap((one, i) => labels.slice(i + 1).map((other) => [one, other]));
            return pairs.filter(([one, other]) => meet(one, other)).map(([[one], [other]]) => [one, other]);
        }"""
    )
    assert over == []
    too_long = page.evaluate(
        """() => [...document.querySelectorAll(".picture .region")]
            .filter((e) => e.getComputedTextLength() > e.parentElement.querySelector("path").getTotalLength())
            .map((e) => e.textContent)"""
    )
    assert too_long == []
    assert page.locator(".picture .label").count() >= size if size <= 50 else page.locator(".label.owner").count() >= 36


def test_a_clicked_vpc_leaves_only_its_peerings(show: Open) -> None:
    topology = network(50)
    page = show(topology)
    chosen = busiest(topology)
    page.locator(".v", has_text=chosen).locator("circle").click()
    assert visible(page, ".picture .p") == degree(topology, chosen)
    assert page.locator(".v[aria-pressed=true]").count() == 1
    assert chosen in page.locator("#chosen").inner_text()
    assert page.locator("#chosen li").count() == degree(topology, chosen)
    page.get_by_role("button", name="Show all").click()
    assert visible(page, ".picture .p") == len(topology["Peerings"])
    assert page.evaluate("document.activeElement.matches('.v')")


def test_a_pair_that_needs_attention_is_shown_alone(show: Open) -> None:
    page = show(network(50))
    page.locator(".attention li.failed button").first.click()
    assert visible(page, ".picture .p") == 1
    assert page.locator(".picture .p.on").get_attribute("class") == "p failed on"
    page.keyboard.press("Escape")
    assert visible(page, ".picture .p") == len(network(50)["Peerings"])


def test_all_of_it_works_by_keyboard(show: Open) -> None:
    topology = network(50)
    page = show(topology)

    def focused(property: str) -> str:
        value: str = page.evaluate(f"document.activeElement.{property}")
        return value

    place = "[...document.querySelectorAll('.v')].indexOf(document.activeElement)"
    page.keyboard.press("Tab")
    assert page.evaluate(place) == 0
    width = page.evaluate("getComputedStyle(document.activeElement.querySelector('circle')).strokeWidth")
    assert width == "3px"
    for key, at in (
        ("ArrowRight", 1),
        ("ArrowDown", 2),
        ("ArrowLeft", 1),
        ("End", 50),
        ("ArrowRight", 0),
        ("ArrowUp", 50),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert page.evaluate(place) == at, key
    name = focused("getAttribute('aria-label')")
    page.keyboard.press("Enter")
    (chosen,) = re.findall(r"vpc-[0-9a-f]{17}", name)
    assert visible(page, ".picture .p") == degree(topology, chosen)
    page.keyboard.press("Escape")
    assert visible(page, ".picture .p") == len(topology["Peerings"])
    page.keyboard.press("Tab")
    assert focused("className") == "panel"
    page.keyboard.press("Tab")
    assert focused("id") == "show-in-place"
    page.keyboard.press("Space")
    assert visible(page, ".picture .p.in-place") == 0
    page.keyboard.press("/")
    assert focused("id") == "search"


@pytest.mark.parametrize("javascript", [True, False])
def test_counts_are_filters(show: Open, javascript: bool) -> None:
    topology = network(50)
    page = show(topology, javascript=javascript)
    findings = Counter(each["Finding"] for each in topology["Peerings"])
    page.locator("label.drift").click()
    assert visible(page, ".picture .p.drift") == visible(page, ".attention .drift") == 0
    assert visible(page, ".picture .p") == len(topology["Peerings"]) - findings["Drift"]
    assert visible(page, "label.drift path") == 1
    page.locator("label.drift").click()
    assert visible(page, ".picture .p.drift") == findings["Drift"]


def test_search_finds_names_ids_accounts_blocks_and_addresses(show: Open) -> None:
    topology = network(50)
    page = show(topology)
    vpc = next(vpc for vpc in topology["Vpcs"] if vpc["CidrBlocks"][0] == "10.20.128.0/17")
    for query in (vpc["Name"].upper(), vpc["VpcId"], vpc["VpcId"][:12], "10.20.128.0/17", "10.20.130.7"):
        page.fill("#search", query)
        found = page.locator(".v:not(.dim)")
        assert vpc["VpcId"] in (found.text_content() or ""), query
        assert page.locator("#found").inner_text() == "1 VPC found"
        assert visible(page, ".picture .p") == degree(topology, vpc["VpcId"])
    page.fill("#search", vpc["OwnerId"])
    same_account = sum(each["OwnerId"] == vpc["OwnerId"] for each in topology["Vpcs"])
    assert page.locator(".v:not(.dim)").count() == same_account > 1
    page.fill("#search", "10.255.255.255")
    assert page.locator(".v:not(.dim)").count() == 0
    page.fill("#search", "")
    assert page.locator(".dim").count() == 0
    assert visible(page, ".picture .p") == len(topology["Peerings"])


def test_without_javascript_the_picture_the_titles_and_the_tables_remain(show: Open) -> None:
    topology = network(50)
    page = show(topology, javascript=False)
    assert visible(page, ".picture .v") == 51
    assert visible(page, ".picture .p") == len(topology["Peerings"])
    assert page.locator(".v > title").count() == 51
    assert page.locator(".picture .p > title").count() == len(topology["Peerings"])
    assert visible(page, ".attention li") > 0
    assert not page.locator("#search").is_visible()
    for table, rows in (("Peerings", len(topology["Peerings"])), ("VPCs", 51)):
        page.locator("details", has=page.locator(f"[aria-label={table}]")).locator("summary").click()
        assert visible(page, f"[aria-label={table}] tbody tr") == rows


def test_names_of_strangers_are_only_text(show: Open) -> None:
    topology = network(10)
    hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\x1b[2J\u202e"\'&lt;'
    for vpc in topology["Vpcs"]:
        vpc["Name"] = hostile
    for each in topology["Peerings"]:
        each |= {"Message": hostile, "Error": hostile, "Finding": "Failed"}
    page = show(topology)
    page.locator(".v").first.locator("circle").click()
    page.locator(".attention button").first.click()
    page.fill("#search", "<script>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 1 and page.locator("img").count() == 0
    shown = page.locator(".picture .label:not(.owner)").first.text_content() or ""
    assert "<img src=x" in shown and "\x1b" not in shown


def test_the_policy_admits_this_style_and_this_script_alone(draw: Draw) -> None:
    """The digests are constants: a changed file needs a changed one, which the message says."""
    page = draw("page", network(2))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    inline = re.findall(r"<(style|script)>(.*?)</\1>", page, re.DOTALL)
    digests = [(kind, "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()) for kind, text in inline]
    assert len(digests) == 3
    named = {kind: [digest for of, digest in digests if of == kind] for kind, _ in digests}
    expected = {kind: " ".join(f"'{digest}'" for digest in of) for kind, of in named.items()}
    assert policy == (
        f"default-src 'none'; style-src {expected['style']}; script-src {expected['script']}; base-uri 'none'; form-action 'none'"
    )
