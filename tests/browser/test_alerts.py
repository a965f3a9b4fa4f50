"""What the first screen and the alerts say, and what people do there."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import psycopg
import pytest

from hub.flow import alert
from hub.flow.alert_say import say
from hub.model.identifier import format_id
from hub.store import alert as store
from tests.browser.client import Visitor
from tests.browser.world import World
from tests.fixtures.command import runner


def text_of(page: str) -> str:
    """The main part of a page as words."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2])))


def links_of(page: str) -> list[str]:
    """Where the alerts of the first screen lead."""
    block = page.partition('id="live"')[2].partition('class="equation"')[0]
    return [unescape(url) for url in re.findall(r'href="([^"]+)"', block)]


def test_overview_when_things_are_wrong_then_the_worst_five_lead_to_where_the_button_is(full: World) -> None:
    visitor = Visitor(full)
    page = visitor.get("/").text
    words = text_of(page)
    assert words.index("结果不明") < words.index("死信")
    assert len(re.findall(r'class="note [a-z]+ todo"', page)) <= 5
    unknown = next(url for url in links_of(page) if "tab=unknown" in url)
    assert "dlv_" in visitor.client.get(unknown).text
    for url in links_of(page):
        assert visitor.client.get(url).status_code == 200, url


def test_overview_when_a_viewer_looks_then_no_links_that_are_refused(full: World) -> None:
    page = Visitor(full, "viewer").get("/").text
    assert "结果不明" in page
    assert links_of(page) == []


def test_overview_when_asked_for_then_at_most_eight_statements(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/", "/alerts", f"/alerts/{full.ids['alert']}"):
        assert statements(full, path, monkeypatch) <= 8, path


def statements(world: World, path: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many statements a page sends to the database, the session's look-up included."""
    visitor = Visitor(world)
    visitor.get(path)
    sent: list[str] = []
    execute = psycopg.Connection.execute

    def counted(self: Any, query: Any, *args: Any, **more: Any) -> Any:
        # The pool asks a connection whether it lives by sending nothing.
        sent.extend([str(query)] if str(query) else [])
        return execute(self, query, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "execute", counted)
        assert visitor.get(path).status_code == 200
    return len(sent)


def test_alert_when_taken_assigned_snoozed_and_closed_then_each_is_seen(full: World) -> None:
    visitor = Visitor(full, "operator")
    found = alert.raise_alert(full.hub, "told", "to be dealt with", data={"text": "for the test"})
    path = f"/alerts/{format_id('alr', found)}"
    assert visitor.post(f"{path}/acknowledge").status_code == 303
    assert "operator" in text_of(visitor.get(path).text)
    visitor.post(f"{path}/assign", owner="steward")
    assert "steward" in text_of(visitor.get(path).text)
    visitor.post(f"{path}/snooze", duration="1h")
    assert "told" in visitor.get("/alerts?tab=snoozed").text
    visitor.post(f"{path}/close", reason="was nothing")
    page = text_of(visitor.get(path).text)
    assert "was nothing" in page
    assert "由人关闭" in page
    again = visitor.post(f"{path}/acknowledge")
    assert "closed already" in visitor.client.get(again.location).text


def test_alerts_when_read_in_the_console_and_by_command_then_the_same_words(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = runner(full.hub.settings, monkeypatch)
    with full.hub.db.session() as conn:
        rows = store.list_alerts(conn)
    listed = {one["id"]: one for one in json.loads(asked("alerts", "--json").stdout)}
    visitor = Visitor(full, "admin-en")
    assert len(rows) > 5
    for row in rows:
        id_, said = format_id("alr", row.id), say(row, kinds=full.hub.registry.kinds)
        words = (said.title, said.meaning, said.step)
        by_command = listed[id_]
        assert (by_command["title"], by_command["meaning"], by_command["next_step"]) == words
        page = unescape(visitor.get(f"/alerts/{id_}").text)
        assert all(text[:100] in page for text in words)


def test_alert_when_all_is_well_then_the_last_one_closed_is_named(empty: World) -> None:
    found = alert.raise_alert(empty.hub, "disk", "disk", data={"percent": 93, "free_mb": 900})
    with empty.hub.db.transaction() as conn:
        store.close_cause(conn, "disk")
    page = text_of(Visitor(empty).get("/alerts").text)
    assert "没有未处理的告警" in page
    assert "磁盘已用 93%" in page
    with empty.hub.db.transaction() as conn:
        conn.execute("delete from alert where id = %s", (found,))


def test_overview_when_nobody_looks_for_faults_then_it_says_so(empty: World) -> None:
    alert.look(empty.hub)
    with empty.hub.db.transaction() as conn:
        conn.execute("update setting set updated_at = now() - interval '2 minutes' where key = 'alerts_looked'")
    assert "调度器未运行" in Visitor(empty).get("/").text
    with empty.hub.db.transaction() as conn:
        conn.execute("delete from setting where key = 'alerts_looked'")
        conn.execute("delete from alert")
