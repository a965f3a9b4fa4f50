"""Pages in a real Chromium: within their budgets, under the strict policy, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.cases import cases
from tests.browser.world import PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]

HTML_BYTES, NODES, REQUESTS = 90 * 1024, 2000, 5


def test_pages_when_loaded_then_within_budget_and_policy(full: World, full_url: str, visit: Visit) -> None:
    page = visit(full, full_url, "admin").new_page()
    said: list[str] = []
    asked: list[Request] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 -- playwright marks the handler
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
    )
    for case in cases(full):
        if case.state == "empty" or case.status != 200 or case.role != "admin":
            continue
        asked.clear()
        answer = page.goto(f"{full_url}/console{case.path}")
        assert answer is not None
        assert len(answer.body()) <= HTML_BYTES, case.name
        assert page.evaluate("document.querySelectorAll('*').length") <= NODES, case.name
        assert len(asked) <= REQUESTS, case.name
        assert all(request.url.startswith(full_url) for request in asked), case.name
    page.close()
    assert said == []


def test_headings_when_read_aloud_then_one_first_heading_equals_the_title(
    full: World, full_url: str, visit: Visit
) -> None:
    page = visit(full, full_url, "admin").new_page()
    for case in cases(full):
        if case.state == "empty" or case.role not in ("admin", ""):
            continue
        page.goto(f"{full_url}/console{case.path}")
        assert page.locator("h1").count() == 1, case.name
        heading = page.locator("h1").inner_text().strip()
        assert page.title().endswith("Retail Hub")
        assert heading in page.title() or case.endpoint == "show_login", case.name
    page.close()


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


@pytest.mark.parametrize("width", [320, 1001])
def test_width_when_narrow_then_no_page_scrolls_sideways(full: World, full_url: str, visit: Visit, width: int) -> None:
    page = visit(full, full_url, "admin").new_page()
    page.set_viewport_size({"width": width, "height": 800})
    wide = []
    for case in cases(full):
        if case.state == "empty" or case.role != "admin":
            continue
        page.goto(f"{full_url}/console{case.path}", wait_until="domcontentloaded")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(case.name)
    page.close()
    assert wide == []
