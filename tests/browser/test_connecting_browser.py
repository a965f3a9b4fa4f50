"""From nothing to a live shop in a real Chromium, by forms alone, against the simulated shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page, expect

from connectors.shopify.simulator import ShopifySimulator
from connectors.zoho.simulator import ZohoSimulator
from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey
from hub.flow import golive, poll
from hub.flow.configure import Wish, connect
from tests.browser.closing import close
from tests.browser.conftest import _served, _world
from tests.browser.hand import Forms, Hand, Keys
from tests.browser.tour import ALL_RULES, run_axe
from tests.browser.world import World, make_users
from tests.connectors.zoho_shared import CLIENT_ID, CLIENT_SECRET, REFRESH
from tests.fixtures.hub import Rig

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., BrowserContext]


@pytest.fixture
def first_day(
    postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, str]]:
    """A hub of its own, and where it is served."""
    with _world(postgres, valkey, tmp_path_factory.mktemp("first"), "console_first") as world:
        make_users(world)
        with _served(world) as url:
            yield world, url


@pytest.fixture
def shop() -> Iterator[ShopifySimulator]:
    """A shop that had a day already."""
    with ShopifySimulator() as simulator:
        simulator.play(7, customers=8, orders=6)
        yield simulator


def work(world: World) -> None:
    """What the workers do: read, process, move phases on."""
    poll.run_due(world.hub)
    Rig(world.hub).settle()
    golive.advance(world.hub)
    golive.advance(world.hub)


@pytest.mark.parametrize(("kind", "javascript"), [(Forms, False), (Keys, True)], ids=["forms alone", "keys alone"])
def test_shop_when_connected_in_five_steps_then_live_and_its_records_are_here(
    first_day: tuple[World, str], shop: ShopifySimulator, visit: Visit, kind: type[Forms | Keys], *, javascript: bool
) -> None:
    world, url = first_day
    page = visit(world, url, "admin", javascript=javascript).new_page()
    hand = kind(page)
    page.goto(f"{url}/console/connections")
    hand.follow("接入系统")
    hand.follow("接入 Shopify 网店")
    _prepare(hand)
    _check(hand, shop)
    _choose(hand)
    hand.press("继续：首次拉取")
    assert world.hub.connections.by_name("pudong").phase == "off"
    _try(hand, world)
    hand.press("开始读取")
    expect(page.locator("main")).to_contain_text("等待工作进程")
    work(world)
    page.goto(page.url)
    expect(page.locator("main")).to_contain_text("pudong 已上线")
    hand.press("完成")
    expect(page.get_by_role("status")).to_contain_text("pudong 已接入")
    page.goto(f"{url}/console/connections/pudong/streams")
    assert page.locator("main tbody tr", has_text="customers").first.locator("text=完整").count() >= 1
    assert world.hub.db.one("select count(*) > 3 from golden where kind = 'customer'") == (True,)
    close(page)


def test_crm_when_connected_both_ways_then_a_plan_is_looked_at_before_anything_is_written(
    first_day: tuple[World, str], shop: ShopifySimulator, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, url = first_day
    monkeypatch.setattr("hub.store.plan.FEW", 2)
    _connect_shop(world, shop)
    with ZohoSimulator() as zoho:
        zoho.crm.add(Last_Name="王", First_Name="小明", Email="nobody.else@example.com")
        page = visit(world, url, "admin").new_page()
        page.goto(f"{url}/console/connections/new")
        page.get_by_role("link", name="接入 Zoho CRM").click()
        page.get_by_label("名称", exact=True).fill("crm")
        page.get_by_role("button", name="继续").click()
        _check_zoho(page, zoho)
        page.get_by_label("顾客", exact=False).select_option("both")
        page.get_by_role("button", name="保存并继续").click()
        page.get_by_role("button", name="继续：首次拉取").click()
        expect(page.locator("main")).to_contain_text("写入之前要整体比较")
        page.get_by_role("button", name="试 20 条 contacts").click()
        expect(page.locator("main")).to_contain_text("full_name")
        page.evaluate(AXE_SCRIPT)
        assert run_axe(page, ALL_RULES) == []
        page.get_by_role("button", name="开始读取").click()
        work(world)
        page.goto(page.url)
        expect(page.locator("main")).to_contain_text("上线将带来的变化")
        before = zoho.crm.contacts.copy()
        assert len(before) == 1
        page.get_by_role("link", name="样例（前后对比）").click()
        expect(page.locator("main")).to_contain_text("将变为")
        page.evaluate(AXE_SCRIPT)
        assert run_axe(page, ALL_RULES) == []
        page.go_back()
        page.get_by_role("button", name="上线", exact=True).click()
        expect(page.locator("main")).to_contain_text("crm 已上线")
        page.get_by_role("button", name="完成").click()
        close(page)
    assert world.hub.connections.by_name("crm").phase == "live"
    (held,) = world.hub.db.all("select counts, state from plan where cause = 'golive' order by id desc limit 1")
    due = world.hub.db.one("select count(*) from target where plan_id is null and dirty_seq > done_seq")
    assert held[1] == "released"
    assert due == (held[0]["create"] + held[0]["update"],)


def _connect_shop(world: World, shop: ShopifySimulator) -> None:
    config = {"shop": shop.shop.domain, "base_url": shop.url}
    secrets = {"secret": ["hush"], "access_token": [shop.token]}
    connect(world.hub, Wish("pudong", "shopify", config=config, secrets=secrets, flows={"customer": "in"}), "test")
    work(world)


def _check_zoho(page: Page, zoho: ZohoSimulator) -> None:
    page.get_by_label("data_centre").select_option("cn")
    page.get_by_label("client_id").fill(CLIENT_ID)
    page.get_by_label("client_secret").fill(CLIENT_SECRET)
    page.get_by_label("refresh_token").fill(REFRESH)
    page.get_by_label("base_url").fill(zoho.url)
    page.get_by_role("button", name="检查并保存").click()
    expect(page.locator("main")).to_contain_text("已连接")
    assert REFRESH not in page.content()
    page.get_by_role("link", name="继续：数据流").click()


def _prepare(hand: Hand) -> None:
    expect(hand.page.locator("main")).to_contain_text("demo.myshopify.com")
    hand.type("名称", "pudong")
    hand.press("继续")


def _check(hand: Hand, shop: ShopifySimulator) -> None:
    """First with a wrong token, then with the right one."""
    page = hand.page
    hand.type("secret", "hush")
    hand.type("access_token", "shpat_wrong_token")
    hand.type("shop", shop.shop.domain)
    hand.type("base_url", shop.url)
    hand.press("检查并保存")
    expect(page.locator("main")).to_contain_text("未连通")
    hand.type("access_token", shop.token)
    hand.press("检查并保存")
    expect(page.locator("main")).to_contain_text("已连接")
    expect(page.locator("main")).to_contain_text("Asia/Shanghai")
    assert shop.token not in page.content()
    hand.follow("继续：数据流")


def _choose(hand: Hand) -> None:
    main = hand.page.locator("main")
    expect(main).to_contain_text("policies/customer.yaml")
    hand.choose("顾客", "入")
    hand.press("保存并继续")
    expect(main).to_contain_text("https://hub.example/webhooks/pudong")
    expect(main).to_contain_text("正在等待第一条通知")


def _try(hand: Hand, world: World) -> None:
    hand.press("试 20 条 customers")
    expect(hand.page.locator("#tried")).to_contain_text("customers")
    expect(hand.page.locator("main")).to_contain_text("full_name")
    assert world.hub.db.one("select count(*) from event") == (0,)
