"""What the pages say and do, asked without a browser."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

from werkzeug.test import TestResponse

from hub.console.pages import ROUTES
from hub.flow import audit
from hub.model.identifier import format_id, parse_id
from tests.browser.cases import cases, path_of
from tests.browser.client import Visitor
from tests.browser.world import CANARIES, CANARY_MAIL, CANARY_NAME, CANARY_PHONE, ROLES, World


def text_of(page: str) -> str:
    """The main part of a page as words."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2])))


def test_personal_data_when_any_role_crawls_then_no_canary_is_seen(full: World) -> None:
    """Every page and every file."""
    own = {f"/records/customers/{full.ids['customer']}", "/records/customers"}
    files = {path_of(route, full) for route in ROUTES if route.rule.endswith(".csv")} | {"/records/customers.csv"}
    for role in ROLES:
        visitor = Visitor(full, role)
        for path in sorted({case.path for case in cases(full)} | own | files):
            page = visitor.get(path)
            seen = _canaries(page)
            assert not seen, f"{role} {path} shows {seen}"


def _canaries(page: TestResponse) -> list[str]:
    """Those in clear in the text of an answer, in an address in it, or in its headers."""
    written = page.text + str(page.headers)
    said = written + unquote(" ".join(re.findall(r'[^\s"]*%[^\s"]*', written)))
    return [canary for canary in CANARIES if canary in said]


def test_personal_data_when_a_viewer_follows_every_link_then_no_canary_is_seen(full: World) -> None:
    """One address of every shape that is linked to: with pictures, titles, files, filters and further pages."""
    visitor, waiting, shapes, parts = Visitor(full, "viewer-en"), ["/console/"], {"/console/"}, set()
    while waiting:
        url = waiting.pop()
        page = visitor.client.get(url)
        assert not _canaries(page), f"{url} shows {_canaries(page)}"
        parts |= {part for part in ("<svg", "<title>", 'rel="next"') if part in page.text} | {page.mimetype}
        for link in re.findall(r'href="(/console/[^"#]*)"', page.text):
            shape = re.sub(r"[a-z]{3}_\w{26}|=[^&]+", "*", unescape(link))
            if "/static/" not in link and shape not in shapes:
                waiting.append(unescape(link))
            shapes.add(shape)
    assert parts == {"<svg", "<title>", 'rel="next"', "text/html", "text/csv"}
    assert len(shapes) > 40


def test_personal_data_when_revealed_then_only_here_and_recorded(full: World) -> None:
    visitor = Visitor(full, "steward")
    path = f"/records/customers/{full.ids['customer']}"
    before = len(audit.recent(full.hub, act="field.revealed", limit=500))
    page = visitor.post(f"{path}/reveal", field="full_name", reason="service", note="asked at the till")
    assert page.status_code == 200
    assert CANARY_NAME in page.text
    assert CANARY_MAIL not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert CANARY_NAME not in visitor.get(path).text
    rows = audit.recent(full.hub, act="field.revealed", limit=500)
    assert len(rows) == before + 1
    assert (rows[0].object, rows[0].reason, rows[0].detail) == (
        full.ids["customer"],
        "service: asked at the till",
        {"field": "full_name"},
    )


def test_personal_data_when_no_reason_is_given_then_refused(full: World) -> None:
    path = f"/records/customers/{full.ids['customer']}/reveal"
    assert Visitor(full, "steward").post(path, field="full_name").status_code == 403
    assert Visitor(full, "viewer").post(path, field="full_name", reason="service").status_code == 403


def test_payload_when_shown_in_clear_then_recorded(full: World) -> None:
    path = f"/events/{full.ids['quarantined']}"
    assert CANARY_NAME not in Visitor(full, "admin").get(path).text
    assert Visitor(full, "operator").post(f"{path}/reveal", reason="x").status_code == 403
    assert Visitor(full, "admin").post(f"{path}/reveal").status_code == 403
    assert CANARY_PHONE in Visitor(full, "admin").post(f"{path}/reveal", reason="mapping fails").text
    assert audit.recent(full.hub, act="payload.seen", limit=1)[0].object == full.ids["quarantined"]


