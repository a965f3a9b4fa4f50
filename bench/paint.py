"""Milliseconds until the largest part of a page is painted, in a Chromium whose processor is slowed down."""

from __future__ import annotations

import os
import shutil
import statistics
from importlib.util import find_spec
from typing import Any

from hub.console.visit import SESSION_COOKIE

THROTTLE = 4
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
_LARGEST = """() => new Promise(done => {
    new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
        .observe({ type: 'largest-contentful-paint', buffered: true });
})"""


def largest(url: str, cookie: str, pages: dict[str, str], loads: int) -> dict[str, float] | str:
    """Name -> the median of some loads each in an empty cache, throttled fourfold; a text when there is no browser."""
    path = os.environ.get("HUB_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if find_spec("playwright") is None or path is None:
        return "skipped: it needs playwright and chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            return {
                name: round(statistics.median(_paint(browser, url, cookie, page) for _ in range(loads)))
                for name, page in pages.items()
            }
        finally:
            browser.close()


def _paint(browser: Any, url: str, cookie: str, path: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        context.add_cookies([{"name": SESSION_COOKIE, "value": cookie, "url": f"{url}/console/"}])
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        page.goto(url + path, wait_until="load")
        return float(page.evaluate(_LARGEST))
    finally:
        context.close()
