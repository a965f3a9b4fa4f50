"""Jobs done in a real Chromium, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]


def _sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/console/events?status=quarantined")
    page.get_by_label("用户名").fill("operator")
    page.get_by_label("密码").fill("not the password")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码错误")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def test_jobs_when_javascript_is_off_then_all_are_done_with_forms(full: World, full_url: str, visit: Visit) -> None:
    page = visit(full, full_url, "", javascript=False).new_page()
    _sign_in(page, full_url)
    # The page asked for before the sign-in; from the list to one event and why it stands aside.
    expect(page.locator("h1")).to_have_text("事件")
    page.locator("main tbody a").first.click()
    expect(page.locator("main")).to_contain_text("隔离原因")
    # Pause a connection, and let it go on.
    page.goto(f"{full_url}/console/connections/crm")
    page.locator("summary", has_text="暂停").click()
    page.get_by_label("为什么？接手的人会看到。").fill("盘点")
    page.get_by_role("button", name="暂停此连接").click()
    expect(page.locator("main")).to_contain_text("盘点")
    page.get_by_role("button", name="恢复", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已恢复")
    # An unknown delivery: it had arrived.
    page.goto(f"{full_url}/console/deliveries/{full.ids['delivery_unknown']}")
    page.locator("summary", has_text="对方已收到").click()
    page.get_by_label("它在 crm 中的编号").fill("C-77")
    page.get_by_role("button", name="对方已收到，不再发送").click()
    expect(page.get_by_role("status")).to_contain_text("已记录")
    # Why has this customer that value?
    page.get_by_role("search").get_by_label("搜索").fill("#1042")
    page.get_by_role("button", name="搜索").click()
    page.locator("main a", has_text="金**").first.click()
    page.locator("#w-gender summary").click()
    expect(page.locator("#w-gender")).to_contain_text("落选")
    page.close()


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
    page.close()


def test_copy_when_pressed_then_the_id_is_on_the_clipboard(full: World, full_url: str, visit: Visit) -> None:
    context = visit(full, full_url, "admin")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{full_url}/console/events/{full.ids['event']}")
    page.locator("main .copy").first.click()
    expect(page.locator("main .copy").first).to_have_attribute("data-done", "")
    assert page.evaluate("navigator.clipboard.readText()") == full.ids["event"]
    page.close()


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
    page.close()
