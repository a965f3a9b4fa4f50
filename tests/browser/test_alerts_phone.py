"""Dealing with an alert on a phone: every act within reach of a thumb, without JavaScript too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from hub.flow import alert
from hub.model.identifier import format_id
from tests.browser.closing import close
from tests.browser.world import World

PHONE = {"width": 390, "height": 844}
THUMB_PX = 44


@pytest.mark.parametrize("javascript", [True, False])
def test_alert_when_dealt_with_on_a_phone_then_every_act_works(
    full: World, full_url: str, visit: Callable[..., BrowserContext], javascript: bool
) -> None:
    found = alert.raise_alert(full.hub, "unknown", f"phone:{javascript}", severity=2, connection_id=1)
    path = f"{full_url}/console/alerts/{format_id('alr', found)}"
    page = visit(full, full_url, "operator", javascript=javascript).new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    try:
        page.goto(f"{full_url}/console/alerts")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for control in page.locator("main .acts > form button, main .acts > details > summary, main a.button").all():
            box = control.bounding_box()
            assert box, control
            assert box["height"] >= THUMB_PX, control.inner_text()
        page.get_by_role("button", name="我来处理").click()
        assert "operator" in page.inner_text("main")
        page.get_by_text("指派给").click()
        page.select_option("#owner", "steward")
        page.get_by_role("button", name="指派", exact=True).click()
        assert "steward" in page.inner_text("main")
        page.locator("main a.button.primary").click()
        assert "tab=unknown" in page.url
        page.goto(path)
        page.get_by_role("button", name="搁置 1 小时").click()
        assert "搁置到" in page.inner_text("main")
        page.locator(".acts summary", has_text="关闭").click()
        page.locator(".acts details[open] input[type=text], .acts details[open] input:not([type])").fill("known")
        page.locator(".acts details[open] button").click()
        assert "由人关闭" in page.inner_text("main")
    finally:
        close(page)
