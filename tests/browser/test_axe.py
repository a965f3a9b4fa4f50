"""axe finds nothing, on every page, in every state, language, theme and width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

from tests.browser.cases import STATES, Case, cases
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BASE = {"resultTypes": ["violations"], "elementRef": False, "iframes": False}
ALL_RULES = {**BASE, "runOnly": {"type": "tag", "values": [*TAGS, "best-practice"]}}
NARROW_RULES = {**BASE, "preload": False, "runOnly": {"type": "tag", "values": TAGS}}
# Only these look at colours; the others were asked in the light theme of the same page.
COLOUR_RULES = {
    **BASE,
    "preload": False,
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
LOOKS = (
    ("light", 1280, ALL_RULES),
    ("dark", 1280, COLOUR_RULES),
    ("dark", 390, COLOUR_RULES),
    ("light", 390, NARROW_RULES),
)
# Rows of one list are alike: six of them are looked at, all the folded parts are.
PREPARE = """
    document.querySelectorAll('main details').forEach(d => { d.open = true; });
    document.querySelectorAll('main tbody > tr:nth-child(n+7)').forEach(row => row.remove());
"""


def run_axe(page: Page, options: dict[str, Any]) -> list[str]:
    """Rule and element of every violation on the page as it stands."""
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


def check(page: Page) -> list[str]:
    """All rules at both widths in the light theme, those about colours in the dark one, too."""
    page.evaluate(PREPARE)
    found = []
    for theme, width, options in LOOKS:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{theme} {width}: {violation}" for violation in run_axe(page, options)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{theme} {width}: the page scrolls sideways")
    return found


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _go(page: Page, url: str, case: Case, language: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    answer = page.goto(f"{url}/console{case.path}")
    assert answer is not None
    assert answer.status == case.status, case.name
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
    page.evaluate(AXE_SCRIPT)


def test_pages_when_axe_looks_at_every_state_then_nothing_is_found(
    language: str, full: World, full_url: str, empty: World, empty_url: str, visit: Callable[..., BrowserContext]
) -> None:
    wrong: dict[str, list[str]] = {}
    pages: dict[tuple[str, str], Page] = {}
    for case in cases(full):
        world, url = (empty, empty_url) if case.state == "empty" else (full, full_url)
        if (url, case.role) not in pages:
            pages[url, case.role] = visit(world, url, case.role, language=language).new_page()
        page = pages[url, case.role]
        _go(page, url, case, language)
        if found := check(page):
            wrong[case.name] = found
    for page in pages.values():
        page.close()
    assert wrong == {}


def test_axe_when_a_page_has_faults_then_they_are_found(
    full: World, full_url: str, visit: Callable[..., BrowserContext]
) -> None:
    page = visit(full, full_url, "admin").new_page()
    page.goto(f"{full_url}/console/")
    page.evaluate(AXE_SCRIPT)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    page.evaluate("document.querySelector('main p').setAttribute('class', 'planted')")
    page.evaluate("document.querySelector('.planted').style.color = '#ddd'")
    rules = {violation.split(":")[0] for violation in run_axe(page, ALL_RULES)}
    page.close()
    assert {"html-has-lang", "color-contrast"} <= rules


def test_cases_when_compared_with_the_routes_then_none_is_missing(full: World) -> None:
    from hub.console.pages import ROUTES

    shown = {case.endpoint for case in cases(full)}
    pages = {route.endpoint for route in ROUTES if "GET" in route.methods}
    assert pages - shown == set(), "these pages are never looked at"
    assert shown - pages == {"nowhere"}
    assert {case.state for case in cases(full)} == set(STATES)
