"""What stays on the screen when somebody goes, or is sent away: nothing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.flow import access, login
from hub.model.permission import Grant
from tests.browser.conftest import launch
from tests.browser.world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
KEEPS = "addEventListener('pageshow', event => { window.wasKept = event.persisted; })"


@pytest.fixture(scope="module")
def keeping(browser: Browser) -> Iterator[Browser]:
    """A Chromium that keeps whole pages for the way back, as those of readers do."""
    found = launch(browser.browser_type, keeps_pages=True)
    yield found
    found.close()


def _enter(world: World, browser: Browser, url: str, name: str, role: str) -> Page:
    access.create_user(world.hub, name, (Grant(role),), author="test", password=PASSWORD)
    cookie = login.log_in(world.hub, name, PASSWORD, address="127.0.0.1")
    assert cookie
    context = browser.new_context(locale="zh-CN")
    context.add_cookies(
        [{"name": "hub_session", "value": cookie, "domain": urlsplit(url).hostname, "path": "/console"}]
    )
    page = context.new_page()
    page.add_init_script(KEEPS)
    return page


def test_back_when_signed_out_then_the_sign_in_and_nothing_of_the_page(
    full: World, full_url: str, keeping: Browser
) -> None:
    page = _enter(full, keeping, full_url, "leaves", "steward")
    address = f"{full_url}/console/records/customers/{full.ids['customer']}"
    page.goto(address)
    title = page.locator("h1").inner_text()
    page.goto(f"{full_url}/console/profile")
    page.locator(".who summary").click()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("密码")).to_be_visible()
    for _ in range(2):
        page.go_back()
        expect(page.get_by_label("密码")).to_be_visible()
        assert title not in page.content()
        assert full.ids["customer"] not in page.locator("main").inner_text()
    page.context.close()


def test_back_when_a_page_may_be_kept_then_this_browser_keeps_it(full_url: str, keeping: Browser) -> None:
    """Else the test above proves nothing."""
    page = keeping.new_context().new_page()
    page.add_init_script(KEEPS)
    page.route("**/kept/*", lambda route: route.fulfill(body="<!doctype html><p>kept", content_type="text/html"))
    page.goto(f"{full_url}/kept/one")
    page.goto(f"{full_url}/kept/two")
    page.go_back(wait_until="commit")
    page.wait_for_function("window.wasKept === true")
    page.context.close()


def test_session_when_revoked_then_the_next_click_leads_to_the_sign_in_and_back_again(
    full: World, full_url: str, browser: Browser
) -> None:
    page = _enter(full, browser, full_url, "ousted", "operator")
    page.add_init_script("const wait = setInterval; setInterval = (work, ms) => wait(work, ms / 20)")
    page.goto(f"{full_url}/console/")
    access.end_sessions(full.hub, "ousted", author="test")
    expect(page.locator("#live")).to_have_class("stale")
    page.locator("body > nav.menu").get_by_role("link", name="事件").click()
    expect(page.get_by_label("密码")).to_be_visible()
    page.get_by_label("用户名").fill("ousted")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("h1")).to_have_text("事件")
    page.context.close()


def test_single_keys_when_nobody_asked_for_them_then_they_do_nothing(
    full: World, full_url: str, browser: Browser
) -> None:
    """They are in the way of screen readers and voice control (WCAG 2.1.4)."""
    page = _enter(full, browser, full_url, "types", "operator")
    page.goto(f"{full_url}/console/connections")
    for key in ("/", "g", "e", "j", "?"):
        page.keyboard.press(key)
    assert page.evaluate("[document.activeElement.tagName, !!document.querySelector('dialog')?.open]") == [
        "BODY",
        False,
    ]
    assert page.url.endswith("/connections")
    page.goto(f"{full_url}/console/profile")
    page.get_by_label("单键快捷键").check()
    page.get_by_role("button", name="保存").click()
    page.goto(f"{full_url}/console/connections")
    page.keyboard.press("?")
    assert page.evaluate("document.querySelector('dialog').open")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("x")
    assert page.locator("#q").input_value() == "x", "a key that is typed is no short cut"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.locator("h1")).to_have_text("事件")
    page.context.close()
