"""Events, quarantine, parked records and deliveries: what the pages say and what the buttons do."""

from __future__ import annotations

import re
from html import unescape

import pytest

from hub.console.mapping_file import excerpt
from hub.console.payload import difference, sniff
from hub.flow import audit
from hub.model.identifier import format_id, parse_id
from hub.store import inbox
from tests.browser.client import Visitor
from tests.browser.world import CANARIES, CANARY_NAME, World


def text_of(page: str) -> str:
    """The main part of a page as words."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2])))


def event_of(world: World, kind: str, external_id: str) -> str:
    row = world.hub.db.one(
        "select last_event from record where kind = %s and external_id = %s and state = 1", (kind, external_id)
    )
    assert row
    return format_id("evt", row[0])


def test_event_when_each_part_is_opened_then_it_is_there_and_masked(full: World) -> None:
    visitor = Visitor(full)
    path = f"/events/{full.ids['event']}"
    expected = {
        "raw": "JSON",
        "headers": "请求头",
        "canonical": "#1042",
        "difference": "更早事件",
        "processings": "规则处理",
    }
    for tab, words in expected.items():
        page = visitor.get(f"{path}?tab={tab}").text
        assert words in text_of(page), tab
        assert not [canary for canary in CANARIES if canary in page], tab


def test_event_when_replayed_for_a_look_then_nothing_changes_and_nothing_is_sent(full: World) -> None:
    visitor = Visitor(full, "operator")
    before = full.hub.db.one("select (select count(*) from change), (select sum(dirty_seq) from target)")
    page = visitor.post(f"/events/{full.ids['event']}/replay", dry_run="1")
    assert page.status_code == 200
    assert "没有改变" in text_of(page.text)
    assert full.hub.db.one("select (select count(*) from change), (select sum(dirty_seq) from target)") == before
    assert Visitor(full, "auditor").post(f"/events/{full.ids['event']}/replay", dry_run="1").status_code == 403


def test_event_when_replayed_then_it_waits_again_and_the_trail_says_who_and_why(full: World) -> None:
    visitor = Visitor(full, "operator")
    id_ = event_of(full, "product", "p1")
    assert visitor.post(f"/events/{id_}/replay", reason="new mapping").status_code == 303
    assert full.hub.db.one("select state from event_work where id = %s", (parse_id(id_)[1],)) == (0,)
    assert "new mapping" in text_of(visitor.get(f"/events/{id_}?tab=processings").text)
    assert "已在等待" in visitor.client.get(visitor.post(f"/events/{id_}/replay").location).text
    # It is done again, and booked: the books of this world have to balance for the others.
    full.hub.db.run(lambda conn: inbox.finish(conn, [parse_id(id_)[1]]))


def test_event_when_its_body_is_taken_away_then_as_a_file_with_a_reason(full: World) -> None:
    path = f"/events/{full.ids['quarantined']}/download"
    answer = Visitor(full, "admin").post(path, reason="the vendor asks")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert CANARY_NAME.encode() in answer.data or b"full_name" in answer.data
    assert audit.recent(full.hub, act="payload.read", limit=1)[0].reason == "the vendor asks"
    assert Visitor(full, "admin").post(path).status_code == 403
    assert Visitor(full, "operator").post(path, reason="x").status_code == 403


def test_difference_when_two_phones_look_alike_masked_then_it_is_still_found() -> None:
    before = b'{"phone": "13812345678", "n": 1, "gone": true, "tags": ["a"]}'
    after = b'{"phone": "13899995678", "n": 1, "tags": ["a", "b"]}'
    found = difference(before, after, is_masked=True)
    assert found is not None
    assert [line.path for line in found] == ["phone", "gone", "tags[1]"]
    assert "138999" not in str(found)
    assert difference(b"<xml/>", after, is_masked=True) is None


@pytest.mark.parametrize(
    ("body", "sort"),
    [
        (b"\x1f\x8b\x08", "gzip"),
        (b"<?xml version", "XML"),
        (b"\x00\xff\xfe\x01" * 9, "二进制"),
        ("你好".encode(), "文本"),
    ],
)
def test_sniff_when_a_body_is_no_json_then_its_sort(full: World, body: bytes, sort: str) -> None:
    client = Visitor(full).client
    with client.application.test_request_context(), client.application.app_context():
        from flask import g

        g.language = "zh"
        assert sort in sniff(body)


def test_quarantine_when_a_cause_is_opened_then_its_events_and_a_rehearsal(full: World) -> None:
    visitor = Visitor(full, "operator")
    path = f"/quarantine/{full.ids['quarantined']}"
    page = visitor.get(path).text
    assert full.ids["quarantined"][:14] in page
    assert "missing_field" in page
    rehearsed = text_of(visitor.post(f"{path}/rehearse").text)
    assert "试运行 1 个事件" in rehearsed
    assert full.hub.db.one("select count(*) from event_work where state = 1") == (1,)
    assert Visitor(full, "steward").post(f"{path}/rehearse").status_code == 403


def test_quarantine_when_discarded_without_a_reason_then_refused(full: World) -> None:
    visitor = Visitor(full, "operator")
    answer = visitor.post("/quarantine/discard", event=full.ids["quarantined"])
    assert "请说明依据" in visitor.client.get(answer.location).text
    assert full.hub.db.one("select count(*) from event_work where state = 1") == (1,)


def test_parked_when_its_parent_will_not_come_then_released_for_good(full: World) -> None:
    visitor = Visitor(full, "operator")
    page = visitor.get("/parked").text
    assert "nowhere" in page
    (rid,) = full.hub.db.one("select rid from record where parked") or ("",)
    id_ = format_id("rec", rid)
    without = visitor.post(f"/parked/{id_}/release")
    assert "请说明依据" in visitor.client.get(without.location).text
    cannot = visitor.post(f"/parked/{id_}/fetch")
    assert "cannot be read" in visitor.client.get(cannot.location).text
    with full.hub.db.transaction() as conn:
        visitor.post(f"/parked/{id_}/release", reason="paid by mistake")
        conn.execute("select 1")
    assert full.hub.db.one("select parked, orphan from record where rid = %s", (rid,)) == (False, True)
    assert audit.recent(full.hub, act="record.released", limit=1)[0].reason == "paid by mistake"
    full.hub.db.execute("update record set parked = true, parked_at = now(), orphan = false where rid = %s", (rid,))


def test_delivery_when_unknown_then_the_list_itself_has_the_buttons_and_a_reason_is_needed(full: World) -> None:
    visitor = Visitor(full, "operator")
    page = visitor.get("/deliveries?tab=unknown").text
    for words in ("对方", "意图", "可查询", "放弃"):
        assert words in page or words in text_of(page), words
    path = f"/deliveries/{full.ids['delivery_unknown']}"
    assert f'action="/console{path}/retry"' in page
    refused = visitor.post(f"{path}/retry")
    assert "请说明依据" in visitor.client.get(refused.location).text
    assert full.hub.db.one("select state from target where id = %s", (parse_id(path.split("/")[2])[1],)) == ("unknown",)
    assert "可查询" in text_of(visitor.get(path).text)


def test_delivery_when_it_was_decided_on_then_who_and_why_stand_on_its_page(full: World) -> None:
    visitor = Visitor(full, "operator")
    path = f"/deliveries/{full.ids['delivery_waiting']}"
    visitor.post(f"{path}/discard", reason="sent by hand")
    page = text_of(visitor.get(path).text)
    assert "sent by hand" in page
    assert "operator" in page.partition("处理记录")[2]


def test_mapping_when_a_problem_names_its_line_then_the_lines_around_it_and_nothing_else(full: World) -> None:
    with Visitor(full).client.application.app_context():
        lines = excerpt("shopify/orders.yaml:6")
        assert [number for number, _text, is_it in lines if is_it] == [6]
        assert len(lines) == 11
        for wrong in ("../setup.cfg:1", "shopify/../../setup.cfg:1", "shopify/orders.yaml:x", "nothing.yaml:1", ""):
            assert excerpt(wrong) == []
