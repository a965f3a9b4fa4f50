"""The jobs of every day in a real Chromium: with forms alone and no script, and with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from hub.model.identifier import format_id, parse_id
from hub.store.database import new_id
from tests.browser.closing import close
from tests.browser.hand import Forms, Hand, Keys
from tests.browser.matching import some_pairs
from tests.browser.persons import disagree, golden_id, item_of
from tests.browser.world import PASSWORD, World, make_attempt
from tests.fixtures.hub import Rig, at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]
HANDS: dict[str, tuple[type[Forms | Keys], bool]] = {"forms": (Forms, False), "keys": (Keys, True)}


def _make_work(world: World, name: str) -> dict[str, str]:
    """A conflict, two customers who are one, and a delivery nobody knows the fate of: all of one hand's own."""
    rig = Rig(world.hub, sent=20_000 + 100 * len(name))
    disagree(rig, f"job-{name}")
    for number in (1, 2):
        customer = {"id": f"{name}-{number}", "updated_at": at(number), "full_name": f"{name} {number}"}
        rig.send("网店", "customer.updated", customer)
    rig.settle()
    return {
        "conflict": format_id("itm", item_of(world, f"job-{name}")),
        "one": golden_id(world, f"{name}-1"),
        "other": golden_id(world, f"{name}-2"),
        "delivery": _make_unknown(world, {"forms": "o40", "keys": "o41"}[name]),
    }


def _make_unknown(world: World, order: str) -> str:
    """The delivery of an order to the crm, whose answer was lost."""
    crm, target = world.hub.connections.by_name("crm").id, new_id()
    with world.hub.db.transaction() as conn:
        row = conn.execute("select rid from record where kind = 'order' and external_id = %s", (order,)).fetchone()
        assert row
        conn.execute("delete from target where owner_rid = %s", row)
        conn.execute(
            "insert into target (id, realm, connection_id, object_type, kind, owner_rid, state, error, dirty_seq, done_seq)"
            " values (%s, 'default', %s, 'order', 'order', %s, 'unknown', '{}', 2, 1)",
            (target, crm, row[0]),
        )
        make_attempt(conn, target, crm, "unknown", "{}")
    return format_id("dlv", target)


@pytest.mark.parametrize("name", HANDS)
def test_jobs_when_done_by_one_hand_then_all_are_done(full: World, full_url: str, visit: Visit, name: str) -> None:
    kind, javascript = HANDS[name]
    work = _make_work(full, name)
    page = visit(full, full_url, "", javascript=javascript).new_page()
    hand = kind(page)
    page.goto(f"{full_url}/console/login?next=/console/")
    _sign_in(hand)
    _find_event(hand)
    _pause(hand, full_url)
    _explain(hand)
    _resolve_unknown(hand, f"{full_url}/console/deliveries/{work['delivery']}")
    row = full.hub.db.one("select state from target where id = %s", (parse_id(work["delivery"])[1],))
    assert row
    assert row[0] != "unknown"
    page.context.clear_cookies()
    page.goto(f"{full_url}/console/login?next=/console/conflicts/{work['conflict']}")
    _sign_in(hand, "steward")
    _settle(hand)
    row = full.hub.db.one("select state from item where id = %s", (parse_id(work["conflict"])[1],))
    assert row == ("resolved",)
    page.goto(f"{full_url}/console/records/customers/{work['one']}")
    _merge(hand, name)
    assert golden_id(full, f"{name}-2") == golden_id(full, f"{name}-1")
    hand.press("撤销")
    expect(page.get_by_role("status")).to_contain_text("已撤销")
    assert golden_id(full, f"{name}-2") == work["other"]
    some_pairs(full, 1)
    _answer(hand, full_url)
    close(page)


def _sign_in(hand: Hand, name: str = "operator") -> None:
    """First with a wrong password: the name stays."""
    hand.type("用户名", name)
    hand.type("密码", "not the password")
    hand.press("登录")
    expect(hand.page.get_by_role("alert")).to_contain_text("用户名或密码错误")
    hand.type("密码", PASSWORD)
    hand.press("登录")


def _find_event(hand: Hand) -> None:
    """By the menu, the filter, the row."""
    hand.follow("事件", menu=True)
    hand.choose("状态", "已隔离")
    hand.press("筛选")
    expect(hand.page.locator("h1")).to_have_text("事件")
    hand.follow("evt_")
    expect(hand.page.locator("main")).to_contain_text("隔离原因")


def _pause(hand: Hand, url: str) -> None:
    page = hand.page
    page.goto(f"{url}/console/connections/crm")
    hand.unfold("暂停")
    hand.type("为什么？接手的人会看到。", "盘点")
    hand.press("暂停此连接")
    expect(page.locator("main")).to_contain_text("盘点")
    hand.press("恢复")
    expect(page.get_by_role("status")).to_contain_text("已恢复")


def _explain(hand: Hand) -> None:
    """Why has this customer that value?"""
    hand.search("#1042")
    hand.follow("金**")
    hand.unfold("为什么 性别")
    expect(hand.page.locator("#w-gender")).to_contain_text("落选")


def _resolve_unknown(hand: Hand, address: str) -> None:
    """It had arrived."""
    hand.page.goto(address)
    hand.unfold("对方已收到")
    hand.type("它在 crm 中的编号", "C-77")
    hand.press("对方已收到，不再发送")
    expect(hand.page.get_by_role("status")).to_contain_text("已记录")


def _settle(hand: Hand) -> None:
    expect(hand.page.locator("main")).to_contain_text("上次一致")
    hand.press("用 银豹")
    expect(hand.page.get_by_role("status")).to_be_visible()


def _answer(hand: Hand, url: str) -> None:
    """The next pair is not one person; that was a slip."""
    hand.page.goto(f"{url}/console/matches")
    hand.press("下一对")
    hand.press("不是")
    expect(hand.page.get_by_role("status")).to_contain_text("已记录：不是同一人")
    hand.press("撤销上一步")
    expect(hand.page.get_by_role("status")).to_contain_text("已撤销：不是同一人")


def _merge(hand: Hand, name: str) -> None:
    """Finds the other, looks at what would come of it, does it."""
    page = hand.page
    hand.follow("合并…")
    hand.type("你知道它的什么？", f"{name} 2")
    hand.press("搜索")
    hand.follow("预览结果")
    expect(page.locator("main")).to_contain_text("尚未执行")
    hand.type("理由（可选）", "same card")
    hand.press("合并")
    expect(page.get_by_role("status")).to_contain_text("已合并")
