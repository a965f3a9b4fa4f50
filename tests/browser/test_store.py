"""A store's day in the console: each figure is as long as the list behind it, and one store sees nothing of another."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest

from hub.flow import access, login
from hub.model.permission import Grant
from tests.browser.cases import MISSING
from tests.browser.client import Visitor
from tests.browser.world import PASSWORD, World

TILE = re.compile(r'<div class="tile"><b><a href="([^"]+)" title="([\d,]+)">')


@pytest.fixture(scope="module")
def clerk(full: World) -> Visitor:
    """Somebody who sees one store."""
    return _limited(full, "clerk", "s1")


def _limited(world: World, name: str, *places: str) -> Visitor:
    if name not in world.cookies:
        access.create_user(world.hub, name, (Grant("steward", "*", places),), author="test", password=PASSWORD)
        world.cookies[name] = login.log_in(world.hub, name, PASSWORD, address="127.0.0.1") or ""
    return Visitor(world, name)


def rows_behind(visitor: Visitor, path: str) -> int:
    """How many rows the list at this address has, page by page."""
    found, url = 0, path
    while url:
        text = visitor.client.get(url).text
        found += text.partition("<tbody>")[2].partition("</tbody>")[0].count("<tr>")
        older = re.search(r'rel="next" href="([^"]+)"', text)
        url = unescape(older[1]) if older else ""
    return found


@pytest.mark.parametrize("role", ["viewer", "clerk"])
def test_store_when_opened_then_each_figure_is_as_long_as_its_list(full: World, clerk: Visitor, role: str) -> None:
    visitor = clerk if role == "clerk" else Visitor(full, role)
    figures = [
        (unescape(url), int(count)) for url, count in TILE.findall(visitor.get(f"/store/{full.ids['location']}").text)
    ]
    assert [count for _url, count in figures] == [3, 2, 1, 12, 3, 11]
    for url, count in figures:
        assert rows_behind(visitor, url) == count, url


def test_store_when_states_are_named_then_they_lead_to_their_orders(full: World, clerk: Visitor) -> None:
    page = clerk.get(f"/store/{full.ids['location']}").text
    states = re.findall(r'<a href="([^"]+state=\w+)">\S+ (\d+)</a>', page)
    assert [(rows_behind(clerk, unescape(url)), int(count)) for url, count in states] == [(2, 2), (1, 1)]


def test_store_when_limited_to_one_then_there_is_no_choice(full: World, clerk: Visitor) -> None:
    answer = clerk.get("/store")
    assert (answer.status_code, answer.location) == (302, f"/console/store/{full.ids['location']}")
    assert 'href="/console/store"' in clerk.get("/").text
    assert "SH02" in Visitor(full).get("/store").text


def test_store_when_limited_to_several_then_these_and_no_others(full: World) -> None:
    listed = _limited(full, "two-stores", "s1", "s2").get("/store").text
    assert "SH02" in listed
    assert "SH03" not in listed


def test_store_when_the_id_is_of_no_location_then_says_whom_to_ask(full: World) -> None:
    answer = _limited(full, "nowhere", "s99").get("/store")
    assert answer.status_code == 200
    assert "s99" in answer.text.partition("<main")[2]


@pytest.mark.parametrize(
    "path",
    [
        "/store/{location_quiet}",
        f"/store/loc_{MISSING}",
        "/store/{order}",
        "/records/orders?store={location_quiet}",
        "/records/orders.csv?store={location_quiet}",
        "/records/locations/{location_quiet}",
        "/records/orders/{order}",
        "/records/customers/{alone}",
        "/records/customers/{alone}/cluster",
    ],
)
def test_store_when_it_is_another_one_then_it_does_not_exist(full: World, clerk: Visitor, path: str) -> None:
    assert clerk.get(path.format(**full.ids)).status_code == 404


def test_merge_when_limited_to_a_store_then_no_preview_tells_of_others(full: World, clerk: Visitor) -> None:
    for path in ("/records/customers/{customer}/merge/{alone}", "/records/customers/{alone}/merge/{customer}"):
        assert clerk.get(path.format(**full.ids)).status_code in (403, 404)


def test_records_when_they_belong_to_orders_of_the_store_then_they_are_seen(full: World, clerk: Visitor) -> None:
    for path in ("/records/refunds/{refund_in_store}", "/records/customers/{long}", "/records/locations/{location}"):
        assert clerk.get(path.format(**full.ids)).status_code == 200, path


def test_export_when_limited_then_rows_of_the_store_alone(full: World, clerk: Visitor) -> None:
    rows = list(csv.reader(io.StringIO(clerk.get("/records/orders.csv").text)))
    assert {row[1] for row in rows[1:]} == {"#1102", "#D1", "#D2", "#D3"}
    narrowed = clerk.get(f"/records/orders.csv?store={full.ids['location']}&day=today&state=cancelled").text
    assert [row[1] for row in csv.reader(io.StringIO(narrowed))][1:] == ["#D3"]


def test_search_and_timeline_when_limited_then_nothing_of_other_stores(full: World, clerk: Visitor) -> None:
    hits = clerk.post("/search", q="#1103")
    assert "#1103" not in clerk.client.get(hits.location).text.partition("<main")[2].replace('value="#1103"', "")
    line = clerk.get(f"/records/customers/{full.ids['long']}").text
    assert "#D1" in line
    assert clerk.client.get(clerk.post("/search", q="#D2").location).location.startswith("/console/records/orders/")


@pytest.mark.parametrize(
    "query", ["day=nonsense", "day=9999-12-31", "day=0001-01-01", "state=x,y", "within=today", "low=1"]
)
def test_list_when_a_filter_is_none_then_it_is_left_out(full: World, query: str) -> None:
    assert rows_behind(Visitor(full), f"/console/records/locations?{query}") == 3


def test_backups_when_postgres_is_ones_own_then_the_page_says_how_to_dump(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "tar -C" in Visitor(full).get("/system/backups").text
    monkeypatch.setenv("DATABASE_URL", full.hub.settings.database_url)
    page = Visitor(full).get("/system/backups").text
    assert "pg_dump" in page
    assert full.hub.settings.database_url not in page
