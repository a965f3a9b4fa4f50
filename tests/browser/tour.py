"""One look at one page: everything that can be asked of it with a single load."""

from __future__ import annotations

import gzip
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, Request

from tests.browser.cases import Case

HTML_BYTES, GZIPPED_BYTES, NODES, REQUESTS = 90 * 1024, 16 * 1024, 2000, 5
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
# The other half of the cases gets the other pair: every rule meets every page, not every page in every look.
LOOKS = (
    (("light", 1280, ALL_RULES), ("dark", 390, COLOUR_RULES)),
    (("dark", 1280, ALL_RULES), ("light", 390, NARROW_RULES)),
)
WIDTHS = (320, 1001)
# Rows of one list are alike: six of them are looked at, all the folded parts are.
PREPARE = """
    document.querySelectorAll('main details').forEach(d => { d.open = true; });
    document.querySelectorAll('main tbody > tr:nth-child(n+7)').forEach(row => row.remove());
"""
POLICY = "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
# Focus that follows a key press is drawn as with the keyboard; what cannot be seen cannot be focused.
FOCUS = """() => {
    const bar = document.querySelector('.top');
    const hidden = [];
    for (const one of [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].slice(0, 60)) {
        if (!one.checkVisibility({ visibilityProperty: true }) || one.disabled || one.type === 'hidden') continue;
        one.focus();
        if (document.activeElement !== one) continue;
        const box = one.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        const under = bar && !bar.contains(one) && bar.contains(hit);
        if (getComputedStyle(one).outlineStyle === 'none' || under) hidden.push(one.outerHTML.slice(0, 80));
    }
    document.activeElement.blur();
    return hidden.slice(0, 3);
}"""


class Tour:
    """A tab that goes from page to page and notes what is wrong with each."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("request", self._request)
        page.add_init_script(POLICY)

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)

    def _note(self, kind: str, text: str) -> None:
        # That a page is 404 is what its case says.
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.said.append(text)

    def look(self, case: Case, language: str, number: int, *, is_first: bool) -> list[str]:
        """Everything that is wrong with the page of a case; `number` decides which looks it gets.

        The focus is followed in the first case of a page alone: its other states have the same controls.
        """
        page = self.page
        self.said.clear()
        self.asked.clear()
        page.set_viewport_size({"width": 1280, "height": 800})
        answer = page.goto(f"{self.url}/console{case.path}")
        assert answer is not None
        if answer.status != case.status:
            return [f"answers {answer.status}, not {case.status}"]
        found = [*self._budget(answer.body()), *self._names(case, language)]
        page.evaluate(PREPARE)
        if is_first:
            page.keyboard.press("Tab")
            found += [f"focus is not seen: {one}" for one in page.evaluate(FOCUS)]
        page.evaluate(AXE_SCRIPT)
        for theme, width, rules in LOOKS[number % 2]:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            page.set_viewport_size({"width": width, "height": 800})
            found += [f"{theme} {width}: {violation}" for violation in run_axe(page, rules)]
            found += self._sideways(width)
        width = WIDTHS[number // 2 % 2]
        page.set_viewport_size({"width": width, "height": 800})
        return [*found, *self._sideways(width), *self.said]

    def glance(self, case: Case, language: str) -> list[str]:
        """What another language may break: the names, and how much fits beside each other."""
        self.said.clear()
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        answer = self.page.goto(f"{self.url}/console{case.path}")
        if answer is None or answer.status != case.status:
            return [f"answers {answer and answer.status}, not {case.status}"]
        self.page.evaluate(PREPARE)
        return [*self._names(case, language), *self._sideways(WIDTHS[0]), *self.said]

    def _names(self, case: Case, language: str) -> list[str]:
        page = self.page
        found = []
        if page.get_attribute("html", "lang") != {"zh": "zh-CN", "en": "en"}[language]:
            found.append("is in the wrong language")
        heading = page.locator("h1").all_inner_texts()
        if len(heading) != 1 or (heading[0].strip() not in page.title() and case.endpoint != "show_login"):
            found.append(f"has the headings {heading} and the title {page.title()!r}")
        return found

    def _sideways(self, width: int) -> list[str]:
        is_wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        return [f"{width}: the page scrolls sideways"] if is_wide else []

    def _budget(self, body: bytes) -> list[str]:
        nodes = self.page.evaluate("document.querySelectorAll('*').length")
        figures = {
            "bytes": (len(body), HTML_BYTES),
            "bytes, gzipped": (len(gzip.compress(body, 6)), GZIPPED_BYTES),
            "nodes": (nodes, NODES),
            "requests": (len(self.asked), REQUESTS),
        }
        found = [f"{value} {name}, at most {most}" for name, (value, most) in figures.items() if value > most]
        return found + [f"asks {one}" for one in self.asked if not one.startswith(self.url)]


def run_axe(page: Page, options: dict[str, Any]) -> list[str]:
    """Rule and element of every violation on the page as it stands."""
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]
