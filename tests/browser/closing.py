"""Closing a page for good."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Error, Page


def close(page: Page) -> None:
    """Closes a page when nothing is being loaded into it any more.

    Chromium may say yes to a close that meets the commit of a navigation and never do it (its bug 536385539).
    """
    with suppress(Error):  # another navigation came between, and is over with that
        page.goto("about:blank")
    page.close()
