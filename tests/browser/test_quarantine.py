"""The quarantine as an operator sees it: all that is wrong, what waits, trying, running again, and what came of it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from hub.flow import access, login, quarantine
from hub.model.identifier import format_id
from hub.model.permission import Grant
from hub.store import rerun
from hub.store.rerun import Which
from tests.browser.client import Visitor
from tests.browser.statements import statements
from tests.browser.test_persons import MOST_STATEMENTS
from tests.browser.world import PASSWORD, World
from tests.fixtures.hub import at
from tests.fixtures.market import Market, MarketRig


def words(page: str) -> str:
    """The main part of a page as words."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2])))


@pytest.fixture
def operator(market: MarketRig) -> Visitor:
    """Somebody who operates the market and may see payloads masked; three orders and a customer are wrong."""
    access.create_user(market.hub, "ann", (Grant("operator"),), author="test", password=PASSWORD)
    cookie = login.log_in(market.hub, "ann", PASSWORD, address="127.0.0.1")
    assert cookie
    for number in range(3):
        strange = {"amount": "ten", "currency": "XXQ"}
        market.put("orders", market.order(f"o{number}", placed_at="yesterday", totals={"total": strange}))
    money = {"amount": "10.00", "currency": "CNY"}
    market.put("payments", {"id": "y1", "updated_at": at(1), "order": "o2", "amount": money, "state": "captured"})
    market.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "boom"})
    market.settle()
    return Visitor(World(market.hub, cookies={"ann": cookie}), "ann")


def newest(market: MarketRig, cause: str | None = None) -> str:
    found = rerun.ids_of(market.hub.db, Which(cause=cause))
    return format_id("evt", found[-1])


def about(market: MarketRig, external_id: str) -> str:
    """The quarantined event about that record: ids of one millisecond are in no order."""
    for id_ in rerun.ids_of(market.hub.db, Which()):
        found = quarantine.about(market.hub, id_)
        if found and found[0].external_id == external_id:
            return format_id("evt", id_)
    raise LookupError(external_id)


def test_cause_when_opened_then_all_that_is_wrong_what_waits_and_the_lines_of_the_mapping(
    market: MarketRig, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = words(operator.get("/quarantine").text)
    assert "映射出错" in page
    order = about(market, "o2")
    shown = operator.get(f"/quarantine/{order}").text
    page = words(shown)
    assert "bad_time" in page
    assert "data.totals.total" in page
    assert "all.yaml:" in page
    assert "y1" in page
    assert "/mappings/bazaar/orders?event=" in shown
    # Also where something waits for its record.
    with statements(monkeypatch) as asked:
        operator.get(f"/quarantine/{order}")
    assert len(asked) <= MOST_STATEMENTS, asked


def test_events_when_tried_fixed_and_run_again_then_the_page_says_what_came_of_them(
    market: MarketRig, operator: Visitor
) -> None:
    event = newest(market, "crash")
    tried = words(operator.post(f"/quarantine/{event}/rehearse").text)
    assert "试运行 1 个事件" in tried
    market.module.is_mended = True
    operator.post("/quarantine/run-again", group=event)
    market.settle()
    page = words(operator.get("/quarantine").text)
    assert "重新处理的结果" in page
    assert "映射出错" not in page
    assert len(market.goldens("customer")) == 1
    assert operator.post("/quarantine/run-again").status_code == 400
    assert len(market.quarantined()) == 3
    assert "试运行 3 个事件" in words(operator.post("/quarantine/rehearse", connection="bazaar").text)
    operator.post("/quarantine/run-again", connection="bazaar")
    market.settle()
    (result, *_) = rerun.results(market.hub.db, None)
    assert (result.events, result.returned) == (3, 3)


def test_event_when_its_record_can_be_read_singly_then_fetched_anew_by_a_button(
    market: MarketRig, operator: Visitor
) -> None:
    event = newest(market, "crash")
    assert "重新读取" in operator.get(f"/quarantine/{event}").text
    Market.shelf["c1"] = {"id": "c1", "updated_at": at(1), "full_name": "Li Lei"}
    answer = operator.post(f"/quarantine/{event}/fetch")
    assert "/events/evt_" in answer.location
    market.settle()
    assert [golden["full_name"] for golden in market.goldens("customer")] == ["Li Lei"]
