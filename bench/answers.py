"""How long the machine takes of working off pairs by single keys, in a real Chromium: from the key until the next pair is painted."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from importlib.util import find_spec
from itertools import cycle, islice
from typing import Any

from bench.measure import percentile
from bench.paint import QUIET
from hub.console.shell import VIEW_COOKIE
from hub.console.visit import SESSION_COOKIE

PAIRS = 40
# As people answer: mostly alike or not, now and then a family, now and then later.
_KEYS = "yynyhnys"
# The second frame after the page stands: then the first has been painted.
_PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def answer(url: str, cookie: str, pairs: int = PAIRS) -> dict[str, Any] | str:
    """Answers so many pairs of the queue by keys, one after the other, and takes the last back; a text when there is no browser.

    Each answer is stored, and decides again what hangs on it, before the next pair comes. Milliseconds of wall clock.
    """
    path = os.environ.get("HUB_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if find_spec("playwright") is None or path is None:
        return "skipped: it needs playwright and chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            values = {SESSION_COOKIE: cookie, VIEW_COOKIE: "keys=on"}
            context.add_cookies(
                [{"name": name, "value": value, "url": f"{url}/console/"} for name, value in values.items()]
            )
            page = context.new_page()
            page.goto(f"{url}/console/matches")
            with page.expect_navigation():
                page.locator("form[action$='/next'] button.primary").first.click()
            took_ms = [_press(page, key) for key in islice(cycle(_KEYS), pairs)]
            back_ms = _press(page, "u")
        finally:
            browser.close()
    return {
        "pairs": pairs,
        "p50_ms": round(statistics.median(took_ms)),
        "p95_ms": round(percentile(took_ms, 0.95)),
        "most_ms": round(max(took_ms)),
        "whole_s": round(sum(took_ms) / 1000, 1),
        "undo_ms": round(back_ms),
    }


def _press(page: Any, key: str) -> float:
    """One answer; RuntimeError when no other pair came."""
    before, begun = page.url, time.perf_counter()
    with page.expect_navigation():
        page.keyboard.press(key)
    page.evaluate(_PAINTED)
    took_ms = (time.perf_counter() - begun) * 1000
    if page.url == before or not page.locator("button[data-press=y]").count():
        raise RuntimeError(f"no other pair came after {key!r}")
    return took_ms