def test_overview_when_shown_then_the_books_balance_and_lead_to_their_rows(full: World) -> None:
    page = Visitor(full).get("/").text
    equation = page.partition('class="equation"')[2].partition("</section>")[0]
    terms = re.findall(r'href="([^"]+)"[^>]*title="([\d,]+)"', equation)
    counts = [int(count.replace(",", "")) for _url, count in terms]
    assert counts[0] == sum(counts[1:5])
    assert counts[0] > 60
    for (url, _title), count in zip(terms[:5], counts[:5], strict=True):
        assert rows_behind(full, unescape(url)) == count, url


def rows_behind(world: World, url: str) -> int:
    """How many rows a list has, over all its pages."""
    visitor, count = Visitor(world), 0
    while url:
        page = visitor.client.get(url).text
        count += len(re.findall(r"<tr><td", page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        url = unescape(older[1]) if older else ""
    return count


def test_list_when_paged_there_and_back_then_the_same_rows(full: World) -> None:
    visitor = Visitor(full)
    first = visitor.get("/records/orders").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = visitor.client.get(unescape(older[1])).text
    newer = re.search(r'rel="prev" href="([^"]+)"', second)
    assert newer
    back = visitor.client.get(unescape(newer[1])).text

    def ids(page: str) -> list[str]:
        return re.findall(r'<th scope="row"[^>]*><span><a href="[^"]*/(ord_\w+)"', page)

    assert ids(back) == ids(first)
    assert len(ids(first)) == 50
    assert len(ids(second)) == 18
    assert not set(ids(first)) & set(ids(second))
    assert 'rel="prev"' not in back


def test_record_when_systems_disagree_then_why_names_winner_rule_and_losers(full: World) -> None:
    page = text_of(Visitor(full, "admin").get(f"/records/customers/{full.ids['customer']}").text)
    gender = page.partition("性别")[2].partition("生日")[0]
    assert "crm" in gender
    assert "网店" in gender
    assert "latest" in gender or "priority" in gender


def test_record_when_its_id_was_merged_away_then_the_survivor(full: World) -> None:
    row = full.hub.db.one("select rid from record where kind = 'customer' and external_id = 'm9'")
    assert row
    answer = Visitor(full).get(f"/records/customers/{format_id('cus', row[0])}")
    target = f"/console/records/customers/{full.ids['customer']}"
    assert answer.status_code == 302 or format_id("cus", row[0]) == full.ids["customer"]
    assert answer.location is None or answer.location.startswith(target)


def test_order_when_shown_then_its_parts_add_up_and_its_ledger_is_complete(full: World) -> None:
    page = text_of(Visitor(full).get(f"/records/orders/{full.ids['order']}").text)
    for words in ("¥244.00", "−¥20.00", "¥8.00", "✓ 各项之和等于总额", "−¥12.30", "微信支付", "SF123", "部分退款"):
        assert words in page


def test_event_when_shown_then_what_it_said_and_did(full: World) -> None:
    page = text_of(Visitor(full).get(f"/events/{full.ids['event']}").text)
    for words in ("order.updated", "映射为 1 条记录", "改变的字段", "#1042", "引起的投递"):
        assert words in page
    caused = full.hub.db.one(
        "select t.cause_id from target t join connection c on c.id = t.connection_id"
        " where c.name = 'crm' and t.cause = 'event' and t.cause_id is not null limit 1"
    )
    assert caused
    assert "crm" in text_of(Visitor(full).get(f"/events/{format_id('evt', caused[0])}").text)


def test_search_when_a_phone_is_typed_then_it_never_stands_in_an_address(full: World) -> None:
    visitor = Visitor(full, "viewer")
    answer = visitor.post("/search", q=CANARY_PHONE)
    assert answer.status_code == 303
    assert "139" not in answer.location
    found = visitor.client.get(answer.location)
    assert found.location == f"/console/records/customers/{full.ids['customer']}"
    assert Visitor(full, "operator").client.get(answer.location).status_code == 404


def test_search_when_an_id_is_typed_then_straight_to_its_page(full: World) -> None:
    visitor = Visitor(full)
    for word, path in (("event", "/events/"), ("order", "/records/orders/"), ("delivery_dead", "/deliveries/")):
        assert visitor.post("/search", q=full.ids[word]).location == f"/console{path}{full.ids[word]}"


def test_search_when_a_number_fits_then_its_order(full: World) -> None:
    visitor = Visitor(full)
    answer = visitor.client.get(visitor.post("/search", q="#1042").location)
    assert answer.location == f"/console/records/orders/{full.ids['order']}"


def test_search_when_nothing_fits_then_it_says_so(full: World) -> None:
    visitor = Visitor(full)
    answer = visitor.client.get(visitor.post("/search", q="nobody at all").location)
    assert "没有找到" in answer.text


def test_language_when_switched_then_it_stays(full: World) -> None:
    visitor = Visitor(full, "auditor")
    assert visitor.post("/language", language="en", back="/console/events").location == "/console/events"
    assert '<html lang="en"' in visitor.get("/events").text
    visitor.post("/language", language="zh", back="https://evil.example/")
    assert '<html lang="zh-CN"' in visitor.get("/events").text


def test_theme_when_chosen_then_the_page_carries_it(full: World) -> None:
    visitor = Visitor(full, "auditor")
    fields = {"language": "zh", "time_zone": "Asia/Tokyo", "theme": "dark", "density": "compact", "keys": "on"}
    assert visitor.post("/profile", **fields).status_code == 303
    page = visitor.get("/profile").text
    assert 'data-theme="dark"' in page
    assert 'data-density="compact"' in page
    assert "UTC+9" in page
    assert "data-keys" in page


def test_message_when_an_act_is_done_then_it_is_said_once(full: World) -> None:
    visitor = Visitor(full, "operator")
    answer = visitor.post("/connections/crm/pause", reason="stocktaking")
    assert answer.status_code == 303
    assert "stocktaking" in visitor.client.get(answer.location).text
    assert "已暂停。回调仍会入库" not in visitor.client.get(answer.location).text
    visitor.post("/connections/crm/resume")
    assert full.hub.connections.by_name("crm").paused_at is None


def test_halt_when_pressed_then_the_connection_stops_and_goes_on(full: World) -> None:
    visitor = Visitor(full, "operator")
    visitor.post("/connections/crm/halt", direction="out", on="1")
    assert full.hub.connections.by_name("crm").halted_out
    visitor.post("/connections/crm/halt", direction="out", on="0")
    assert not full.hub.connections.by_name("crm").halted_out


def test_delivery_when_ruled_on_then_the_target_and_the_trail_say_so(full: World) -> None:
    visitor = Visitor(full, "operator")
    id_ = full.ids["delivery_retry"]
    visitor.post(f"/deliveries/{id_}/discard", reason="no member there")
    row = full.hub.db.one("select dirty_seq = done_seq from target where id = %s", (parse_id(id_)[1],))
    assert row == (True,)
    acted = audit.recent(full.hub, act="delivery.discarded", limit=1)[0]
    assert (acted.object, acted.reason) == (id_, "no member there")


def test_delivery_when_its_outcome_is_known_then_confirming_it_is_refused_in_words(full: World) -> None:
    visitor = Visitor(full, "operator")
    answer = visitor.post(f"/deliveries/{full.ids['delivery_sent']}/arrived", external_id="9")
    assert answer.status_code == 303
    assert "outcome is not unknown" in visitor.client.get(answer.location).text


def test_pages_when_the_hub_is_new_then_each_says_what_comes_next(empty: World) -> None:
    visitor = Visitor(empty)
    for path, words in (("/", "还没有接入系统"), ("/events", "还没有收到事件"), ("/quarantine", "隔离区为空")):
        assert words in visitor.get(path).text


def test_filter_when_nothing_fits_then_it_can_be_cleared(full: World) -> None:
    page = Visitor(full).get("/records/products?lifecycle=erased").text
    assert "没有符合筛选的内容" in page
    assert "清除筛选" in page
