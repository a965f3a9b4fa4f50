"""What the little script of the console adds, and where the focus goes, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.closing import close
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]


def test_live_region_when_something_changes_then_the_page_follows(full: World, full_url: str, visit: Visit) -> None:
    page = visit(full, full_url, "admin").new_page()
    page.add_init_script("const wait = setInterval; setInterval = (work, ms) => wait(work, ms / 20)")
    page.goto(f"{full_url}/console/")
    figure = page.locator(".equation .aside b").first
    before = int(figure.inner_text())
    full.hub.db.execute(
        "insert into tally (day, connection_id, stage, n) select (now() at time zone 'UTC')::date, id, 'duplicate', 7"
        " from connection where name = 'crm'"
    )
    expect(page.locator(".equation .aside b").first).to_have_text(str(before + 7))
    pause = page.get_by_role("button", name="暂停更新")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    close(page)


def test_copy_when_pressed_then_the_id_is_on_the_clipboard(full: World, full_url: str, visit: Visit) -> None:
    context = visit(full, full_url, "admin")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{full_url}/console/events/{full.ids['event']}")
    page.locator("main .copy").first.click()
    expect(page.locator("main .copy").first).to_have_attribute("data-done", "")
    assert page.evaluate("navigator.clipboard.readText()") == full.ids["event"]
    close(page)


def test_keyboard_when_tabbing_then_skip_link_first_and_focus_is_visible(
    full: World, full_url: str, visit: Visit
) -> None:
    page = visit(full, full_url, "admin").new_page()
    page.goto(f"{full_url}/console/records/orders")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    bar = page.locator(".top").bounding_box()
    assert bar is not None
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        box = page.evaluate(
            "(() => { const b = document.activeElement.getBoundingClientRect(); return [b.top, b.bottom]; })()"
        )
        assert box[1] > bar["height"] or box[0] < bar["height"], "focus is hidden under the sticky bar"
    close(page)
