"""Drift in the console: what the pages say in either language, and that a decision does what it says."""

from __future__ import annotations

from html import unescape

from hub.flow import audit
from hub.model.identifier import parse_id
from hub.store import drift
from tests.browser.client import Visitor
from tests.browser.test_pages import text_of
from tests.browser.world import World


def test_drift_when_listed_then_each_change_is_named_and_the_menu_counts_the_open_ones(full: World) -> None:
    page = Visitor(full).get("/drift").text
    words = text_of(page)
    for word in ("新取值", "新字段", "字段消失", "类型改变", "突然变空", "data.gender", "写入等待中"):
        assert word in words
    assert "结构变化" in page.partition("<main")[0]
    english = text_of(Visitor(full, "admin-en").get("/drift").text)
    for word in ("New value", "Turned empty", "writes wait"):
        assert word in english


def test_drift_when_none_then_the_page_says_what_would_be_there(empty: World) -> None:
    assert "最初一百个事件" in text_of(Visitor(empty).get("/drift").text)
    assert "没有符合筛选的内容" in Visitor(empty).get("/drift?state=accepted").text


def test_drift_when_shown_then_values_field_and_the_line_to_add(full: World) -> None:
    page = text_of(Visitor(full).get(f"/drift/{full.ids['drift']}").text)
    for word in ("female", "customer.gender", "lookup:"):
        assert word in page
    assert "138" not in text_of(Visitor(full).get(f"/drift/{full.ids['drift_new']}").text).partition("值")[2][:40]
    assert "等待有人决定" in text_of(Visitor(full).get(f"/drift/{full.ids['drift_null']}").text)


def test_drift_when_a_release_took_it_up_then_the_page_names_it_instead_of_a_line_to_add(full: World) -> None:
    found = full.hub.db.run(lambda conn: drift.read(conn, parse_id(full.ids["drift_mapped"])[1]))
    assert found is not None
    number = found.mapped_in
    page = Visitor(full).get(f"/drift/{full.ids['drift_mapped']}").text
    assert f"自版本 {number} 起已映射" in text_of(page)
    assert "要添加的行" not in page
    assert f"Mapped since release {number}." in text_of(
        Visitor(full, "admin-en").get(f"/drift/{full.ids['drift_mapped']}").text
    )
    accepted = text_of(Visitor(full, "admin-en").get(f"/drift/{full.ids['drift_decided']}").text)
    assert "When a release with it is in force, this closes by itself." in accepted
    assert "FIELD: {path: gift_wrap}" in accepted
    assert "Mapped since" not in accepted


def test_drift_when_decided_then_it_is_so_with_its_reason_and_can_be_taken_back(full: World) -> None:
    path = f"/drift/{full.ids['drift_new']}"
    assert Visitor(full, "operator").post(f"{path}/decide", decision="accept").status_code == 403
    visitor = Visitor(full)
    assert visitor.post(f"{path}/decide", decision="nonsense").status_code == 400
    answer = visitor.post(f"{path}/decide", decision="ignore", reason="not ours")
    assert "已忽略" in visitor.client.get(answer.location).text
    row = audit.recent(full.hub, act="drift.ignored", limit=1)[0]
    assert (row.object, row.reason) == (full.ids["drift_new"], "not ours")
    again = visitor.post(f"{path}/decide", decision="accept")
    assert "is ignored" in unescape(visitor.client.get(again.location).text)
    visitor.post(f"{path}/decide", decision="reopen")
    found = full.hub.db.run(lambda conn: drift.read(conn, parse_id(full.ids["drift_new"])[1]))
    assert found is not None
    assert found.state == "over"
