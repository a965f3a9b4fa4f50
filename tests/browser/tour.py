"""One look at one page: everything that can be asked of it with a single load."""

from __future__ import annotations

import gzip
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Request, Response

from tests.browser.cases import Case
from tests.browser.probe import AXE, FIRST, FIT, FOCUS, PREPARE, SPACING, WATCH

HTML_BYTES, GZIPPED_BYTES, NODES, REQUESTS = 90 * 1024, 16 * 1024, 2000, 5
# Cumulative layout shift: the share of the window that moved by itself, times how far.
SHIFT = 0.02
LOADS = 3
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
BASE = {"resultTypes": ["violations"], "elementRef": False, "iframes": False, "preload": False}
ALL_RULES = {**BASE, "runOnly": {"type": "tag", "values": [*TAGS, "best-practice"]}}
NARROW_RULES = {**BASE, "runOnly": {"type": "tag", "values": TAGS}}
COLOUR_RULES = {**BASE, "runOnly": {"type": "rule", "values": COLOURS}}
# What a page that was asked all of it in another width may still do wrong here.
LAYOUT_RULES = {**BASE, "runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}}
UNCOLOURED_RULES = {**ALL_RULES, "rules": {name: {"enabled": False} for name in COLOURS}}
# The other half of the cases gets the other pair: every page is seen by day and night, at the desk and on the phone.
LOOKS = ((("light", 1280), ("dark", 390)), (("dark", 1280), ("light", 390)))
# A window of 1280 × 1024 at 400 %.
ZOOMED = {"width": 320, "height": 256}


class Tour:
    """A tab that goes from page to page and notes what is wrong with each."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("request", self._request)
        page.add_init_script(WATCH)

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)

    def _note(self, kind: str, text: str) -> None:
        # That a page is 404 is what its case says.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.said.append(text)

    def look(self, case: Case, language: str, number: int, *, is_first: bool) -> list[str]:
        """Everything that is wrong with the page of a case; `number` decides which looks it gets.

        In the first case of a page every rule meets every element and the focus is followed; its other states have
        the same controls, and of texts that look alike one is asked for its contrast.
        """
        page = self.page
        (theme, width), (other_theme, narrow) = LOOKS[number % 2]
        page.set_viewport_size({"width": width, "height": 800})
        answer, first = self._open(case)
        if answer.status != case.status:
            return [f"answers {answer.status}, not {case.status}"]
        found = [*self._budget(answer.body(), first), *_names(first, case, language)]
        page.evaluate(PREPARE)
        if is_first:
            page.keyboard.press("Tab")
            found += [f"focus is not seen: {one}" for one in page.evaluate(FOCUS)]
        page.evaluate(AXE_SCRIPT)
        rules, sampled = (ALL_RULES, None) if is_first else (UNCOLOURED_RULES, COLOUR_RULES)
        found += [f"{theme} {width}: {one}" for one in run_axe(page, rules, theme, sampled)]
        found += self._fit(width)
        page.set_viewport_size({"width": narrow, "height": 800})
        rules = NARROW_RULES if is_first else LAYOUT_RULES
        found += [f"{other_theme} {narrow}: {one}" for one in run_axe(page, rules, other_theme, sampled)]
        found += self._fit(narrow, "plain")
        if is_first:
            page.set_viewport_size({"width": 1001, "height": 800})
            found += self._fit(1001)
        page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # its keys are those
        return [*found, *self._fit(ZOOMED["width"]), *self.said]

    def glance(self, case: Case, language: str) -> list[str]:
        """What another language may break: the names, and how much fits beside each other."""
        self.page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # its keys are those
        answer, first = self._open(case)
        if answer.status != case.status:
            return [f"answers {answer.status}, not {case.status}"]
        self.page.evaluate(PREPARE)
        return [*_moved(first), *_names(first, case, language), *self._fit(ZOOMED["width"]), *self.said]

    def _open(self, case: Case) -> tuple[Response, dict[str, Any]]:
        """Loads the page and looks at it as it came.

        What a page does by itself moves it at every load; that a busy machine painted half of it first, at some.
        """
        for _ in range(LOADS):
            self.said.clear()
            self.asked.clear()
            answer = self.page.goto(f"{self.url}/console{case.path}")
            assert answer is not None
            first: dict[str, Any] = self.page.evaluate(FIRST)
            if first["shift"] <= SHIFT:
                break
        return answer, first

    def _fit(self, width: int, *rounds: str) -> list[str]:
        asked = [rounds or ("plain", "spaced"), SPACING]
        return [f"{width}: {one}" for one in self.page.evaluate(FIT, asked)]

    def _budget(self, body: bytes, first: dict[str, Any]) -> list[str]:
        figures = {
            "bytes": (len(body), HTML_BYTES),
            "bytes, gzipped": (len(gzip.compress(body, 6)), GZIPPED_BYTES),
            "nodes": (first["nodes"], NODES),
            "requests": (len(self.asked), REQUESTS),
        }
        found = [f"{value} {name}, at most {most}" for name, (value, most) in figures.items() if value > most]
        found += _moved(first)
        return found + [f"asks {one}" for one in self.asked if not one.startswith(self.url)]


def _moved(first: dict[str, Any]) -> list[str]:
    return [f"moves by {first['shift']:.3f} when it is loaded"] if first["shift"] > SHIFT else []


def _names(first: dict[str, Any], case: Case, language: str) -> list[str]:
    found = []
    if first["lang"] != {"zh": "zh-CN", "en": "en"}[language]:
        found.append("is in the wrong language")
    heading, title = first["headings"], first["title"]
    if len(heading) != 1 or (heading[0] not in title and case.endpoint != "show_login"):
        found.append(f"has the headings {heading} and the title {title!r}")
    return found


def run_axe(page: Page, options: dict[str, Any], theme: str = "", sampled: dict[str, Any] | None = None) -> list[str]:
    """Rule and element of every violation on the page as it stands, or in a theme.

    `sampled` are options for one more run that meets one of the elements that look alike.
    """
    found: list[str] = page.evaluate(AXE, [theme, options, sampled])
    return found
