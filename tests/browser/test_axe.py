"""Every page, in every state: nothing for axe to find, within its budget, one heading, focus that is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext

from hub.console.pages import ROUTES
from tests.browser.cases import STATES, cases, is_page, lacking
from tests.browser.closing import close
from tests.browser.tour import ALL_RULES, COLOUR_RULES, LAYOUT_RULES, Tour, run_axe
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pages_when_looked_at_in_every_state_then_nothing_is_wrong(
    language: str, full: World, full_url: str, empty: World, empty_url: str, visit: Callable[..., BrowserContext]
) -> None:
    """Cases take turns at the languages; of each page the other language gets a glance as well."""
    wrong: list[str] = []
    tours: dict[tuple[str, str], Tour] = {}
    seen: set[str] = set()
    for number, case in enumerate(cases(full)):
        is_first, is_turn = case.endpoint not in seen, number % 2 == (language == "en")
        seen.add(case.endpoint)
        if not is_first and not is_turn:
            continue
        world, url = (empty, empty_url) if case.state == "empty" else (full, full_url)
        key = (url, case.role)
        if key not in tours:
            tours[key] = Tour(visit(world, url, case.role, language=language).new_page(), url)
        tour = tours[key]
        found = tour.look(case, language, number // 2, is_first=is_first) if is_turn else tour.glance(case, language)
        wrong += [f"{case.name}: {one}" for one in found]
    for tour in tours.values():
        close(tour.page)
    assert not wrong, "\n".join(wrong)


def test_axe_when_a_page_has_faults_then_they_are_found(
    full: World, full_url: str, visit: Callable[..., BrowserContext]
) -> None:
    page = visit(full, full_url, "admin").new_page()
    page.goto(f"{full_url}/console/")
    page.evaluate(AXE_SCRIPT)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    # The second line of a kind is pale: those that look like the first are not asked again, this one is.
    page.evaluate("document.querySelectorAll('main td')[1].style.color = '#ddd'")
    rules = {violation.split(":")[0] for violation in run_axe(page, ALL_RULES)}
    sampled = {violation.split(":")[0] for violation in run_axe(page, LAYOUT_RULES, "light", COLOUR_RULES)}
    close(page)
    assert {"html-has-lang", "color-contrast"} <= rules
    assert sampled == {"color-contrast"}


def test_cases_when_compared_with_the_routes_then_none_is_missing(full: World) -> None:
    shown = {case.endpoint for case in cases(full)}
    missing = {route.rule: lacking(route, full) for route in ROUTES if is_page(route) and route.endpoint not in shown}
    assert missing == {}, "put ids of these into world.ids"
    pages = {route.endpoint for route in ROUTES if is_page(route)}
    assert pages - shown == set(), "these pages are never looked at"
    assert shown - pages == {"nowhere"}
    assert {case.state for case in cases(full)} == set(STATES)
